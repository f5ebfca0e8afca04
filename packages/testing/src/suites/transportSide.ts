/**
 * One side of a transport under test, and what checks wait and compare with.
 * @module
 */

import type { SendResult, Transport, TransportEvents } from "@handclasp/core";
import { join } from "../join.ts";

/** Two joined transports, not started yet. */
export interface TransportPair {
  a: Transport;
  b: Transport;
  /** Breaks the carrier so that `a` has an error. */
  reset?: () => void;
  /** Ends what `a` sends and nothing else, where the carrier has two sides (TCP; not a WebSocket): `a` goes on receiving. */
  endHalf?: () => void;
  /** Closes the carrier in order. Default: both sides end. */
  gone?: () => void;
  /** Sends `a` a text message, where the carrier has such a thing. */
  text?: () => void;
  cleanup?: () => void | Promise<void>;
}

export type Checked = Omit<TransportPair, "a" | "b"> & { a: Side; b: Side };

/** Defines one check. */
export type Check = (what: string, body: (pair: Checked) => Promise<void>) => void;

/** A transport, and all that it says; notes what it may not say. */
export class Side {
  readonly transport: Transport;
  readonly copies: Uint8Array[] = [];
  length = 0;
  drains = 0;
  ends = 0;
  readonly errors: Error[] = [];
  /** Whether it can pause. */
  pauses = false;
  onData: ((bytes: Uint8Array) => void) | undefined;
  readonly #faults: string[] = [];
  #inside = 0;
  #over = false;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  start(): void {
    const events: TransportEvents = {
      data: (bytes) => {
        this.#event("data", this.ends > 0);
        if (!(bytes instanceof Uint8Array) || bytes.constructor !== Uint8Array)
          this.#faults.push("data is no plain Uint8Array");
        this.length += bytes.length;
        if (this.onData) this.onData(bytes);
        else this.copies.push(bytes);
      },
      // Where carriers are half-open, there may be room again after the peer's end.
      drain: () => {
        this.#event("drain", false);
        this.drains++;
      },
      end: () => {
        this.#event("end", this.ends > 0);
        this.ends++;
      },
      error: (error) => {
        this.#event("error", false);
        this.errors.push(error);
        this.#over = true;
        if ((error as { fault?: unknown }).fault !== "transport")
          this.#faults.push(`not a transport's TlsError: ${error}`);
      },
    };
    this.#call(() => this.transport.start(events));
  }

  send(bytes: Uint8Array): SendResult {
    return this.#call(() => this.transport.send(bytes));
  }

  established(): void {
    this.#call(() => this.transport.established?.());
  }

  pause(): void {
    this.pauses = this.#call(() => this.transport.pause());
  }

  resume(): void {
    this.#call(() => this.transport.resume());
  }

  /** False where the transport has no such half. */
  closeWrite(): boolean {
    this.#call(() => this.transport.closeWrite?.());
    return this.transport.closeWrite !== undefined;
  }

  end(): void {
    this.#call(() => this.transport.end());
  }

  abort(reason: string): void {
    this.#call(() => this.transport.abort(reason));
    this.#over = true;
  }

  async received(length: number): Promise<void> {
    await until(
      () => this.length >= length,
      () => `${this.length} of ${length} bytes`,
    );
    assert(this.length === length, `${this.length} bytes instead of ${length}`);
  }

  async drained(): Promise<void> {
    const before = this.drains;
    await until(() => this.drains > before, "no drain");
  }

  equals(wanted: Uint8Array): void {
    same(join(this.copies), wanted);
  }

  verify(): void {
    assert(this.#faults.length === 0, this.#faults.join("; "));
  }

  #call<T>(method: () => T): T {
    this.#inside++;
    try {
      return method();
    } finally {
      this.#inside--;
    }
  }

  #event(name: string, late: boolean): void {
    if (this.#inside > 0) this.#faults.push(`${name} from inside a method`);
    if (late || this.#over) this.#faults.push(`${name} after the last event`);
  }
}

export const later = (ms = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function until(condition: () => boolean, message: string | (() => string)): Promise<void> {
  const limit = Date.now() + 90_000; // a hang, however busy the machine is
  while (!condition()) {
    if (Date.now() > limit) throw new Error(`gave up after 90 s: ${typeof message === "string" ? message : message()}`);
    await later(2);
  }
}

export function assert(condition: boolean, message: string): void {
  if (!condition) throw new Error(message);
}

export function same(got: Uint8Array, wanted: Uint8Array): void {
  assert(got.length === wanted.length, `${got.length} bytes instead of ${wanted.length}`);
  const at = wanted.findIndex((byte, index) => byte !== got[index]);
  assert(at < 0, `byte ${at} is ${got[at]} instead of ${wanted[at]}`);
}

/** Bytes that tell when they are shifted. */
export function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8) * 17) & 0xff);
}
