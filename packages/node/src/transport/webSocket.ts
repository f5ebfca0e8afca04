/**
 * TLS records over a WebSocket of the `ws` package, of a client or a server.
 * @module
 */

import type { EventEmitter } from "node:events";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Memory, NextTurn, SendResult, Transport, TransportEvents } from "@handclasp/core";
import {
  printable,
  reportClose,
  textMessage,
  transportError,
  WebSocketSender,
  wrongOption,
} from "@handclasp/core/unstable";
import { withExplanationSync } from "@handclasp/core/unstable/engine";

import type { WebSocket } from "ws";
import { openError } from "./errors.ts";
import { abortTimeout, endTimeout, Inbox, lowWater, maxMessage, maxUnprovenMessage, plain } from "./inbox.ts";
import { memory } from "./memory.ts";
import { probe } from "./probe.ts";

/** The states of a WebSocket, without loading ws. */
const connecting = 0;
const open = 1;
const closed = 3;

/**
 * A transport over a WebSocket that is open or still opening. It takes the socket over: nothing else may listen to its messages, send or close.
 *
 * Make the socket with `maxPayload: 2 ** 20`, `maxFragments: 512` and `perMessageDeflate: false`, as `connectWebSocket` and `listenWebSocket` do.
 */
export function webSocketTransport(ws: WebSocket): Transport {
  return withExplanationSync(() => {
    if (typeof ws?.on !== "function" || typeof ws.terminate !== "function")
      throw wrongOption(
        "the WebSocket",
        ws,
        "a WebSocket of the package ws; for a socket of node:net, tcpTransport(socket)",
      );
    return new WebSocketTransport(ws);
  });
}

/** What ws says of a message that it does not take. */
const tooBig: readonly (string | undefined)[] = ["WS_ERR_UNSUPPORTED_MESSAGE_LENGTH", "WS_ERR_TOO_MANY_BUFFERED_PARTS"];

/** What ws does not show: its socket, and what it holds of a message that is not whole. */
interface Internals {
  readonly _socket?: Duplex;
  readonly _receiver?: EventEmitter & { readonly _fragments?: readonly unknown[]; readonly _bufferedBytes?: number };
}

class WebSocketTransport implements Transport {
  readonly #ws: WebSocket;
  readonly #inbox = new Inbox();
  /** While paused. */
  #probe: NodeJS.Timeout | undefined;
  readonly #sender: WebSocketSender;
  /** Nothing is read before `start`. */
  #paused = true;
  #opened: boolean;
  #timer: NodeJS.Timeout | undefined;
  /** Bytes that were read since a message began that is not whole yet, and the most that they may be. */
  #unfinished = 0;
  #most = maxUnprovenMessage;

