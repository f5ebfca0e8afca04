/**
 * Reads a response. bare-http-parser parses; this file limits what it parses, and refuses what it accepts and a strict
 * client must not: bytes before the status line, a request, a transfer coding other than chunked, and a status of which
 * no Response can be made.
 * @module
 */
import HTTPParser, { type HeadEvent } from "bare-http-parser";

import { joined } from "./bytes.ts";
import { responseError } from "./errors.ts";
import type { Limits } from "./limits.ts";

export interface ResponseHead {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
}

const firstByte = "H".charCodeAt(0);

export class ResponseParser {
  readonly #isHead: boolean;
  readonly #limits: Limits;
  #parser: HTTPParser;
  /** True once the first byte of the current message has arrived. */
  #hasBegun = false;
  #informational = 0;
  #head: ResponseHead | undefined;
  #data: Uint8Array<ArrayBuffer>[] = [];
  #isChunked = false;
  /** The bytes of framing beyond the allowance of the chunks. */
  #excess = 0;
  /** The fault of a body whose head was valid. It counts after the data that came before it. */
  #failure: Error | undefined;
  #isDone = false;
  #isPersistent = false;

  constructor(method: string, limits: Limits) {
    this.#isHead = method === "HEAD";
    this.#limits = limits;
    this.#parser = this.#newParser();
  }

  /** The head of the final response. */
  get head(): ResponseHead | undefined {
    return this.#head;
  }
  /** True once the response is complete. */
  get isDone(): boolean {
    return this.#isDone;
  }
  /** True if the connection may carry another request after this response. */
  get isPersistent(): boolean {
    return this.#isDone && this.#isPersistent;
  }

  /**
   * Returns the parsed data of the body, and forgets it.
   * @throws TlsError if the body is invalid after the data that was returned
   */
  takeData(): Uint8Array<ArrayBuffer> | undefined {
    const data = this.#data;
    if (!data.length && this.#failure) throw this.#failure;
    if (!data.length) return undefined;
    this.#data = [];
    return data.length === 1 ? data[0] : joined(data);
  }

  /** @throws TlsError if no valid head has arrived. `takeData` throws a later fault */
  push(bytes: Uint8Array): void {
    const isBody = this.#isChunked;
    const before = this.#data.length;
    try {
      this.#parse(() => {
        for (let rest: Uint8Array | undefined = bytes; rest?.length; ) rest = this.#pushToMessage(rest);
      });
      if (isBody) this.#countFraming(bytes.length, this.#data.slice(before));
    } catch (error) {
      if (!this.#head) throw error;
      this.#failure = error as Error;
    }
  }

  /**
   * The server has ended the connection cleanly.
   * @throws TlsError if the response is not complete
   */
  end(): void {
    if (!this.#head)
      throw responseError("incomplete_response", "the server ended the connection before it sent a response");
    this.#isPersistent = false;
    try {
      for (const { type } of this.#parser.end()) if (type === 4) this.#isDone = true;
    } catch (error) {
      throw responseError("incomplete_response", "the server ended the connection within the response", error);
    }
  }

  /** Returns the bytes after the message, if it was informational. */
  #pushToMessage(bytes: Uint8Array): Uint8Array | undefined {
    if (!this.#hasBegun && bytes[0] !== firstByte)
      throw responseError("invalid_response", "the response does not begin with HTTP/");
    this.#hasBegun = true;
    for (const event of this.#parser.push(bytes)) {
      if (event.type === 1) throw responseError("invalid_response", "the server sent a request");
      if (event.type === 2) this.#takeHead(event);
      else if (event.type === 3) this.#data.push(event.data);
      else return this.#endMessage();
    }
    return undefined;
  }

  #endMessage(): Uint8Array | undefined {
    const rest = this.#parser.drain();
    if (!this.#head) {
      // A new parser for the next message, because the mark of `skipBody` holds for one message only.
      this.#parser = this.#newParser();
      this.#hasBegun = false;
      return rest;
    }
    this.#isDone = true;
    // Bytes that no request asked for: the server does not frame its responses as we do.
    if (rest.length) this.#isPersistent = false;
    return undefined;
  }

  #newParser(): HTTPParser {
    const parser = new HTTPParser({ maxHeaderSize: this.#limits.maxHead, maxHeadersCount: this.#limits.maxHeaders });
    if (this.#isHead) parser.skipBody();
    return parser;
  }

  #takeHead({ version, code, reason, headers }: HeadEvent): void {
    const coding = headers["transfer-encoding"];
    if (code === 101) throw responseError("invalid_response", "the server changed the protocol, which no request asks");
    if (code > 599) throw responseError("invalid_response", `the status is ${code}, expected 100 to 599`);
    if (coding !== undefined && (code < 200 || code === 204))
      throw responseError("invalid_response", `a response with the status ${code} has a Transfer-Encoding`);
    if (coding !== undefined && String(coding).toLowerCase() !== "chunked")
      throw responseError("invalid_response", "the transfer coding is not chunked alone");
    if (code < 200) {
      if (++this.#informational > this.#limits.maxInformational)
        throw responseError("response_too_large", `more than ${this.#limits.maxInformational} informational responses`);
      return;
    }
    this.#isChunked = coding !== undefined;
    this.#isPersistent = version === "HTTP/1.1" && !/(^|,)[ \t]*close[ \t]*(,|$)/i.test(String(headers.connection));
    this.#head = { status: code, statusText: reason, headers: headersOf(headers) };
  }

  #countFraming(bytes: number, data: readonly Uint8Array[]): void {
    const dataBytes = data.reduce((sum, { length }) => sum + length, 0);
    this.#excess = Math.max(0, this.#excess + bytes - 3 * dataBytes - 16 * data.length);
    if (this.#excess > this.#limits.maxChunkExtensions)
      throw responseError(
        "response_too_large",
        `more than ${this.#limits.maxChunkExtensions} bytes of chunk extensions`,
      );
  }

  /** Runs the parser, and describes its errors. Its messages have no values of fields. */
  #parse(run: () => void): void {
    try {
      run();
    } catch (error) {
      const { code, message } = error as Error & { code?: string };
      if (code === "HEADER_OVERFLOW")
        throw responseError("response_too_large", "the response's head, trailer or chunk header is too large", error);
      if (code?.startsWith("INVALID_"))
        throw responseError("invalid_response", `the response is not valid HTTP/1.1: ${message}`, error);
      throw error;
    }
  }
}

function headersOf(fields: HeadEvent["headers"]): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(fields))
    for (const one of Array.isArray(value) ? value : [value]) headers.append(name, one);
  return headers;
}
