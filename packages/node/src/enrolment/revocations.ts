/** The memory of revoked certificates. */
import type { Awaitable } from "@handclasp/core";
import { wrongOption } from "@handclasp/core/unstable";

/** Keeps the serial numbers of revoked certificates: lower-case hexadecimal digits without leading zeros. */
export interface RevocationStore {
  /** `expires` is in milliseconds since 1970. The store may forget the number after that time. */
  add(serialNumber: string, expires: number): Awaitable<void>;
  has(serialNumber: string): Awaitable<boolean>;
}

/** The form of a serial number in a store. Accepts the forms of Node.js and openssl too: capitals and colons. */
export function serialOf(serialNumber: string): string {
  const isSerial = typeof serialNumber === "string" && /^[0-9a-f]+(:[0-9a-f]+)*$/i.test(serialNumber);
  if (!isSerial)
    throw wrongOption("serialNumber", serialNumber, "the serial number of a certificate, in hexadecimal digits");
  return serialNumber
    .replaceAll(":", "")
    .toLowerCase()
    .replace(/^0+(?=.)/, "");
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