  constructor(ws: WebSocket) {
    this.#ws = ws;
    this.#sender = new WebSocketSender(ws, (message) => this.#put(message));
    this.#opened = ws.readyState !== connecting;
    ws.binaryType = "nodebuffer";
    if (ws.readyState === connecting) ws.on("open", () => this.#onOpen());
    ws.on("message", (data, isBinary) => {
      if (isBinary) this.#inbox.data(plain(data as Buffer));
      else this.#fail(1003, textMessage());
    });
    ws.on("error", (error) => {
      const code = (error as NodeJS.ErrnoException).code;
      if (tooBig.includes(code)) {
        const what = "the peer sent too large a WebSocket message, or one in too many fragments";
        this.#fail(1009, transportError("message_too_big", what, { cause: error }));
      } else if (this.#opened)
        this.#fail(1002, transportError("connection_lost", `the WebSocket broke: ${error.message}`, { cause: error }));
      else this.#inbox.error(openError(error));
    });
    ws.on("close", (code, reason) => {
      clearTimeout(this.#timer);
      reportClose(this.#inbox, code, printable(reason.toString(), 123));
    });
    if (ws.readyState === open) {
      this.#bound();
      this.#hold(true);
    }
    if (ws.readyState === closed) reportClose(this.#inbox, 1006, "");
  }

  start(events: TransportEvents): void {
    this.#inbox.start(events);
    this.resume();
  }

  get memory(): Memory {
    return memory;
  }
  get nextTurn(): NextTurn {
    return setImmediate;
  }
  get remoteAddress(): string | undefined {
    const { _socket } = this.#ws as unknown as Internals;
    return _socket instanceof Socket ? _socket.remoteAddress : undefined;
  }

  established(): void {
    // With the headers of its fragments, and pings between them.
    this.#most = 2 * maxMessage;
  }

  send(bytes: Uint8Array): SendResult {
    const result = this.#sender.send(bytes);
    if (result === "gone") memory.give(bytes);
    return result;
  }

  pause(): boolean {
    this.#inbox.pause();
    this.#hold(true);
    return true;
  }

  resume(): void {
    this.#inbox.resume();
    this.#hold(false);
  }

  end(): void {
    this.#terminateWithin(endTimeout);
    this.#sender.close(1000);
  }

  abort(reason: string): void {
    this.#inbox.silence();
    if (this.#ws.readyState === closed) return;
    this.#terminateWithin(abortTimeout);
    this.#sender.abort(reason);
    // The peer's close frame must get through.
    this.#hold(false);
  }

  /**
   * What ws does not bound tightly, or at all. ws keeps each fragment of a message, and with it the whole piece of memory that it was read into, until the message is whole: all that is read meanwhile
   * is charged, control frames included. Between messages those cost nothing.
   */
  #bound(): void {
    const { _socket, _receiver } = this.#ws as unknown as Internals;
    // Behind ws's own listener, which has worked off what is whole.
    _socket?.on("data", ({ length }: Buffer) => {
      if (this.#isWhole && !_receiver?._bufferedBytes) return;
      this.#unfinished += length;
      if (this.#unfinished <= this.#most) return;
      this.#inbox.error(
        transportError("message_too_big", "the peer sent too much without finishing a WebSocket message"),
      );
      this.#ws.terminate();
    });
    const whole = (): void => {
      if (this.#isWhole) this.#unfinished = 0;
      // The peer's close frame: ws tells it once the peer's TCP has ended too, and gives that half a minute.
      if (this.#ws.readyState > open) this.#terminateWithin(endTimeout);
    };
    _receiver?.on("conclude", whole);
    this.#ws.on("ping", whole).on("pong", whole).on("message", whole);
  }

  /** No fragment waits for the rest of its message. */
  get #isWhole(): boolean {
    return (this.#ws as unknown as Internals)._receiver?._fragments?.length === 0;
  }

  #onOpen(): void {
    this.#opened = true;
    this.#bound();
    this.#hold(this.#paused);
    this.#sender.opened();
  }

  #put(message: Uint8Array): void {
    let out = !isOverSocket(this.#ws);
    const done = (): void => {
      if (!out) memory.give(message);
      out = true;
    };
    this.#ws.send(message, { binary: true, compress: false }, (error) => {
      if (!error) done();
      if (this.#sender.drained(lowWater)) this.#inbox.drain();
    });
    // The host has taken it all already: callbacks come only when whoever writes pauses, and that is many messages later.
    if (this.#ws.bufferedAmount === 0) done();
  }

  #fail(code: number, error: Error): void {
    this.#inbox.error(error);
    this.#terminateWithin(abortTimeout);
    this.#sender.close(code);
    this.#hold(false);
  }

  /** ws cannot pause what is not open yet, nor what has given up. */
  #hold(paused: boolean): void {
    this.#paused = paused;
    if (!this.#opened) return;
    if (paused) {
      this.#ws.pause();
      this.#probe ??= probe((this.#ws as unknown as Internals)._socket);
    } else {
      this.#ws.resume();
      clearInterval(this.#probe);
      this.#probe = undefined;
    }
  }

  /** Not for ever, though the peer may send a byte now and then. */
  #terminateWithin(ms: number): void {
    if (this.#ws.readyState === closed) return;
    // An end waits until all of ours is out; ws itself gives that half a minute.
    const look = (): void => {
      if (ms === abortTimeout || !this.#ws.bufferedAmount) this.#ws.terminate();
      else this.#timer = setTimeout(look, ms).unref();
    };
    this.#timer ??= setTimeout(look, ms).unref();
  }
}

/** Node's own sockets have handed on what they are done with. Any other stream, which ws takes as well, may say so and still hold it. */
const isOverSocket = (ws: WebSocket): boolean => (ws as unknown as Internals)._socket instanceof Socket;
