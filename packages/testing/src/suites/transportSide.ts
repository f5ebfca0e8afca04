/**
 * One side of a pair of transports under test, and the helpers with which checks wait and compare.
 * @module
 */

import type { SendResult, Transport, TransportEvents } from "@handclasp/core";
import { join } from "../join.ts";

/** Two joined transports that are not started yet. */
export interface TransportPair {
  a: Transport;
  b: Transport;
  /** Breaks the connection under the transports so that `a` gets `error`. */
  reset?: () => void;
  /**
   * Ends only the direction from `a` to `b`, if the transport can be half-open (TCP can, WebSocket cannot): `a` still
   * receives.
   */
  endHalf?: () => void;
  /** Closes the connection under the transports cleanly. Default: `b` ends, then `a` ends. */
  gone?: () => void;
  /**
   * False if data may still arrive after `pause`, because the peer stops only when it has used up its credit (a page's
   * WebSocket). Default true.
   */
  pausesAtOnce?: boolean;
  /** Sends `a` a text message, if the transport has message types (WebSocket). */
  text?: () => void;
  cleanup?: () => void | Promise<void>;
}

export type CheckedPair = Omit<TransportPair, "a" | "b"> & { a: Side; b: Side };

/** Defines one test. */
export type Check = (title: string, body: (pair: CheckedPair) => Promise<void>) => void;

/** A transport and a record of its events. `verify` fails if an event had a wrong value or came at a wrong time. */
export class Side {
  readonly transport: Transport;
  readonly copies: Uint8Array[] = [];
  length = 0;
  drains = 0;
  ends = 0;
  readonly errors: Error[] = [];
  /** Whether the transport can pause, as its last `pause` returned. */
  canPause = false;
  onData: ((bytes: Uint8Array) => void) | undefined;
  readonly #faults: string[] = [];
  /** The number of the transport's methods that are running: no event may come before they return. */
  #runningMethods = 0;
  #hasEnded = false;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  start(): void {
    const events: TransportEvents = {
      data: (bytes) => {
        this.#event("data", this.ends > 0);
        if (!(bytes instanceof Uint8Array) || bytes.constructor !== Uint8Array)
          this.#faults.push("data is not a plain Uint8Array");
        this.length += bytes.length;
        if (this.onData) this.onData(bytes);
        else this.copies.push(bytes);
      },
      // On a half-open connection, drain may come after the peer's end.
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
        this.#hasEnded = true;
        if ((error as { fault?: unknown }).fault !== "transport")
          this.#faults.push(`the error is not a TlsError with fault "transport": ${error}`);
      },
    };
    this.#callMethod(() => this.transport.start(events));
  }

  send(bytes: Uint8Array): SendResult {
    return this.#callMethod(() => this.transport.send(bytes));
  }

  established(): void {
    this.#callMethod(() => this.transport.established?.());
  }

  pause(): void {
    this.canPause = this.#callMethod(() => this.transport.pause());
  }

  resume(): void {
    this.#callMethod(() => this.transport.resume());
  }

  /** Returns `false` if the transport has no `closeWrite`. */
  closeWrite(): boolean {
    this.#callMethod(() => this.transport.closeWrite?.());
    return this.transport.closeWrite !== undefined;
  }

  end(): void {
    this.#callMethod(() => this.transport.end());
  }

  abort(reason: string): void {
    this.#callMethod(() => this.transport.abort(reason));
    this.#hasEnded = true;
  }

  async received(length: number): Promise<void> {
    await until(
      () => this.length >= length,
      () => `${this.length} of ${length} bytes arrived`,
    );
    assert(this.length === length, `${this.length} bytes arrived, expected ${length}`);
  }

  async drained(): Promise<void> {
    const before = this.drains;
    await until(() => this.drains > before, "no drain event");
  }

  equals(expected: Uint8Array): void {
    assertSame(join(this.copies), expected);
  }

  verify(): void {
    assert(this.#faults.length === 0, this.#faults.join("; "));
  }

  #callMethod<T>(method: () => T): T {
    this.#runningMethods++;
    try {
      return method();
    } finally {
      this.#runningMethods--;
    }
  }

  #event(name: string, isLate: boolean): void {
    if (this.#runningMethods > 0) this.#faults.push(`${name} from inside a method`);
    if (isLate || this.#hasEnded) this.#faults.push(`${name} after the last event`);
  }
}

export const sleep = (ms = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function until(condition: () => boolean, message: string | (() => string)): Promise<void> {
  const limit = Date.now() + 90_000; // only a hang takes so long, even on a busy machine
  while (!condition()) {
    if (Date.now() > limit) throw new Error(`gave up after 90 s: ${typeof message === "string" ? message : message()}`);
    await sleep(2);
  }
}

export function assert(condition: boolean, message: string): void {
  if (!condition) throw new Error(message);
}

export function assertSame(actual: Uint8Array, expected: Uint8Array): void {
  assert(actual.length === expected.length, `got ${actual.length} bytes, expected ${expected.length}`);
  const at = expected.findIndex((byte, index) => byte !== actual[index]);
  assert(at < 0, `byte ${at} is ${actual[at]}, expected ${expected[at]}`);
}

/** Bytes in which a shift is visible: neighbours and pages of 256 differ. */
export function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8) * 17) & 0xff);
}
