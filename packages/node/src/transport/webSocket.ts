/**
 * The transport over a client's or a server's WebSocket of the package `ws`.
 * @module
 */

import type { EventEmitter } from "node:events";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Memory, NextTurn, SendResult, TlsError, Transport, TransportEvents } from "@handclasp/core";
import {
  printable,
  reportClose,
  transportError,
  WebSocketCredit,
  WebSocketSender,
  wrongOption,
} from "@handclasp/core/unstable";
import { withExplanationSync } from "@handclasp/core/unstable/engine";

import type { WebSocket } from "ws";
import { openError } from "./errors.ts";
import {
  abortTimeout,
  asUint8Array,
  creditStep,
  creditWindow,
  EventQueue,
  endTimeout,
  lowWater,
  maxMessage,
  maxUnfinishedInHandshake,
  maxUnreadWhileStarved,
  stallTimeout,
} from "./eventQueue.ts";
import { Heartbeat, type HeartbeatOptions } from "./heartbeat.ts";
import { memory } from "./memory.ts";
import { answerPings } from "./pongs.ts";
import { probe } from "./probe.ts";
import { takenBytes } from "./sendProgress.ts";

/** Values of `readyState`. They are written here because ws is not loaded yet. */
const connecting = 0;
const open = 1;
const closed = 3;

/**
 * Makes a transport over a WebSocket that is open or still opening. The transport takes over the WebSocket: no other
 * code may listen to its messages, send or close.
 *
 * Create the WebSocket with `maxPayload: 2 ** 20`, `maxFragments: 512` and `perMessageDeflate: false`, as
 * `connectWebSocket` and `listenWebSocket` do.
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

/**
 * As `webSocketTransport`, for a WebSocket that was made with `autoPong: false`, with pings to its peer.
 * @param address the address of the client, if it is not the peer of the socket
 */
export function webSocketTransportWithPings(
  ws: WebSocket,
  options: Required<HeartbeatOptions> | undefined,
  address?: string,
): Transport {
  const transport = new WebSocketTransport(ws, address);
  answerPings(ws);
  if (options) transport.beginPings(options);
  return transport;
}

/** The error codes of ws for a message over its limits. */
const tooBigCodes: readonly (string | undefined)[] = [
  "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH",
  "WS_ERR_TOO_MANY_BUFFERED_PARTS",
];

/** Properties that ws does not document: its socket, and its buffers for an unfinished message. */
interface Internals {
  readonly _socket?: Duplex;
  readonly _receiver?: EventEmitter & { readonly _fragments?: readonly unknown[]; readonly _bufferedBytes?: number };
}

class WebSocketTransport implements Transport {
  readonly #ws: WebSocket;
  readonly #events = new EventQueue();
  /** Runs while the transport is paused. */
  #probe: NodeJS.Timeout | undefined;
  readonly #sender: WebSocketSender;
  readonly #address: string | undefined;
  /** Created for a peer that announces credit, so that an idle connection of another peer takes no memory for it. */
  #credit: WebSocketCredit | undefined;
  #hasReceived = false;
  /** True at first, because nothing is read before `start`. */
  #isPaused = true;
  /** The connection has paused the transport. The peer's credit may limit the peer, so that reading goes on. */
  #isPauseWanted = true;
  #hasOpened: boolean;
  #timer: NodeJS.Timeout | undefined;
  #heartbeat: Heartbeat | undefined;
  /** The number of bytes that were read since the start of an unfinished message, and the limit for that number. */
  #unfinishedBytes = 0;
  #maxUnfinished = maxUnfinishedInHandshake;

