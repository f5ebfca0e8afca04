/**
 * The body of a request, as the pieces that are written.
 * @module
 */
import { bytesOf, joined } from "./bytes.ts";
import { multipart } from "./formData.ts";
import { writtenPiece } from "./limits.ts";

/** The body of one request. */
export interface RequestBody {
  /** Returns the next bytes to write, framed if the length is unknown, or `undefined` after the last. */
  next(): Promise<Uint8Array | undefined>;
  /** The rest is not needed. */
  cancel(reason: unknown): void;
}

/** The content of a body, from which a request makes its body, and another if it is repeated. */
export interface BodySource {
  /** The number of bytes. `undefined` for a stream. */
  readonly length: number | undefined;
  /** True if the content can be sent more than once. */
  readonly isReplayable: boolean;
  open(): RequestBody;
  /** The request failed. A stream that was not opened is cancelled. */
  cancel(reason: unknown): void;
}

/** The content could not be read: a fault of the program. */
export class BodyError extends Error {}

/**
 * Reads the content of a body, and its Content-Type. A stream is not read yet.
 * @throws TypeError if a stream was read before, or is being read
 */
export async function bodySource(body: unknown): Promise<{ readonly source: BodySource; readonly type: string }> {
  if (typeof body === "string") return { source: bytesSource(new TextEncoder().encode(body)), type: textType };
  if (body instanceof ArrayBuffer) return { source: bytesSource(new Uint8Array(body.slice(0))), type: "" };
  if (ArrayBuffer.isView(body)) {
    const { buffer, byteOffset, byteLength } = body;
    return { source: bytesSource(new Uint8Array(buffer, byteOffset, byteLength).slice()), type: "" };
  }
  if (isStream(body)) return { source: streamSource(body), type: "" };
  if (body instanceof Blob) return { source: blobSource(body), type: body.type };
  if (body instanceof FormData) {
    const form = multipart(body);
    return { source: blobSource(form), type: form.type };
  }
  // The platform writes the texts of other objects.
  const response = new Response(body as BodyInit);
  const blob = await response.blob();
  return { source: blobSource(blob), type: response.headers.get("content-type") ?? "" };
}

const textType = "text/plain;charset=UTF-8";

export const isStream = (body: unknown): body is ReadableStream<unknown> =>
  typeof (body as Partial<ReadableStream> | null)?.getReader === "function";

function bytesSource(bytes: Uint8Array): BodySource {
  return {
    length: bytes.length,
    isReplayable: true,
    open() {
      let at = 0;
      return {
        async next() {
          if (at >= bytes.length) return undefined;
          const piece = bytes.slice(at, at + writtenPiece);
          at += piece.length;
          return piece;
        },
        cancel() {},
      };
    },
    cancel() {},
  };
}

const blobSource = (blob: Blob): BodySource => ({
  length: blob.size,
  isReplayable: true,
  open: () => new StreamBody(blob.stream().getReader(), blob.size),
  cancel() {},
});

function streamSource(stream: ReadableStream<unknown>): BodySource {
  // Locks the stream, or throws a TypeError: once `fetch` was called, the body is its own.
  const reader = stream.getReader();
  return {
    length: undefined,
    isReplayable: false,
    open: () => new StreamBody(reader, undefined),
    cancel: (reason) => void reader.cancel(reason).catch(() => {}),
  };
}

export function cancelStream(stream: ReadableStream<unknown>, reason: unknown): void {
  if (!stream.locked) stream.cancel(reason).catch(() => {});
}

const lineEnd = bytesOf("\r\n");

/** A body that is read from a stream, chunked if its length is unknown. */
class StreamBody implements RequestBody {
  readonly #reader: ReadableStreamDefaultReader<unknown>;
  readonly #isChunked: boolean;
  #remaining: number;
  /** The part of the last chunk that was not returned yet. */
  #rest: Uint8Array = new Uint8Array();
  #isDone = false;

  constructor(reader: ReadableStreamDefaultReader<unknown>, length: number | undefined) {
    this.#reader = reader;
    this.#isChunked = length === undefined;
    this.#remaining = length ?? Number.POSITIVE_INFINITY;
  }

  async next(): Promise<Uint8Array | undefined> {
    if (this.#isDone) return undefined;
    while (!this.#rest.length) {
      const chunk = await this.#read();
      if (chunk) this.#rest = chunk;
      else return this.#end();
    }
    // A copy, because the program may reuse the memory of a chunk before it is sent.
    const piece = this.#rest.slice(0, writtenPiece);
    this.#rest = this.#rest.subarray(piece.length);
    this.#remaining -= piece.length;
    if (this.#remaining < 0) throw this.#lengthChanged();
    return this.#isChunked ? joined([bytesOf(`${piece.length.toString(16)}\r\n`), piece, lineEnd]) : piece;
  }

  cancel(reason: unknown): void {
    this.#isDone = true;
    this.#reader.cancel(reason).catch(() => {});
  }

  #end(): Uint8Array | undefined {
    this.#isDone = true;
    if (this.#isChunked) return bytesOf("0\r\n\r\n");
    if (this.#remaining) throw this.#lengthChanged();
    return undefined;
  }

  #lengthChanged(): BodyError {
    return new BodyError("the length of the body has changed while it was sent");
  }

  async #read(): Promise<Uint8Array | undefined> {
    let value: unknown;
    try {
      const result = await this.#reader.read();
      if (result.done) return undefined;
      value = result.value;
    } catch (cause) {
      throw new BodyError("the stream of the request's body failed", { cause });
    }
    if (value instanceof Uint8Array) return value;
    const cause = new TypeError("each chunk must be a Uint8Array");
    this.cancel(cause);
    throw new BodyError("the stream of the request's body has a chunk that is not bytes", { cause });
  }
}
