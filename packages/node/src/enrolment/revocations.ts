/** The memory of revoked certificates. */
import type { Awaitable } from "@handclasp/core";

/** Keeps the serial numbers of revoked certificates, in lower-case hexadecimal digits. */
export interface RevocationStore {
  /** `expires` is in milliseconds since 1970. The store may forget the number after that time. */
  add(serialNumber: string, expires: number): Awaitable<void>;
  has(serialNumber: string): Awaitable<boolean>;
}

/** Remembers revoked certificates until they expire, in the memory of this process. */
export class RevocationsInMemory implements RevocationStore {
  readonly #expiries = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  add(serialNumber: string, expires: number): void {
    const now = this.#now();
    for (const [one, end] of this.#expiries) if (end < now) this.#expiries.delete(one);
    this.#expiries.set(serialNumber, expires);
  }

  has(serialNumber: string): boolean {
    return this.#expiries.has(serialNumber);
  }
}
