/**
 * One direction of a proxy: cuts the bytes into records of TLS, and applies a fault at its place.
 * @module
 */
import type { Fault } from "./fault.ts";
import type { Leg, LegEvents } from "./leg.ts";

const headerLength = 5;

export class FaultyDirection implements LegEvents {
  readonly #from: Leg;
  readonly #to: Leg;
  #fault: Fault | undefined;
  /** The value of `bytes` from which `after` of the fault counts. */
  #origin = 0;
  #partial: Buffer = Buffer.alloc(0);
  /** The record that `reorder` holds back. */
  #heldBack: Buffer | undefined;
  #dropped = 0;
  #hasEnded = false;
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Resolves when the last delayed byte has arrived. */
  #late: Promise<unknown> = Promise.resolve();
  /** The number of bytes of TLS that the sender has sent. */
  bytes = 0;

  constructor(from: Leg, to: Leg, fault: Fault | undefined) {
    this.#from = from;
    this.#to = to;
    this.#fault = fault;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Replaces the fault. `after` counts from the next record. */
  inject(fault: Fault): void {
    this.#fault = fault;
    this.#origin = this.bytes;
    this.#dropped = 0;
  }

  /** Sends nothing more, and waits for nothing more. */
  stop(): void {
    this.#hasEnded = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  data(bytes: Buffer): void {
    if (bytes.length === 0) return this.#send(bytes);
    this.#partial = Buffer.concat([this.#partial, bytes]);
    while (this.#partial.length >= headerLength) {
      const end = headerLength + this.#partial.readUInt16BE(3);
      if (this.#partial.length < end) return;
      const record = this.#partial.subarray(0, end);
      this.#partial = this.#partial.subarray(end);
      this.#takeRecord(record);
    }
  }

  text(message: string): void {
    if (!this.#hasEnded) this.#to.sendText(message);
  }

  end(code: number): void {
    if (this.#hasEnded) return;
    if (this.#partial.length) this.#takeRecord(this.#partial);
    if (this.#heldBack) this.#send(this.#heldBack);
    void this.#late.then(() => this.#endTo(code));
  }

  #endTo(code: number): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#to.end(code);
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        resolve();
      }, ms);
      this.#timers.add(timer);
    });
  }

  #send(bytes: Uint8Array): void {
    if (!this.#hasEnded) this.#to.send(bytes);
  }

  #takeRecord(record: Buffer): void {
    const start = this.bytes;
    this.bytes += record.length;
    const fault = this.#fault;
    const after = this.#origin + (fault?.after ?? 0);
    if (!fault || this.bytes <= after) return this.#send(record);
    const at = Math.max(0, after - start);
    const isPlace = after >= start;
    switch (fault.kind) {
      case "delay":
        // The delays of records that arrive together run at the same time: each record is as late as the others.
        this.#late = Promise.all([this.#late, this.#wait(fault.ms)]).then(() => this.#send(record));
        return;
      case "slow":
        if (at) this.#send(record.subarray(0, at));
        this.#late = this.#late.then(async () => {
          for (const byte of record.subarray(at)) {
            await this.#wait(fault.ms);
            this.#send(Uint8Array.of(byte));
          }
        });
        return;
      case "stall":
        if (at) this.#send(record.subarray(0, at));
        // Nothing more arrives, not even the end.
        this.#hasEnded = true;
        return;
      case "drop": {
        const length = Math.min(record.length - at, fault.length - this.#dropped);
        this.#dropped += length;
        return this.#send(Buffer.concat([record.subarray(0, at), record.subarray(at + length)]));
      }
      case "split":
        if (at) this.#send(record.subarray(0, at));
        for (const byte of record.subarray(at)) this.#send(Uint8Array.of(byte));
        return;
      default:
        if (isPlace) return this.#break(record, at, fault);
        this.#send(record);
        if (this.#heldBack) this.#send(this.#heldBack);
        this.#heldBack = undefined;
    }
  }

  /** Applies a fault that happens once, in this record. */
  #break(record: Buffer, at: number, fault: Fault): void {
    switch (fault.kind) {
      case "flip": {
        const flipped = Buffer.from(record);
        flipped[at] = (flipped[at] as number) ^ 1;
        return this.#send(flipped);
      }
      case "duplicate":
        this.#send(record);
        return this.#send(record);
      case "reorder":
        this.#heldBack = record;
        return;
      case "text":
        this.#to.sendText("text");
        return this.#send(record);
      case "giant":
        this.#send(Buffer.alloc(fault.length, 23));
        return this.#send(record);
      case "reset":
        this.#hasEnded = true;
        this.#from.reset();
        return this.#to.reset();
      default: {
        if (at) this.#send(record.subarray(0, at));
        const code = fault.kind === "close" ? fault.code : 1000;
        this.#endTo(code);
        if (fault.kind !== "halfOpen") this.#from.end(code);
      }
    }
  }
}
