/**
 * The defaults of what a server admits, and for how long, with their reasons. docs/admission.md says how to change
 * them.
 * @module
 */

/**
 * How long a connection may be idle, in milliseconds: two hours and four minutes. A NAT need not remember a connection
 * that has been idle for longer (RFC 5382 §5, REQ-5), so after that time the peers may not reach each other any more.
 */
export const idleTimeout = 7_440_000;
/**
 * How long a peer may take none of the data that is sent to it, in milliseconds. Up to 4 MiB wait for such a peer. An
 * application that pauses, or a tab that the browser has frozen, mostly goes on within five minutes.
 */
export const writeTimeout = 300_000;
/**
 * How long a connection may live, in milliseconds: a week. The peers were verified when it began, and OCSP responses,
 * which say that a certificate is not revoked, are valid for a week (`maxStatusAge` of core).
 */
export const maxLifetime = 604_800_000;
/** How long the handler of a connection that has lived for that long may take to finish, in milliseconds. */
export const lifetimeGrace = 5_000;
/**
 * A server looks at its connections four times in its shortest time limit, so a limit is kept to a quarter of that.
 * One timer for all connections takes no memory in each of them.
 */
export const looksPerTimeout = 4;

/**
 * The limits of a server. An idle connection takes about 45 KiB of memory, so 10,000 take less than half a GiB. A
 * handshake takes two round trips, half a second from far away, so 500 handshakes a second have about 250 open at once;
 * the limit leaves room for four times as many. A full handshake takes 0.6 to 1 ms of the process's one thread, so 500
 * leave half of it to the open connections.
 */
export const server = { maxConnections: 10_000, maxHandshakes: 1_000, handshakeRate: 500 };
/**
 * The limits of one client. Ten clients must work together to fill a server. Many users may have one address (NAT), so
 * the limits are far above what one user needs: the connections and handshakes are a tenth of the server's, and the
 * rate a fifth, so that all clients behind an address have come back 10 s after a restart.
 */
export const perAddress = { maxConnections: 1_000, maxHandshakes: 100, handshakeRate: 100 };
/**
 * The most pending calls of functions of the application. A signature of a key management service takes 50 to 100 ms,
 * so 64 calls allow more signatures a second than `handshakeRate` needs. A service that is stuck gets no more than 64.
 */
export const maxCalls = 64;
/**
 * How long a call counts as pending, in milliseconds: six times as long as its handshake may take. A signer that loses
 * calls would otherwise close the server for ever. One that is stuck gets at most 64 more calls a minute.
 */
export const callPatience = 60_000;
/**
 * The most handshakes that begin in one turn of the event loop. They take two to three milliseconds, for which the open
 * connections wait.
 */
export const handshakesInTurn = 4;
/**
 * How often a server looks whether its rate allows another handshake, in milliseconds: the time of five at the limit.
 */
export const rateInterval = 10;
/** The number of clients from which on those without connections are forgotten: they take a few hundred KiB. */
export const clientsBeforeSweep = 1_024;
/**
 * How long a client may take from the moment when it connects until it has asked for a WebSocket, in milliseconds, at a
 * server that Handclasp has made: as long as a handshake.
 */
export const requestTimeout = 10_000;
/**
 * How long a socket that was refused may stay open, in milliseconds, so that its client can read why: two round trips
 * over a satellite. Most clients close it after one round trip.
 */
export const refusalTimeout = 2_000;
/**
 * The most refused sockets that are open at the same time. With a round trip of 100 ms, 256 are enough for 2,560
 * refusals a second. Further ones are destroyed without an answer, which costs a server the least. The second number is
 * for each client: sixteen must work together to keep others from an answer.
 */
export const maxRefused = 256;
export const maxRefusedOfClient = 16;
/** The shortest time between two reports of refused connections, in milliseconds. A peer can cause any number. */
export const refusalReportInterval = 60_000;
