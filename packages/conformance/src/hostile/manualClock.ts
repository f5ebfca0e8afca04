/**
 * A clock that the attack advances. It drives the victim's timers and socket timeouts, while I/O continues as usual. An
 * attack with a minute of silence takes less than a minute, and no result depends on the speed of the machine.
 * @module
 */
import { Socket } from "node:net";

export interface Clock {
  /** Advances the clock. Timers fire in the order of their times, with some turns of the event loop between them. */
  advance(ms: number): Promise<void>;
}

type Callback = (...args: unknown[]) => void;

const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
let now = 0;
const due = new Set<ManualTimer>();

class ManualTimer {
  at = 0;
  readonly #ms: number;
  readonly #callback: () => void;
  readonly #repeats: boolean;

  constructor(callback: () => void, ms: number, repeats: boolean) {
    this.#callback = callback;
    this.#ms = ms;
    this.#repeats = repeats;
    this.refresh();
  }

  fire(): void {
    due.delete(this);
    if (this.#repeats) this.refresh();
    this.#callback();
  }

  refresh(): this {
    this.at = now + this.#ms;
    due.add(this);
    return this;
  }

  close(): void {
    due.delete(this);
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }
}

/** Node.js runs a timer of 1 ms or less, because such a timer only waits for the next turn of the event loop. */
const isTime = (ms: number | undefined): ms is number => ms !== undefined && ms > 1;

export function installManualClock(): Clock {
  const { now: realNow } = Date;
  const make = (fallback: typeof setTimeout, repeats: boolean) =>
    Object.assign((callback: Callback, ms?: number, ...args: unknown[]) => {
      if (!isTime(ms)) return fallback(callback, ms, ...args);
      return new ManualTimer(() => callback(...args), ms, repeats);
    }, fallback);
  const clear = (fallback: typeof clearTimeout) => (timer: unknown) => {
    if (timer instanceof ManualTimer) timer.close();
    else fallback(timer as NodeJS.Timeout | undefined);
  };
  Object.assign(globalThis, {
    setTimeout: make(globalThis.setTimeout, false),
    setInterval: make(globalThis.setInterval as typeof setTimeout, true),
    clearTimeout: clear(globalThis.clearTimeout),
    clearInterval: clear(globalThis.clearInterval),
  });
  Date.now = () => realNow() + now;
  installSocketTimeouts();
  return { advance };
}

/** Sockets do not use the global timers for their timeouts. Node.js calls `_unrefTimer` when a socket is active. */
function installSocketTimeouts(): void {
  const timers = new WeakMap<Socket, ManualTimer>();
  const { prototype } = Socket;
  const moves = prototype as unknown as { _unrefTimer(): void };
  const { _unrefTimer: moved } = moves;
  const { destroy } = prototype;
  prototype.setTimeout = function (this: Socket, ms: number, callback?: () => void) {
    timers.get(this)?.close();
    timers.delete(this);
    if (callback) this.once("timeout", callback);
    if (ms > 0) timers.set(this, new ManualTimer(() => this.emit("timeout"), ms, false));
    return this;
  };
  moves._unrefTimer = function (this: Socket) {
    timers.get(this)?.refresh();
    moved.call(this);
  };
  prototype.destroy = function (this: Socket, error?: Error) {
    timers.get(this)?.close();
    return destroy.call(this, error);
  };
}

async function advance(ms: number): Promise<void> {
  const end = now + ms;
  await turns();
  for (let next = first(end); next; next = first(end)) {
    now = Math.max(now, next.at);
    next.fire();
    await turns();
  }
  now = end;
  await turns();
}

function first(until: number): ManualTimer | undefined {
  let found: ManualTimer | undefined;
  for (const timer of due) if (timer.at <= until && (!found || timer.at < found.at)) found = timer;
  return found;
}

/** Runs enough turns of the event loop for the victim to read and answer the bytes that have arrived. */
async function turns(): Promise<void> {
  for (let i = 0; i < 4; i++) await new Promise<void>((resolve) => void real.setTimeout(resolve, 1));
}
