/**
 * The streams of an open link: messages with back-pressure in both directions.
 * @module
 */
import type { TlsError } from "@handclasp/core/client";
import { transportError } from "@handclasp/core/unstable";

import type { Link } from "./link.ts";
import { domError } from "./target.ts";
import { closeInfoOf, WebSocketError, webSocketError } from "./webSocketError.ts";

/** How a link ended. */
export interface StreamEnd {
  /** The result of `closed` of the stream, if the end is clean. */
  readonly info?: { readonly closeCode: number; readonly reason: string };
  /** The error of `closed` of the stream, if there is no `info`. */
  readonly error?: WebSocketError;
  /** The error of the readable, after the messages that arrived. Without it, no message of the peer is missing. */
  readonly readError?: WebSocketError;
  /** The error of the writable. */
  readonly writeError: DOMException;
}

export interface LinkStreams {
  readonly readable: ReadableStream<string | Uint8Array>;
  readonly writable: WritableStream<StreamChunk>;
  /** Never rejects. */
  readonly end: Promise<StreamEnd>;
}

export function linkStreams(link: Link): LinkStreams {
  const sink = new MessageSink(link);
  const end = endOf(link, sink);
  sink.end = end;
  return {
    readable: new ReadableStream(new MessageSource(link, end), { highWaterMark: 0 }),
    writable: new WritableStream(sink, { highWaterMark: 1 }),
    end,
  };
}

async function endOf(link: Link, sink: MessageSink): Promise<StreamEnd> {
  try {
    const { code, reason, droppedBytes } = await link.closed;
    const writeError = domError("InvalidStateError", "the stream is closed, so that nothing can be written");
    if (!droppedBytes && !sink.wasRefused) return { info: { closeCode: code, reason }, writeError };
    const cause = transportError("closed", "the peer closed before all our messages were sent");
    return { error: webSocketError(cause, code, reason), writeError };
  } catch (cause) {
    const error = webSocketError(cause as Error, 1006);
    return { error, readError: error, writeError: error };
  }
}

/** A chunk that the application may write: a text, or bytes. Any other value is converted to a text. */
export type StreamChunk = string | ArrayBuffer | ArrayBufferView;

/** Sends messages. A write resolves when the link has room for more. */
class MessageSink {
  readonly #link: Link;
  end!: Promise<StreamEnd>;
  /** True if a message came after the peer's Close. */
  wasRefused = false;

  constructor(link: Link) {
    this.#link = link;
  }

  start(controller: WritableStreamDefaultController): void {
    // `abort` of a sink would wait for the write that is pending.
    controller.signal.addEventListener("abort", () => closeUsing(this.#link, controller.signal.reason));
    void this.end.then(({ writeError }) => controller.error(writeError));
  }

  async write(chunk: StreamChunk): Promise<void> {
    const message = messageOf(chunk);
    try {
      await this.#link.send(message);
    } catch (error) {
      if ((error as Partial<TlsError>).code === "closed") this.wasRefused = true;
      throw (await this.end).writeError;
    }
  }

  async close(): Promise<void> {
    this.#link.close(undefined, "");
    const { error } = await this.end;
    if (error) throw error;
  }
}

/** Takes a message from the link only when the application reads. */
class MessageSource {
  readonly #link: Link;
  readonly #end: Promise<StreamEnd>;
  #pulling: Promise<void> | undefined;
  #hasEnded = false;

  constructor(link: Link, end: Promise<StreamEnd>) {
    this.#link = link;
    this.#end = end;
  }

  start(controller: ReadableStreamDefaultController<string | Uint8Array>): void {
    void this.#tellEnd(controller);
  }

  pull(controller: ReadableStreamDefaultController<string | Uint8Array>): Promise<void> {
    this.#pulling ??= this.#readOne(controller).finally(() => (this.#pulling = undefined));
    return this.#pulling;
  }

  cancel(reason: unknown): void {
    this.#hasEnded = true;
    closeUsing(this.#link, reason);
  }

  async #readOne(controller: ReadableStreamDefaultController<string | Uint8Array>): Promise<void> {
    const message = await this.#link.read().catch(() => undefined);
    const end = message === undefined ? await this.#end : undefined;
    if (this.#hasEnded) return;
    if (message !== undefined) return controller.enqueue(message);
    this.#hasEnded = true;
    if (end?.readError) controller.error(end.readError);
    else controller.close();
  }

  /**
   * Reads on after the end, so that `closed` of a reader settles without another read. An error of the stream would
   * drop the messages in it, so it waits until all were read.
   */
  async #tellEnd(controller: ReadableStreamDefaultController<string | Uint8Array>): Promise<void> {
    const { readError } = await this.#end;
    do await this.pull(controller);
    while (!this.#hasEnded && !readError);
  }
}

/** Closes with the code and the reason of a WebSocketError that has valid ones, otherwise without. */
function closeUsing(link: Link, cause: unknown): void {
  try {
    const { closeCode, reason } = closeInfoOf(
      cause instanceof WebSocketError ? { closeCode: cause.closeCode ?? undefined, reason: cause.reason } : {},
    );
    link.close(closeCode, reason);
  } catch {
    link.close(undefined, "");
  }
}

/** @throws TypeError */
function messageOf(chunk: unknown): string | Uint8Array {
  const isView = ArrayBuffer.isView(chunk);
  const buffer = isView ? chunk.buffer : chunk;
  const type = Object.prototype.toString.call(buffer);
  // WebIDL: a BufferSource is neither shared nor resizable.
  if (type === "[object SharedArrayBuffer]" || (buffer as { readonly resizable?: boolean } | null)?.resizable === true)
    throw new TypeError("the bytes to write are in a shared or resizable buffer");
  if (isView) return new Uint8Array(chunk.buffer as ArrayBuffer, chunk.byteOffset, chunk.byteLength);
  if (type === "[object ArrayBuffer]") return new Uint8Array(chunk as ArrayBuffer);
  // Unlike `String`, this throws a TypeError for a symbol.
  return `${chunk as string}`;
}
