/**
 * The content codings of responses (RFC 9110 §8.4), decoded by the engine.
 * @module
 */
import type { Bytes } from "@handclasp/core/client";

import { failed, responseError } from "./errors.ts";
import { compressedPiece, maxCodings } from "./limits.ts";
import { type BodyFailure, pullStream } from "./streams.ts";

/** The value of Accept-Encoding: the codings that this engine can decode. */
export function acceptedCodings(): string {
  accepted ??= ["gzip", "deflate", "br"].filter((coding) => canDecode(formats[coding] ?? "")).join(", ") || "identity";
  return accepted;
}
let accepted: string | undefined;

/**
 * Decodes a body. A coding that the engine does not know stays, as the Fetch standard demands: the program sees it in
 * Content-Encoding.
 * @param failure gets the reason if the decoding fails
 * @throws TypeError for a list of codings that is too long
 */
export function decoded(
  stream: ReadableStream<Bytes>,
  contentEncoding: string | null,
  failure: BodyFailure,
): ReadableStream<Bytes> {
  const codings = (contentEncoding ?? "")
    .split(",")
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding && coding !== "identity");
  if (!codings.every((coding) => canDecode(formats[coding] ?? ""))) return stream;
  if (codings.length > maxCodings)
    throw failed(responseError("invalid_response", `the response has more than ${maxCodings} content codings`));
  return codings.reduceRight((coded, coding) => decode(coded, coding, failure), stream);
}

/** The name of each coding in the Compression standard. */
const formats: Readonly<Record<string, string>> = {
  __proto__: null as unknown as string,
  gzip: "gzip",
  "x-gzip": "gzip",
  deflate: "deflate",
  br: "brotli",
};

const known = new Map<string, boolean>();

function canDecode(format: string): boolean {
  let can = known.get(format);
  if (can === undefined) {
    can = false;
    try {
      can = format !== "" && Boolean(new DecompressionStream(format as CompressionFormat));
    } catch {
      // The engine has no DecompressionStream, or not this format.
    }
    known.set(format, can);
  }
  return can;
}

function decode(stream: ReadableStream<Bytes>, coding: string, failure: BodyFailure): ReadableStream<Bytes> {
  const source = new Source(stream);
  let output: Promise<ReadableStreamDefaultReader<Bytes> | undefined> | undefined;
  const open = async (): Promise<ReadableStreamDefaultReader<Bytes> | undefined> => {
    const first = await source.read();
    // A response may have the coding and no body.
    if (!first) return undefined;
    const format = formats[coding] === "deflate" && !isZlib(first) ? "deflate-raw" : formats[coding];
    const decoder = new DecompressionStream(format as CompressionFormat);
    return inPieces(source, first).pipeThrough<Bytes>(decoder).getReader();
  };
  return pullStream({
    async pull(controller) {
      try {
        output ??= open();
        const result = await (await output)?.read();
        if (result?.value) controller.enqueue(result.value);
        else controller.close();
      } catch (error) {
        if (source.failure) throw source.failure.reason;
        const reason = failed(responseError("invalid_response", `the body is not valid ${coding}`, error));
        failure.failed ??= { reason };
        throw reason;
      }
    },
    async cancel(reason) {
      await ((await output?.catch(() => undefined)) ?? source).cancel(reason);
    },
  });
}

/** The coded body. It keeps the reason why reading failed, because that failure is not one of the coding. */
class Source {
  readonly #reader: ReadableStreamDefaultReader<Bytes>;
  failure: { readonly reason: unknown } | undefined;

  constructor(stream: ReadableStream<Bytes>) {
    this.#reader = stream.getReader();
  }

  async read(): Promise<Bytes | undefined> {
    try {
      return (await this.#reader.read()).value;
    } catch (reason) {
      this.failure = { reason };
      throw reason;
    }
  }

  cancel(reason: unknown): Promise<void> {
    return this.#reader.cancel(reason);
  }
}

/** "deflate" is zlib's format, and some servers send the data without zlib's header. */
const isZlib = ([first = 0, second]: Uint8Array): boolean =>
  (first & 0x0f) === 8 && (second === undefined || (first * 256 + second) % 31 === 0);

/** The bytes of a stream in pieces that expand to little, so that the decoder waits for its reader between them. */
function inPieces(source: Source, first: Bytes): ReadableStream<Bytes> {
  let rest = first;
  return pullStream({
    async pull(controller) {
      if (!rest.length) {
        const next = await source.read();
        if (!next) return controller.close();
        rest = next;
      }
      controller.enqueue(rest.slice(0, compressedPiece));
      rest = rest.subarray(compressedPiece);
    },
    cancel: (reason) => source.cancel(reason),
  });
}
