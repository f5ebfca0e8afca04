/**
 * A server's socket: the messages of one client, with the methods and events of the package `ws`.
 * @module
 */
import { EventEmitter } from "node:events";
import { type Session, type TlsConnection, TlsError } from "@handclasp/core";
import { type Closed, FrameError, type Messages } from "@handclasp/core/messages";
import { usageError } from "@handclasp/core/unstable";

import { peerErrors } from "../handlerHooks.ts";
import { isCloseCode, messageOf, type ServerSocketData, type ServerSocketInput, toBuffer } from "./messageData.ts";

export interface ServerSocketEvents {
  /** A message. A text is a Buffer of UTF-8, with `isBinary` false: `String(data)` is the text. */
  message: [data: ServerSocketData, isBinary: boolean];
  /**
   * The last event. `code` is 1005 if the peer's Close had none, and 1006 if the connection did not close in order.
   */
  close: [code: number, reason: Buffer];
  /**
   * Why the connection did not close in order, before `close`. Without a listener, nothing happens: unlike with `ws`,
   * the error does not end the process, because any peer can cause it.
   */
  error: [error: TlsError];
  /** The peer sent a ping, which was answered. */
  ping: [data: Buffer];
  /** The peer answered a ping of ours. */
  pong: [data: Buffer];
}

export interface ServerSocketSendOptions {
  /** Whether to send the data as binary. Default: true unless the data is a text or a number. */
  readonly binary?: boolean;
  /** Has no effect: messages are not compressed. */
  readonly compress?: boolean;
  /** Has no effect: the channel is encrypted, so messages have no mask. */
  readonly mask?: boolean;
  /** Only true: a message is sent whole. */
  readonly fin?: true;
}

type Callback = (error?: Error) => void;

const states = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 } as const;
const { OPEN, CLOSING, CLOSED } = states;
/** The number of messages that a socket delivers in one turn of the event loop. */
const messagesInTurn = 32;
/** RFC 6455 §7.4.1: the handler failed. */
const internalErrorCode = 1011;
const abnormalCode = 1006;

let onNewListener: (this: ServerSocket, type: unknown) => void;
/** Runs the handler of a socket. Resolves once the handler has settled and the socket has closed. */
export let runHandler: (socket: ServerSocket, handler: () => unknown) => Promise<void>;

/**
 * The messages of one client. It has the methods and events of a server's WebSocket of `ws`, with these differences:
 * - Messages wait until the first listener of `message` is there, or until `resume` is called. A handler that awaits
 *   something before it listens loses none. While they wait, and while the socket is paused, the client can send only
 *   what the buffers hold. `close` comes after them. Messages without a listener are dropped if the connection has
 *   ended, and the handler has settled or listens to `close`.
 * - After `close`, no more messages are delivered.
 * - An `error` without a listener does not end the process.
 * - A listener that throws, or whose promise rejects, has failed like a handler: the socket closes with 1011, and the
 *   server's `onError` gets the error.
 */
export class ServerSocket extends EventEmitter<ServerSocketEvents> {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  declare readonly CONNECTING: 0;
  declare readonly OPEN: 1;
  declare readonly CLOSING: 2;
  declare readonly CLOSED: 3;

  static {
    Object.assign(ServerSocket.prototype, states);
    // Node.js calls this method when the promise of a listener rejects.
    const value = function (this: ServerSocket, error: unknown): void {
      this.#fail(error);
    };
    Object.defineProperty(ServerSocket.prototype, EventEmitter.captureRejectionSymbol, { value });
    runHandler = (socket, handler) => {
      let result: unknown;
      try {
        result = handler();
      } catch (error) {
        result = Promise.reject(error);
      }
      // The handler, and what its closures hold, is not needed any more.
      return socket.#finish(result);
    };
    // One function for all sockets, to save memory. It is called before the listener is added.
    onNewListener = function (type) {
      this.#onNewListener(type);
    };
  }

