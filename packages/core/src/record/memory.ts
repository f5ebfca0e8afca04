/**
 * Memory in which records are built. New memory for each message costs page faults and garbage collection, which take
 * as long as sealing its records, so a transport may lend the same memory again.
 * @module
 */

/**
 * Lends memory and takes it back piece by piece. It may lend memory again only after every byte of it was given back:
 * the bytes of a record that is still being sealed, or that a transport still reads, have not been given back.
 */
export interface Memory {
  /** Lends `length` bytes with any contents. */
  allocate(length: number): Uint8Array;
  /**
   * Takes back bytes that are no longer read or written. Each byte is given back once. It ignores bytes that it did not
   * lend.
   */
  release(bytes: Uint8Array): void;
}

/** New memory from the host, for transports that lend none. */
export const hostMemory: Memory = {
  allocate: (length) => new Uint8Array(length),
  release() {},
};
