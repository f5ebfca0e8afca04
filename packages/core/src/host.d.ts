// The globals that core may use, because every JavaScript host has them. Core is compiled without the other types of
// the DOM and of Node.js.
interface ReadableStreamDefaultController<R> {
  readonly desiredSize: number | null;
  enqueue(chunk: R): void;
  close(): void;
  error(reason?: unknown): void;
}
interface ReadableStream<R> {
  readonly locked: boolean;
  cancel(reason?: unknown): Promise<void>;
  getReader(): ReadableStreamDefaultReader<R>;
  pipeTo(destination: WritableStream<R>, options?: { signal?: AbortSignal }): Promise<void>;
}
interface ReadableStreamDefaultReader<R> {
  read(): Promise<{ done: false; value: R } | { done: true; value?: R }>;
  cancel(reason?: unknown): Promise<void>;
  releaseLock(): void;
}
declare const ReadableStream: {
  new <R>(
    source: {
      pull?(controller: ReadableStreamDefaultController<R>): void | PromiseLike<void>;
      cancel?(reason?: unknown): void | PromiseLike<void>;
    },
    strategy?: { highWaterMark?: number },
  ): ReadableStream<R>;
};
interface WritableStream<W> {
  readonly locked: boolean;
  getWriter(): {
    write(chunk: W): Promise<void>;
    close(): Promise<void>;
    abort(reason?: unknown): Promise<void>;
    releaseLock(): void;
  };
}
declare const WritableStream: {
  new <W>(
    sink: {
      write?(chunk: W): void | PromiseLike<void>;
      close?(): void | PromiseLike<void>;
      abort?(reason?: unknown): void | PromiseLike<void>;
    },
    strategy?: { highWaterMark?: number },
  ): WritableStream<W>;
};
interface AbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}
declare const AbortController: { new (): { readonly signal: AbortSignal; abort(reason?: unknown): void } };
declare const console: { error(...what: readonly unknown[]): void };
declare function setTimeout(callback: () => void, ms: number): unknown;
declare function clearTimeout(timer: unknown): void;
declare const TextEncoder: {
  new (): {
    encode(text: string): Uint8Array<ArrayBuffer>;
    encodeInto(text: string, to: Uint8Array): { read: number; written: number };
  };
};
declare const TextDecoder: {
  new (label: "utf-8", options: { fatal: boolean; ignoreBOM: boolean }): { decode(bytes: Uint8Array): string };
};
declare const crypto: { getRandomValues(array: Uint8Array): Uint8Array };
declare function atob(base64: string): string;
declare function btoa(latin1: string): string;