  readonly #messages: Messages;
  #readyState: 1 | 2 | 3 = OPEN;
  #binaryType: "nodebuffer" | "arraybuffer" = "nodebuffer";
  #isPaused = false;
  /** True once messages are delivered. */
  #isDelivering = false;
  #isHandlerPending = true;
  #isTerminated = false;
  /** How the connection ended. */
  #end: Closed | TlsError | undefined;
  #failure: { readonly error: unknown } | undefined;
  /** Continues the delivery, which waits because the socket is paused. */
  #continue: (() => void) | undefined;
  #onFinished: (() => void) | undefined;

  /** `acceptMessages` makes the messages. */
  constructor(messages: Messages) {
    super({ captureRejections: true });
    this.#messages = messages;
    (this as EventEmitter).on("newListener", onNewListener);
    const onEnd = (end: Closed | TlsError): void => {
      this.#end = end;
      this.#deliverLast();
    };
    messages.closed.then(onEnd, onEnd);
  }

  /** The result of the handshake: who the client is, for example. */
  get session(): Session {
    return this.channel.session;
  }
  /** The channel that carries the messages. Do not read or write it. After a client has reconnected, it is another. */
  get channel(): TlsConnection {
    return this.#messages.channel;
  }
  /** The protocol that the server selected. Empty if the client asked for none. */
  get protocol(): string {
    return this.#messages.protocol;
  }
  get readyState(): 1 | 2 | 3 {
    return this.#readyState;
  }
  /** The number of bytes that were given to `send` and that the channel has not taken yet. */
  get bufferedAmount(): number {
    return this.#messages.waitingBytes;
  }
  get isPaused(): boolean {
    return this.#isPaused;
  }
  /** The type of binary messages. Default `"nodebuffer"`. */
  get binaryType(): "nodebuffer" | "arraybuffer" {
    return this.#binaryType;
  }
  set binaryType(type: "nodebuffer" | "arraybuffer") {
    if (type !== "nodebuffer" && type !== "arraybuffer")
      throw usageError('binaryType is neither "nodebuffer" nor "arraybuffer"');
    this.#binaryType = type;
  }

  /**
   * Sends a message, after those before it. The data may change afterwards. After `close`, the message is dropped.
   * @param callback called when there is room for more, or with the error if the message cannot be sent. A sender that
   *   waits for it keeps memory bounded
   */
  send(data: ServerSocketInput, callback?: Callback): void;
  send(data: ServerSocketInput, options?: ServerSocketSendOptions, callback?: Callback): void;
  send(data: ServerSocketInput, options: ServerSocketSendOptions | Callback = {}, callback?: Callback): void {
    const { binary, fin = true } = typeof options === "function" ? {} : options;
    // TypeScript forbids the value, but a program of ws may have it.
    if (!(fin as boolean))
      throw usageError("fin: a message is sent whole; long ones are cut into fragments by themselves");
    const sent = this.#messages.send(messageOf(data, binary));
    this.#callBack(sent, typeof options === "function" ? options : callback);
  }

  /**
   * Sends a ping. `pong` has the data, which is not sent: each ping has a number of its own.
   * @param mask has no effect
   * @param callback called when the peer has answered, or with the error if it did not
   */
  ping(data?: ServerSocketInput | Callback, mask?: boolean | Callback, callback?: Callback): void {
    const done = [data, mask, callback].find((one): one is Callback => typeof one === "function");
    const payload = typeof data === "function" || data === undefined ? Buffer.alloc(0) : toBuffer(messageOf(data));
    const answered = this.#messages.ping();
    answered.then(
      () => this.#emit("pong", payload),
      () => {},
    );
    this.#callBack(answered, done);
  }

  /**
   * Closes after everything that was sent. The event `close` comes when the peer has closed too.
   * @param code 1000 or 3000 to 4999, or another code that a Close may contain (RFC 6455 §7.4.1). Default: none
   * @param reason at most 123 bytes of UTF-8
   */
  close(code?: number, reason: string | Uint8Array = ""): void {
    const text = typeof reason === "string" ? reason : toBuffer(reason).toString();
    if (code !== undefined && !isCloseCode(code)) throw usageError(`a Close cannot have the code ${code}`);
    if (Buffer.byteLength(text) > 123) throw usageError("the reason of a Close has more than 123 bytes of UTF-8");
    this.#leaveOpen();
    this.#messages.close(code, text).catch(() => {});
  }

