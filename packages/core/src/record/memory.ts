/**
 * Memory that records are built in. New memory for each message costs its page faults and its collection, together as
 * much as sealing what is in it, so a carrier may lend the same memory again.
 * @module
 */

/**
 * Lends memory and takes it back piece by piece. Memory may be lent again once every byte of it was given back, and not
 * before: a record that is still being sealed, or that a carrier still reads, has not given back its bytes.
 */
export interface Memory {
  /** So many bytes of any contents. */
  take(length: number): Uint8Array;
  /** Nobody reads or writes these bytes any more. Each byte is given back once; bytes from elsewhere are ignored. */
  give(bytes: Uint8Array): void;
}

/** Memory of the host's own collector, for carriers that lend none. */
export const hostMemory: Memory = {
  take: (length) => new Uint8Array(length),
  give() {},
};
