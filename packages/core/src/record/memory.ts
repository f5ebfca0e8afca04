/**
 * The memory in which records are built. New memory for each message costs page faults and garbage collection, which
 * take as long as sealing the message's records. A transport may therefore lend the same memory again.
 * @module
 */

/**
 * Lends memory and takes it back piece by piece. It may lend memory again only after every byte of that memory was
 * released. While a record is being sealed, or a transport reads the record, its bytes are not released.
 */
export interface Memory {
  /** Lends `length` bytes, with arbitrary contents. */
  allocate(length: number): Uint8Array;
  /**
   * Takes back bytes that are no longer read or written. The caller releases each byte at most once. Bytes that this
   * object did not lend are ignored.
   */
  release(bytes: Uint8Array): void;
}

/** Allocates new memory at each call, for transports that lend none. */
export const hostMemory: Memory = {
  allocate: (length) => new Uint8Array(length),
  release() {},
};
