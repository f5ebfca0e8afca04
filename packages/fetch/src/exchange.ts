/**
 * One request and its response on a connection: writes the request while it reads the response, and limits each wait
 * for the server.
 * @module
 */
import type { Bytes } from "@handclasp/core/client";

import type { HttpConnection } from "./connection.ts";
import { failed, requestError, responseError } from "./errors.ts";
import type { Limits } from "./limits.ts";
import { BodyError, type RequestBody } from "./requestBody.ts";
import { type ResponseHead, ResponseParser } from "./responseParser.ts";

export interface WireRequest {
  readonly method: string;
  /** The bytes of the request line and the fields. */
  readonly head: Uint8Array;
  readonly body: RequestBody | undefined;
}

export class Exchange {
  readonly #connection: HttpConnection;
  readonly #request: WireRequest;
  readonly #limits: Limits;
  readonly #parser: ResponseParser;
  readonly #onDone: (isReusable: boolean) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The reason why the exchange was ended from this side. */
  #failure: { readonly reason: unknown } | undefined;
  #isSent = false;
  #isLost = false;
  #hasReceived = false;
  #isDone = false;

  /** @param onDone called once, when the connection is free again or has failed */
  constructor(connection: HttpConnection, request: WireRequest, limits: Limits, onDone: (isReusable: boolean) => void) {
    this.#connection = connection;
    this.#request = request;
    this.#limits = limits;
    this.#parser = new ResponseParser(request.method, limits);
    this.#onDone = onDone;
  }

  /** True if the connection ended before a byte of the response arrived. The server may not have read the request. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /**
   * Sends the request. Returns the head of the response.
   * @throws TypeError, or the reason that was given to `fail`
   */
  async start(): Promise<ResponseHead> {
    void this.#send();
    let head = this.#parser.head;
    while (!head) {
      await this.#receive();
      head = this.#parser.head;
    }
    this.#disarm();
    if (this.#parser.isDone) this.#finish();
    return head;
  }

  /**
   * Returns the next bytes of the body, or `undefined` after the last.
   * @throws TypeError, or the reason that was given to `fail`
   */
  async next(): Promise<Bytes | undefined> {
    let data = this.#takeData();
    while (!data && !this.#parser.isDone) {
      this.#arm(this.#limits.bodyTimeout, "the server sent no byte of the body");
      await this.#receive();
      this.#disarm();
      data = this.#takeData();
    }
    if (this.#parser.isDone) this.#finish();
    return data;
  }

  /** Ends the exchange and its connection. Pending and later calls reject with the reason, as it is. */
  fail(reason: unknown): void {
    if (this.#isDone) return;
    this.#failure ??= { reason };
    this.#connection.channel.abort();
    this.#end(false);
  }

  #takeData(): Bytes | undefined {
    try {
      return this.#parser.takeData();
    } catch (error) {
      const reason = failed(error);
      this.fail(reason);
      throw reason;
    }
  }

  async #receive(): Promise<void> {
    try {
      this.#throwFailure();
      const bytes = await this.#connection.read();
      this.#throwFailure();
      if (bytes) this.#hasReceived = true;
      if (bytes) this.#parser.push(bytes);
      else this.#parser.end();
    } catch (error) {
      const failure = this.#failure;
      this.#isLost = !failure && !this.#hasReceived;
      const reason = failure ? failure.reason : failed(error);
      this.fail(reason);
      throw reason;
    }
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure.reason;
  }

  /** The response is complete. A server that answers early does not want the rest of the request. */
  #finish(): void {
    if (this.#isDone) return;
    const isReusable = this.#isSent && this.#parser.isPersistent;
    if (!this.#isSent) this.#connection.channel.abort();
    this.#end(isReusable);
  }

  #end(isReusable: boolean): void {
    this.#isDone = true;
    this.#disarm();
    if (!this.#isSent) this.#request.body?.cancel(this.#failure?.reason);
    this.#onDone(isReusable);
  }

  /** Writes the request. If the connection fails, `#receive` reports it, after a response that came before. */
  async #send(): Promise<void> {
    const { head, body } = this.#request;
    try {
      await this.#write(head, !body);
      for (let piece = await body?.next(); piece && !this.#isDone; piece = await body?.next())
        await this.#write(piece, false);
      this.#isSent = !this.#isDone;
      this.#armForHead();
    } catch (error) {
      if (error instanceof BodyError)
        this.fail(failed(requestError("request_body", error.message, undefined, error.cause)));
    }
  }

  /** Writes a piece. The time limit holds while the channel takes the piece, not while the program makes the next. */
  async #write(bytes: Uint8Array, isLast: boolean): Promise<void> {
    if (this.#isDone) return;
    this.#armForHead();
    await this.#connection.channel.write(bytes);
    if (!isLast && !this.#parser.head) this.#disarm();
  }

  #armForHead(): void {
    if (!this.#parser.head && !this.#isDone) this.#arm(this.#limits.headerTimeout, "the server sent no response");
  }

  #arm(ms: number, what: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.fail(failed(responseError("response_timeout", `${what} within ${ms} ms`)));
    }, ms);
  }

  #disarm(): void {
    clearTimeout(this.#timer);
  }
}
