/**
 * TLS records over a WebSocket of the package `ws`, for clients and servers.
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

/** Values of `readyState`, written here so that this module does not load ws. */
const connecting = 0;
const open = 1;
const closed = 3;

/**
 * A transport over a WebSocket that is open or still opening. It takes the socket over: no other code may listen to its
 * messages, send on it or close it.
 *
 * Make the socket with `maxPayload: 2 ** 20`, `maxFragments: 512` and `perMessageDeflate: false`, as `connectWebSocket`
 * and `listenWebSocket` do.
 */
export function webSocketTransport(ws: WebSocket): Transport {
  return withExplanationSync(() => {
    if (typeof ws?.on !== "function" || typeof ws.terminate !== "function")
      throw wrongOption(
        "the WebSocket",
        ws,
        "a WebSocket of the package ws; for a socket of node:net, use tcpTransport(socket)",
      );
    return new WebSocketTransport(ws);
  });
}

/** The codes of the errors with which ws rejects a message. */
const tooLargeCodes: readonly (string | undefined)[] = [
  "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH",
  "WS_ERR_TOO_MANY_BUFFERED_PARTS",
];

/** Private members of a WebSocket of ws: its socket, and the fragments and bytes of an unfinished message. */
interface Internals {
  readonly _socket?: Duplex;
  readonly _receiver?: EventEmitter & { readonly _fragments?: readonly unknown[]; readonly _bufferedBytes?: number };
}

class WebSocketTransport implements Transport {
  readonly #ws: WebSocket;
  readonly #inbox = new Inbox();
  /** Runs while the transport is paused. */
  #probe: NodeJS.Timeout | undefined;
  readonly #sender: WebSocketSender;
  /** Initially true, because the transport reads nothing before `start`. */
  #isPaused = true;
  #wasOpened: boolean;
  #timer: NodeJS.Timeout | undefined;
  /** The bytes that were read since the current unfinished message began. */
  #unfinished = 0;
  #maxUnfinished = maxUnprovenMessage;

  constructor(ws: WebSocket) {
    this.#ws = ws;
    this.#sender = new WebSocketSender(ws, (message) => this.#write(message));
    this.#wasOpened = ws.readyState !== connecting;
    ws.binaryType = "nodebuffer";
    if (ws.readyState === connecting) ws.on("open", () => this.#onOpen());
    ws.on("message", (data, isBinary) => {
      if (isBinary) this.#inbox.data(plain(data as Buffer));
      else this.#fail(1003, textMessage());
    });
    ws.on("error", (error) => {
      const code = (error as NodeJS.ErrnoException).code;
      if (tooLargeCodes.includes(code)) {
        const what = "the peer sent too large a WebSocket message, or one in too many fragments";
        this.#fail(1009, transportError("message_too_big", what, { cause: error }));
      } else if (this.#wasOpened)
        this.#fail(1002, transportError("connection_lost", `the WebSocket broke: ${error.message}`, { cause: error }));
      else this.#inbox.error(openError(error));
    });
    ws.on("close", (code, reason) => {
      clearTimeout(this.#timer);
      reportClose(this.#inbox, code, printable(reason.toString(), 123));
    });
    if (ws.readyState === open) {
      this.#limitUnfinished();
      this.#setPaused(true);
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
    // Twice, for the headers of the fragments and for pings between them.
    this.#maxUnfinished = 2 * maxMessage;
  }

  send(bytes: Uint8Array): SendResult {
    const result = this.#sender.send(bytes);
    if (result === "gone") memory.give(bytes);
    return result;
  }

  pause(): boolean {
    this.#inbox.pause();
    this.#setPaused(true);
    return true;
  }

  resume(): void {
    this.#inbox.resume();
    this.#setPaused(false);
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
    // The transport has to read on, to receive the peer's close frame.
    this.#setPaused(false);
  }

  /**
   * Limits the memory of an unfinished message, which ws does not. ws keeps each fragment, and with it the whole buffer
   * that the fragment was read into, until the message is complete. So all bytes that are read until then count, those
   * of control frames included. Control frames between messages do not count.
   */
  #limitUnfinished(): void {
    const { _socket, _receiver } = this.#ws as unknown as Internals;
    // This listener runs after that of ws, which has already processed the complete messages.
    _socket?.on("data", ({ length }: Buffer) => {
      if (this.#isBetweenMessages && !_receiver?._bufferedBytes) return;
      this.#unfinished += length;
      if (this.#unfinished <= this.#maxUnfinished) return;
      this.#inbox.error(
        transportError("message_too_big", "the peer sent too much without finishing a WebSocket message"),
      );
      this.#ws.terminate();
    });
    const onFrame = (): void => {
      if (this.#isBetweenMessages) this.#unfinished = 0;
      // The peer sent a close frame. ws reports it only after the peer's TCP has ended, and waits 30 s for that.
      if (this.#ws.readyState > open) this.#terminateWithin(endTimeout);
    };
    _receiver?.on("conclude", onFrame);
    this.#ws.on("ping", onFrame).on("pong", onFrame).on("message", onFrame);
  }

  /** Whether ws holds no fragment of an unfinished message. */
  get #isBetweenMessages(): boolean {
    return (this.#ws as unknown as Internals)._receiver?._fragments?.length === 0;
  }

  #onOpen(): void {
    this.#wasOpened = true;
    this.#limitUnfinished();
    this.#setPaused(this.#isPaused);
    this.#sender.opened();
  }

  #write(message: Uint8Array): void {
    let isReleased = !isOverSocket(this.#ws);
    const release = (): void => {
      if (!isReleased) memory.give(message);
      isReleased = true;
    };
    this.#ws.send(message, { binary: true, compress: false }, (error) => {
      if (!error) release();
      if (this.#sender.drained(lowWater)) this.#inbox.drain();
    });
    // Fast path: the host has taken all bytes. The callback comes only when the writer pauses, many messages later.
    if (this.#ws.bufferedAmount === 0) release();
  }

  #fail(code: number, error: Error): void {
    this.#inbox.error(error);
    this.#terminateWithin(abortTimeout);
    this.#sender.close(code);
    this.#setPaused(false);
  }

  /** Pauses or resumes reading. ws ignores `pause` before the WebSocket is open: `#onOpen` repeats it. */
  #setPaused(paused: boolean): void {
    this.#isPaused = paused;
    if (!this.#wasOpened) return;
    if (paused) {
      this.#ws.pause();
      this.#probe ??= probe((this.#ws as unknown as Internals)._socket);
    } else {
      this.#ws.resume();
      clearInterval(this.#probe);
      this.#probe = undefined;
    }
  }

  /** Cuts the connection if the closing handshake takes longer, even if the peer keeps sending. */
  #terminateWithin(ms: number): void {
    if (this.#ws.readyState === closed) return;
    // A regular end waits until all our bytes are sent. ws itself waits 30 s for that.
    const check = (): void => {
      if (ms === abortTimeout || !this.#ws.bufferedAmount) this.#ws.terminate();
      else this.#timer = setTimeout(check, ms).unref();
    };
    this.#timer ??= setTimeout(check, ms).unref();
  }
}

/**
 * Whether the WebSocket runs over a socket of `node:net`, which no longer uses the bytes of a write when its callback
 * comes. Another stream, which ws accepts too, may still hold them then.
 */
const isOverSocket = (ws: WebSocket): boolean => (ws as unknown as Internals)._socket instanceof Socket;
