/**
 * The limits of the observation of a server, with their reasons.
 * @module
 */

/**
 * A warning is due when fewer records than this are left under a key: a quarter of 2^24.5. A connection that sends 16
 * KiB in each of them then has 90 GB left, which takes minutes even at the speed of one core.
 */
export const recordsLeftWarning: number = 2 ** 22.5;
/**
 * How often the server looks at the keys of its connections, in milliseconds. A core seals fewer than 200,000 records a
 * second, so a quarter of the limit lasts for more than two looks.
 */
export const keyWatchInterval = 10_000;
