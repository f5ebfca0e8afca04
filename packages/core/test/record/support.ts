/**
 * Helpers of the record tests: readers and writers, protections that a test controls, and memory that records how it is
 * lent.
 */
import { TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, type TraceEvent } from "@handclasp/core";
import { noble } from "../../src/crypto/noble.ts";
import { type Awaitable, isPromise, runFlow } from "../../src/flow.ts";
import { hostMemory, type Memory } from "../../src/record/memory.ts";
import { makeProtection, type Protection } from "../../src/record/protection.ts";
import { RecordReader, type RecordReaderOptions, type TlsRecord } from "../../src/record/reader.ts";
import { RecordWriter, type RecordWriterOptions } from "../../src/record/writer.ts";
import type { ContentType } from "../../src/wire/record.ts";

export const traceInto = (events: TraceEvent[]) => (event: TraceEvent) => void events.push(event);

export const reader = (options: Partial<RecordReaderOptions> = {}): RecordReader =>
  new RecordReader({ admission: { admit: () => true }, trace: undefined, traceSecrets: true, ...options });

export const writer = (options: Partial<RecordWriterOptions> = {}): RecordWriter =>
  new RecordWriter({
    maxFragment: 16_384,
    memory: hostMemory,
    scheduleTake() {},
    trace: undefined,
    traceSecrets: true,
    ...options,
  });

/** The next record of a reader whose protection is synchronous. */
export function next(records: RecordReader): TlsRecord | undefined {
  const record = records.next();
  if (record && isPromise(record)) throw new Error("expected a synchronous protection, got a promise");
  return record;
}

export const zeros = (length: number): Uint8Array => new Uint8Array(length);
export const pattern = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i * 7);

/** The body of a record, in an array of its own. */
export function sealed(protection: Protection, type: ContentType, fragment: Uint8Array): Uint8Array {
  const out = new Uint8Array(protection.sealedLength(fragment.length));
  if (isPromise(protection.seal(type, fragment, out)))
    throw new Error("expected a synchronous protection, got a promise");
  return out;
}

const keys = { key: new Uint8Array(16), macKey: new Uint8Array(0), iv: new Uint8Array(4) };
export const gcm = (): Protection =>
  runFlow(makeProtection(noble, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, keys, zeros)) as Protection;

/** Resolves after all microtasks have run. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A protection without encryption whose promises the test settles, in any order. `seal` writes `out` only then. */
export function manualProtection() {
  const waiting: { readonly work: () => void; readonly fail: (error: unknown) => void }[] = [];
  const later = <T>(work: () => T): Promise<T> =>
    new Promise((resolve, reject) => waiting.push({ work: () => resolve(work()), fail: reject }));
  let number = 0;
  const protection: Protection = {
    sealedLength: (length) => length,
    seal(_, fragment, out) {
      number++;
      return later(() => out.set(fragment));
    },
    open(_, body) {
      number++;
      return later(() => body);
    },
    get sequenceNumber() {
      return number;
    },
  };
  const settle = async (index: number): Promise<void> => {
    waiting[index]?.work();
    await turn();
  };
  const fail = async (index: number, error: unknown): Promise<void> => {
    waiting[index]?.fail(error);
    await turn();
  };
  return { protection, settle, fail, waiting };
}

/** A protection without encryption that seals synchronously and opens with the given function. */
export const protectionWith = (open: (type: ContentType, body: Uint8Array) => Awaitable<Uint8Array>): Protection => ({
  sealedLength: (length) => length,
  seal: (_, fragment, out) => out.set(fragment),
  open,
  sequenceNumber: 0,
});

const [lent, returned] = [1, 2];

/**
 * Memory that records the state of every byte. It collects violations of the contract in `faults`, because an engine
 * would catch an error.
 */
export function trackedMemory(inner: Memory = hostMemory) {
  const states = new Map<ArrayBufferLike, Uint8Array>();
  const faults: string[] = [];
  let takes = 0;
  const stateOf = ({ buffer, byteOffset, length }: Uint8Array): Uint8Array | undefined =>
    states.get(buffer)?.subarray(byteOffset, byteOffset + length);
  const isLent = (bytes: Uint8Array): boolean => stateOf(bytes)?.every((state) => state === lent) ?? false;
  const memory: Memory = {
    allocate(length) {
      takes++;
      const bytes = inner.allocate(length);
      const known = states.get(bytes.buffer);
      if (known?.includes(lent)) faults.push(`${length} bytes of a buffer that is already lent`);
      if (!known) states.set(bytes.buffer, new Uint8Array(bytes.buffer.byteLength));
      stateOf(bytes)?.fill(lent);
      return bytes;
    },
    release(bytes) {
      if (stateOf(bytes) && !isLent(bytes)) faults.push(`${bytes.length} bytes given back that are not lent`);
      stateOf(bytes)?.fill(returned);
      inner.release(bytes);
    },
  };
  return {
    memory,
    faults,
    isLent,
    owns: (bytes: Uint8Array): boolean => states.has(bytes.buffer),
    /** The number of bytes that are lent. */
    get lent(): number {
      let count = 0;
      for (const buffer of states.values()) for (const state of buffer) if (state === lent) count++;
      return count;
    },
    /** The number of calls of `allocate`. */
    get takes(): number {
      return takes;
    },
  };
}