  /** Ends at once, with 1006 in the event `close`. */
  terminate(): void {
    this.#isTerminated = true;
    this.#leaveOpen();
    this.#messages.abort();
  }

  /** Delivers no more messages until `resume`. The client can then send only what the buffers hold. */
  pause(): void {
    this.#isPaused = this.#readyState === OPEN;
  }

  /** Delivers messages, even if there is no listener for them. */
  resume(): void {
    this.#isPaused = false;
    this.#deliver();
    this.#continue?.();
  }

  #onNewListener(type: unknown): void {
    if (type === "message") this.#deliver();
    else if (type === "close") this.#deliverLast(true);
    else if (type === "ping") this.#messages.onPing ??= (payload) => this.#emit("ping", toBuffer(payload));
  }

  /** Waits for the handler and for the end. */
  async #finish(handler: unknown): Promise<void> {
    const finished = new Promise<void>((resolve) => (this.#onFinished = resolve));
    try {
      await handler;
    } catch (error) {
      // A handler that rethrows the error that ended its connection has not failed.
      if (error !== this.#end && !this.channel.endedBy(error)) this.#fail(error);
    }
    this.#isHandlerPending = false;
    this.#deliverLast();
    await finished;
    if (this.#failure) throw this.#failure.error;
    if (!(this.#end instanceof FrameError)) return;
    // The channel closed in order, so the server does not know of this error.
    peerErrors.add(this.#end);
    throw this.#end;
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    if (this.#readyState === OPEN) this.close(internalErrorCode);
  }

  #leaveOpen(): void {
    if (this.#readyState === OPEN) this.#readyState = CLOSING;
    this.#isPaused = false;
    this.#continue?.();
  }

  /** After the end, delivers what is left, unless the handler may still begin to listen. */
  #deliverLast(hasListener = this.listenerCount("close") > 0): void {
    if (this.#end && (!this.#isHandlerPending || hasListener)) this.#deliver();
  }

  #deliver(): void {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    void this.#deliverAll();
  }

  /** Delivers all messages, and then the end. */
  async #deliverAll(): Promise<void> {
    for (let delivered = 1; ; delivered++) {
      const message = await this.#messages.read().catch(() => undefined);
      if (message === undefined) break;
      await this.#whilePaused();
      if (this.#readyState === OPEN) this.#emitMessage(message);
      await this.#whilePaused();
      if (delivered % messagesInTurn === 0) await new Promise(setImmediate);
    }
    if (this.#readyState === OPEN) this.#readyState = CLOSING;
    await this.#messages.closed.catch(() => {});
    this.#emitEnd(this.#end as Closed | TlsError);
  }

  #whilePaused(): Promise<void> | undefined {
    if (!this.#isPaused) return undefined;
    return new Promise((resolve) => {
      this.#continue = () => {
        this.#continue = undefined;
        resolve();
      };
    });
  }

  #emitMessage(message: string | Uint8Array): void {
    if (typeof message === "string") this.#emit("message", Buffer.from(message), false);
    else if (this.#binaryType === "nodebuffer") this.#emit("message", toBuffer(message), true);
    else this.#emit("message", message.slice().buffer, true);
  }

  #emitEnd(end: Closed | TlsError): void {
    this.#readyState = CLOSED;
    const isError = TlsError.is(end);
    if (isError && !this.#isTerminated && this.listenerCount("error")) this.#emit("error", end);
    if (isError) this.#emit("close", abnormalCode, Buffer.alloc(0));
    else this.#emit("close", end.code, Buffer.from(end.reason));
    this.#onFinished?.();
  }

  /** Emits an event. A listener that throws must not end the process, because a message of the peer may cause it. */
  #emit<Type extends keyof ServerSocketEvents>(type: Type, ...values: ServerSocketEvents[Type]): void {
    try {
      (this as EventEmitter).emit(type, ...values);
    } catch (error) {
      this.#fail(error);
    }
  }

  #callBack(promise: Promise<void>, callback: Callback | undefined): void {
    if (!callback) return;
    promise
      .then(
        () => callback(),
        (error: TlsError) => callback(error),
      )
      .catch((error: unknown) => this.#fail(error));
  }
}