  constructor(ws: WebSocket, address?: string) {
    this.#ws = ws;
    this.#address = address;
    this.#sender = new WebSocketSender(ws, (message) => this.#write(message));
    this.#hasOpened = ws.readyState !== connecting;
    ws.binaryType = "nodebuffer";
    if (ws.readyState === connecting) ws.on("open", () => this.#onOpen());
    ws.on("message", (data, isBinary) => {
      try {
        if (isBinary) {
          const bytes = asUint8Array(data as Buffer);
          if (!this.#hasReceived && !bytes.length) this.#credit = this.#newCredit();
          this.#hasReceived = true;
          this.#credit?.receive(bytes.length);
          this.#events.data(bytes);
        } else this.#receiveCredit((data as Buffer).toString("latin1"));
        this.#updatePause();
      } catch (error) {
        this.#failWith(1003, error as Error);
      }
    });
    ws.on("error", (error) => {
      const code = (error as NodeJS.ErrnoException).code;
      if (tooBigCodes.includes(code)) {
        const message = "the peer sent a WebSocket message that is too large or has too many fragments";
        this.#failWith(1009, transportError("message_too_big", message, { cause: error }));
      } else if (this.#hasOpened)
        this.#failWith(
          1002,
          transportError("connection_lost", `the WebSocket broke: ${error.message}`, { cause: error }),
        );
      else this.#events.error(openError(error));
    });
    ws.on("close", (code, reason) => {
      clearTimeout(this.#timer);
      this.#heartbeat?.stop();
      reportClose(this.#events, code, printable(reason.toString(), 123));
    });
    if (ws.readyState === open) {
      this.#limitUnfinished();
      this.#setPaused(true);
    }
    if (ws.readyState === closed) reportClose(this.#events, 1006, "");
  }

  /** Ends the transport with `peer_unresponsive` if the peer does not answer. */
  beginPings(options: Required<HeartbeatOptions>): void {
    const begin = (): void => {
      this.#heartbeat = new Heartbeat(this.#ws, options, this);
    };
    if (this.#hasOpened) begin();
    else this.#ws.once("open", begin);
  }

  get sendProgress(): number | undefined {
    const { socket } = this;
    if (socket?.writableLength) return takenBytes(socket);
    // The data waits for the peer's credit. The socket sends only pings meanwhile.
    return this.#sender.isStarved && this.#sender.buffered > 0 ? this.#sender.sentBytes : undefined;
  }

  fail(error: TlsError): void {
    this.#events.error(error);
    this.#ws.terminate();
  }

  start(events: TransportEvents): void {
    this.#events.start(events);
    this.resume();
  }

  get memory(): Memory {
    return memory;
  }
  get nextTurn(): NextTurn {
    return setImmediate;
  }
  get remoteAddress(): string | undefined {
    return this.#address ?? this.socket?.remoteAddress;
  }
  get socket(): Socket | undefined {
    const { _socket } = this.#ws as unknown as Internals;
    return _socket instanceof Socket ? _socket : undefined;
  }

  established(): void {
    // Room for the largest message, the headers of its fragments, and the pings between them.
    this.#maxUnfinished = 2 * maxMessage;
  }

  send(bytes: Uint8Array): SendResult {
    const result = this.#sender.send(bytes);
    if (result === "gone") memory.release(bytes);
    if (this.#isPaused) this.#updatePause();
    return result;
  }

  pause(): boolean {
    this.#events.pause();
    this.#isPauseWanted = true;
    this.#credit?.pause();
    this.#updatePause();
    return true;
  }

  resume(): void {
    this.#events.resume();
    this.#isPauseWanted = false;
    this.#credit?.resume();
    this.#updatePause();
  }

  end(): void {
    this.#terminateAfter(endTimeout);
    this.#sender.close(1000);
  }

  abort(reason: string): void {
    this.#events.silence();
    if (this.#ws.readyState === closed) return;
    this.#terminateAfter(abortTimeout);
    this.#sender.abort(reason);
    // Reading must go on until the peer's close frame arrives.
    this.#isPauseWanted = false;
    this.#setPaused(false);
  }

  /**
   * Limits the memory of unfinished messages, which ws limits loosely or not at all. ws keeps each fragment of a
   * message, and with it the whole block of memory that it was read into, until the message is complete. So all bytes
   * that are read until then count, also those of control frames. Between two messages, control frames do not count.
   */
  #limitUnfinished(): void {
    const { _socket, _receiver } = this.#ws as unknown as Internals;
    // This listener runs after that of ws, which has handled the complete messages.
    _socket?.on("data", ({ length }: Buffer) => {
      if (this.#isBetweenMessages && !_receiver?._bufferedBytes) return;
      this.#unfinishedBytes += length;
      if (this.#unfinishedBytes <= this.#maxUnfinished) return;
      this.#events.error(
        transportError("message_too_big", "the peer sent too much without finishing a WebSocket message"),
      );
      this.#ws.terminate();
    });
    const onFrame = (): void => {
      if (this.#isBetweenMessages) this.#unfinishedBytes = 0;
      // The peer sent its close frame. ws reports it when the peer's TCP side has ended too, and waits 30 s for that.
      if (this.#ws.readyState > open) this.#terminateAfter(endTimeout);
    };
    _receiver?.on("conclude", onFrame);
    this.#ws.on("ping", onFrame).on("pong", onFrame).on("message", onFrame);
  }

  /** True if no fragment waits for the rest of its message. */
  get #isBetweenMessages(): boolean {
    return (this.#ws as unknown as Internals)._receiver?._fragments?.length === 0;
  }

  #onOpen(): void {
    this.#hasOpened = true;
    this.#limitUnfinished();
    this.#setPaused(this.#isPaused);
    this.#sender.flush();
  }

  #write(message: Uint8Array): void {
    // Memory that another stream may still use is left to the garbage collector.
    let isDone = !isOverSocket(this.#ws);
    const giveBack = (): void => {
      if (!isDone) memory.release(message);
      isDone = true;
    };
    this.#ws.send(message, { binary: true, compress: false }, (error) => {
      if (!error) giveBack();
      if (this.#sender.takeDrained(lowWater)) this.#events.drain();
    });
    // The kernel has already taken all bytes. Node.js calls back only when the writer pauses, many messages later.
    if (this.#ws.bufferedAmount === 0) giveBack();
  }

  #failWith(code: number, error: Error): void {
    this.#events.error(error);
    this.#terminateAfter(abortTimeout);
    this.#sender.close(code);
    this.#isPauseWanted = false;
    this.#setPaused(false);
  }

  #newCredit(): WebSocketCredit {
    const send = (message: string | Uint8Array): void => this.#ws.send(message, { compress: false });
    return new WebSocketCredit(this.#sender, creditWindow, creditStep, send);
  }

  #receiveCredit(text: string): void {
    // Credit that was not announced refuses each text.
    (this.#credit ?? this.#newCredit()).receiveText(text);
    if (this.#sender.takeDrained(lowWater)) this.#events.drain();
  }

  /**
   * Stops reading a peer that speaks credit only if its messages take too much memory. Otherwise the peer stops by
   * itself, and reading goes on, because the credit that we wait for may come after the peer's data.
   */
  #updatePause(): void {
    // A peer that keeps to its credit sends at most the window and one message more, but each message costs memory too.
    const most = this.#sender.isStarved ? maxUnreadWhileStarved : creditWindow + maxMessage;
    const mayReadOn = this.#credit?.hasAgreed && this.#events.waitingCost <= most;
    const isPaused = this.#isPauseWanted && !mayReadOn;
    if (isPaused !== this.#isPaused) this.#setPaused(isPaused);
  }

  /** Pauses or resumes reading. ws can do neither before the WebSocket is open: then `#onOpen` does it. */
  #setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (!this.#hasOpened) return;
    if (isPaused) {
      this.#ws.pause();
      this.#probe ??= probe((this.#ws as unknown as Internals)._socket);
    } else {
      this.#ws.resume();
      clearInterval(this.#probe);
      this.#probe = undefined;
    }
  }

  /** Terminates the WebSocket after a time, even if the peer goes on sending. */
  #terminateAfter(ms: number): void {
    if (this.#ws.readyState === closed) return;
    // After `end`, our bytes must be sent first, as long as the peer takes some of them.
    const terminateOrWait = (before: number, stalled: number): void => {
      const { buffered } = this.#sender;
      const stalledNow = buffered === before ? stalled + ms : 0;
      if (ms === abortTimeout || !buffered || stalledNow >= stallTimeout) this.#ws.terminate();
      else this.#timer = setTimeout(() => terminateOrWait(buffered, stalledNow), ms).unref();
    };
    this.#timer ??= setTimeout(() => terminateOrWait(-1, 0), ms).unref();
  }
}

/**
 * True if ws writes to a socket of node:net: when a write calls back, the kernel has its bytes. ws accepts any other
 * stream too, and such a stream may still use the bytes then.
 */
const isOverSocket = (ws: WebSocket): boolean => (ws as unknown as Internals)._socket instanceof Socket;
