/**
 * Limits of the inspector. A peer decides how many events a connection has, and the inspector keeps all events that it
 * shows.
 * @module
 */

/** The most events that the inspector shows. A handshake with a few messages of application data has about 50. */
export const maxEvents = 2_000;

/** The most bytes of records that the inspector keeps: 500 full records. */
export const maxBytes: number = 8 * 2 ** 20;

/** The most characters of a recording in JSON: the records of `maxBytes` occur up to three times, in hexadecimal. */
export const maxRecordingLength: number = 64 * 2 ** 20;
