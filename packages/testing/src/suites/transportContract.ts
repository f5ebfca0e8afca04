/**
 * What every transport has to do, as a suite that runs against any of them.
 * @module
 */

import type { Transport, TransportEvents } from "@handclasp/core";
import { join } from "../join.ts";

/** `describe` and `test` of vitest, or of anything that has them. */
export interface TestRunner {
  describe(name: string, body: () => void): void;
  test(name: string, body: () => Promise<void>): void;
}

/** Two joined transports, not started yet. */
export interface TransportPair {
  a: Transport;
  b: Transport;
  /** Breaks the carrier so that `a` has an error. */
  reset?: () => void;
  /** Sends `a` a text message, where the carrier has such a thing. */
  text?: () => void;
  cleanup?: () => void | Promise<void>;
}

export interface TransportAbilities {
  /** One side may end while the other goes on sending (TCP; not a WebSocket). Default false. */
  halfOpen?: boolean;
}

/**
 * The contract suite of a transport.
 * @example
 * transportContract({ describe, test }, "memory", async () => memoryPair(), { halfOpen: true });
 */
export function transportContract(
  runner: TestRunner,
  name: string,
  makePair: () => Promise<TransportPair>,
  abilities: TransportAbilities = {},
): void {
  const check = (what: string, body: (pair: Checked) => Promise<void>): void =>
    runner.test(what, async () => {
      const pair = await makePair();
      const checked = { ...pair, a: new Side(pair.a), b: new Side(pair.b) };
      try {
        await body(checked);
      } finally {
        checked.a.transport.abort("test over");
        checked.b.transport.abort("test over");
        await pair.cleanup?.();
      }
      checked.a.verify();
      checked.b.verify();
    });

  runner.describe(`transport contract: ${name}`, () => {
    check("carries bytes both ways, sent right after start", async ({ a, b }) => {
      a.start();
      a.send(pattern(10));
      b.start();
      b.send(pattern(20));
      await b.received(10);
      await a.received(20);
      a.equals(pattern(20));
      b.equals(pattern(10));
    });

    check("keeps what arrives before start", async ({ a, b }) => {
      a.start();
      a.send(pattern(1000));
      await later(50);
      b.start();
      await b.received(1000);
      b.equals(pattern(1000));
    });

    check("delivers in order and intact, whatever the sizes", async ({ a, b }) => {
      a.start();
      b.start();
      const sizes = [1, 2, 125, 126, 127, 16_389, 65_535, 65_536, 65_537, 3, 262_144, 500_000, 1, 1_500_000];
      const total = sizes.reduce((sum, size) => sum + size, 0);
      const all = pattern(total);
      let at = 0;
      for (const size of sizes) {
        if (!a.send(all.slice(at, at + size))) await a.drained();
        at += size;
      }
      await b.received(total);
      b.equals(all);
    });

    check("delivers arrays that the receiver may change", async ({ a, b }) => {
      a.start();
      b.start();
      b.onData = (bytes) => {
        b.copies.push(bytes.slice());
        bytes.fill(0xff);
      };
      for (let at = 0; at < 5000; at += 100) a.send(pattern(5000).slice(at, at + 100));
      await b.received(5000);
      same(join(b.copies), pattern(5000));
    });

    check("says false when it is full, then drain", async ({ a, b }) => {
      a.start();
      b.start();
      b.pause();
      const piece = 65_536;
      let sent = 0;
      let full = 0;
      // The carrier has buffers of its own (a kernel's): where the receiver can pause, go on until even those are full.
      do {
        for (let more = true; more; sent += piece) {
          assert(sent < 2 ** 26, "took 64 MiB and was not full");
          more = a.send(pattern(piece));
        }
        full++;
        await later(30);
      } while (b.pauses && a.drains === full);
      b.resume();
      await b.received(sent);
      await until(() => a.drains === full, "no drain");
      await later(20);
      assert(a.drains === full, `${a.drains} times drain for ${full} times false`);
    });

    check("pauses and resumes, where it can", async ({ a, b }) => {
      a.start();
      b.start();
      a.send(pattern(100));
      await b.received(100);
      b.pause();
      a.send(pattern(100));
      a.send(pattern(100));
      a.end();
      await later(50);
      if (b.pauses) assert(b.length === 100 && b.ends === 0, "something came while it was paused");
      b.resume();
      await b.received(300);
      await until(() => b.ends === 1, "no end");
    });

    check("may be paused from inside data", async ({ a, b }) => {
      a.start();
      b.start();
      let calls = 0;
      b.onData = () => {
        calls++;
        b.pause();
      };
      for (let sent = 0; sent < 10; sent++) {
        a.send(pattern(100));
        await later();
      }
      await until(() => calls > 0, "no data");
      await later(20);
      if (b.pauses) assert(calls === 1, `${calls} calls of data although paused in the first`);
      b.onData = undefined;
      b.resume();
      await b.received(1000);
    });

    check("ends after what was sent", async ({ a, b }) => {
      a.start();
      b.start();
      a.send(pattern(300_000));
      a.end();
      await until(() => b.ends === 1, "no end");
      assert(b.length === 300_000, `end after ${b.length} of 300000 bytes`);
      b.end();
      await until(() => a.ends === 1, "no end of the other side");
    });

    check("ends right after start, and sends before it", async ({ a, b }) => {
      a.start();
      a.send(pattern(7));
      a.end();
      b.start();
      await until(() => b.ends === 1, "no end");
      b.equals(pattern(7));
    });

    check("both may end at once, and twice", async ({ a, b }) => {
      a.start();
      b.start();
      a.send(pattern(5));
      b.send(pattern(5));
      await a.received(5);
      await b.received(5);
      a.end();
      b.end();
      a.end();
      b.end();
      await until(() => a.ends === 1 && b.ends === 1, "no end");
    });

    if (abilities.halfOpen) {
      check("goes on sending after the peer has ended", async ({ a, b }) => {
        a.start();
        b.start();
        a.end();
        await until(() => b.ends === 1, "no end");
        b.send(pattern(100_000));
        b.end();
        await until(() => a.ends === 1, "no end of the other side");
        a.equals(pattern(100_000));
      });
    }

    check("abort delivers what was sent, and is followed by no event", async ({ a, b }) => {
      a.start();
      b.start();
      b.send(pattern(50_000));
      a.send(pattern(1000));
      a.abort("bad_record_mac \u2026 with a reason that is longer than what fits a close frame".padEnd(300, "!"));
      await until(() => b.ends + b.errors.length === 1, "the peer does not notice");
      b.equals(pattern(1000));
      await later(30);
      assert(a.length + a.ends + a.drains + a.errors.length === 0, "an event after abort");
    });

    check("abort right after start still delivers", async ({ a, b }) => {
      a.start();
      a.send(pattern(7));
      a.abort("no");
      b.start();
      await until(() => b.ends + b.errors.length === 1, "the peer does not notice");
      b.equals(pattern(7));
    });

    check("abort from inside data is followed by no event", async ({ a, b }) => {
      a.start();
      b.start();
      let calls = 0;
      b.onData = () => {
        calls++;
        b.abort("enough");
      };
      for (let sent = 0; sent < 10; sent++) a.send(pattern(10));
      a.end();
      await until(() => calls > 0, "no data");
      await later(50);
      assert(calls === 1, `${calls} calls of data although aborted in the first`);
      assert(b.ends + b.errors.length === 0, "an event after abort");
    });

    check("methods after the end do no harm", async ({ a, b }) => {
      a.start();
      b.start();
      a.end();
      b.end();
      await until(() => a.ends === 1 && b.ends === 1, "no end");
      for (const side of [a, b]) {
        side.send(pattern(10));
        side.pause();
        side.resume();
        side.end();
        side.abort("over");
        side.abort("over");
      }
      await later(20);
    });

    check("has an error when the carrier breaks", async ({ a, b, reset }) => {
      a.start();
      b.start();
      if (!reset) return;
      b.send(pattern(5));
      await a.received(5);
      reset();
      await until(() => a.errors.length === 1, "no error");
      await later(20);
    });

    check("has an error when a text message comes", async ({ a, b, text }) => {
      a.start();
      b.start();
      if (!text) return;
      text();
      await until(() => a.errors.length === 1, "no error");
      b.send(pattern(5));
      await later(20);
      assert(a.length === 0, "data after the error");
    });
  });
}

