/**
 * The limits of this package, with their reasons.
 * @module
 */

/** The minimum length of a secret in bytes: that of the keys that are derived from it. */
export const minimumSecret = 32;
/**
 * How long a call of Redis may take by default, in milliseconds. A Redis in the same data centre answers in one, and a
 * full handshake takes a few. The maximum is core's limit for session stores and sources of ticket keys.
 */
export const defaultTimeout = 100;
export const maxTimeout = 250;
/**
 * How long a call for the ticket keys may take, in milliseconds. No handshake waits for one, and the first one often
 * waits for the connection, while a process that starts is busy.
 */
export const keysTimeout = 1_000;
/** As many calls in a row without an answer stop the calls for sessions. One could be a lost packet. */
export const timeoutsBeforePause = 3;
/** For how long calls for sessions stop, in milliseconds. Then one call tries whether Redis answers again. */
export const pause = 1_000;
/** The window of a ticket key in seconds: an hour, so that a stolen key opens the tickets of few sessions. */
export const defaultRotation = 3_600;
/**
 * How often a process reads the keys: ten times in a window, but at least every 30 s. The next key is in Redis for a
 * whole window before it is used, so even a process that misses many reads has it in time.
 */
export const readsPerWindow = 10;
export const maxReadInterval = 30_000;
/** The first attempt after a failed one, in milliseconds, or while a process has no key. */
export const retryInterval = 1_000;
export const urgentInterval = 100;
/**
 * How long a process holds the lock, in milliseconds. It needs three calls, and after the lease another process takes
 * over. The fencing token makes a late write harmless, so the lease is no matter of safety.
 */
export const lease = 2_000;
/**
 * If as long no process could lead although the next key is missing, in milliseconds, something is wrong with the lock.
 * Several leaders may have died within their leases.
 */
export const maxLeaderWait = 10_000;
/**
 * How far a clock may be from that of Redis, in milliseconds: the same as for OCSP. So two clocks differ by twice as
 * much at most.
 */
export const clockSkew = 300_000;
/** At most one line of the log for the errors of each operation and reason in this time, in milliseconds. */
export const logInterval = 10_000;
/** The most keys of a ring. Honest rings have as many as windows in a session's lifetime, and two more. */
export const maxKeys = 512;
