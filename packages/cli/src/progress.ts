/**
 * A line on a terminal that says how many bytes a connection has carried, and how fast.
 * @module
 */
import type { Traffic } from "./events.ts";

/** The milliseconds between two lines. */
const interval = 250;
/** The rate is that of the last samples: two seconds. */
const samples = 8;

interface Sample {
  readonly time: number;
  readonly bytes: number;
}

export class Progress {
  readonly #write: (text: string) => void;
  readonly #traffic: Traffic;
  readonly #now: () => number;
  #history: Sample[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isShown = false;

  constructor(write: (text: string) => void, traffic: Traffic, now: () => number = () => performance.now()) {
    this.#write = write;
    this.#traffic = traffic;
    this.#now = now;
  }

  start(): void {
    this.update();
    this.#timer = setInterval(() => this.update(), interval);
    this.#timer.unref();
  }

  /** Replaces the line. */
  update(): void {
    const { bytesIn, bytesOut } = this.#traffic;
    const bytes = bytesIn + bytesOut;
    this.#history.push({ time: this.#now(), bytes });
    this.#history = this.#history.slice(-samples - 1);
    const first = this.#history[0] as Sample;
    const seconds = (this.#now() - first.time) / 1000;
    const rate = seconds > 0 ? `, ${size((bytes - first.bytes) / seconds)}/s` : "";
    this.#write(`${this.#isShown ? clearLine : ""}${size(bytesIn)} in, ${size(bytesOut)} out${rate}`);
    this.#isShown = true;
  }

  /** Removes the line, so that another text can be printed. */
  stop(): void {
    clearInterval(this.#timer);
    if (this.#isShown) this.#write(clearLine);
    this.#isShown = false;
  }
}

/** Carriage return, and ECMA-48's "erase in line". */
const clearLine = "\r\x1b[K";

function size(bytes: number): string {
  if (bytes < 1024) return `${Math.round(bytes)} B`;
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), 4);
  return `${(bytes / 1024 ** power).toFixed(1)} ${["KiB", "MiB", "GiB", "TiB"][power - 1]}`;
}