type Checked = Omit<TransportPair, "a" | "b"> & { a: Side; b: Side };

/** A transport, and all that it says; notes what it may not say. */
class Side {
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
        this.#event("error", this.ends > 0);
        this.errors.push(error);
        this.#over = true;
        if ((error as { fault?: unknown }).fault !== "transport")
          this.#faults.push(`not a transport's TlsError: ${error}`);
      },
    };
    this.#call(() => this.transport.start(events));
  }

  send(bytes: Uint8Array): boolean {
    return this.#call(() => this.transport.send(bytes));
  }

  pause(): void {
    this.pauses = this.#call(() => this.transport.pause());
  }

  resume(): void {
    this.#call(() => this.transport.resume());
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

const later = (ms = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(condition: () => boolean, message: string | (() => string)): Promise<void> {
  const limit = Date.now() + 90_000; // a hang, however busy the machine is
  while (!condition()) {
    if (Date.now() > limit) throw new Error(`gave up after 90 s: ${typeof message === "string" ? message : message()}`);
    await later(2);
  }
}

function assert(condition: boolean, message: string): void {
  if (!condition) throw new Error(message);
}

function same(got: Uint8Array, wanted: Uint8Array): void {
  assert(got.length === wanted.length, `${got.length} bytes instead of ${wanted.length}`);
  const at = wanted.findIndex((byte, index) => byte !== got[index]);
  assert(at < 0, `byte ${at} is ${got[at]} instead of ${wanted[at]}`);
}

/** Bytes that tell when they are shifted. */
function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8) * 17) & 0xff);
}
