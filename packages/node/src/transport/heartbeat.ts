/**
 * Notices that the peer of a WebSocket has gone without a word: its network is gone, or its process is stopped. It also
 * keeps proxies from cutting an idle WebSocket.
 * @module
 */
import { Socket } from "node:net";
import type { TlsError } from "@handclasp/core";
import { optionsOf, transportError, wrongOption } from "@handclasp/core/unstable";
import type { WebSocket } from "ws";

import { heartbeatOptions } from "../optionTables.ts";
import { pingInterval, pingTimeout } from "./eventQueue.ts";
import { takenBytes, writeQueueSize } from "./sendProgress.ts";

/** The pings of a WebSocket. Browsers and `ws` answer them without the application. */
export interface HeartbeatOptions {
  /** The time between two pings, in milliseconds. Default 30,000: many proxies cut a WebSocket that idles for 60 s. */
  readonly interval?: number;
  /**
   * The time that the peer has to answer, in milliseconds. Default 30,000. Any byte is an answer. If we have bytes that
   * the peer has not taken, it is enough that it goes on taking them. While this side is paused, the time does not run.
   */
  readonly timeout?: number;
}

/** @throws TlsError `configuration` */
export function heartbeatOf(options: HeartbeatOptions | false = {}): Required<HeartbeatOptions> | undefined {
  if (options === false) return undefined;
  if ((options as unknown) === true) throw wrongOption("heartbeat", options, "an object, or false");
  const { interval = pingInterval, timeout = pingTimeout } = optionsOf(options, heartbeatOptions, "heartbeat.");
  return { interval, timeout };
}

/** A property that ws does not document. */
interface Internals {
  readonly _socket?: unknown;
}

/** The transport whose WebSocket has the pings. */
export interface HeartbeatOwner {
  /** Ends the transport, because the peer does not answer. */
  fail(error: TlsError): void;
}

/** The pings of one open WebSocket. It has one timer, and no listener of its own over a socket of `node:net`. */
export class Heartbeat {
  readonly #ws: WebSocket;
  readonly #options: Required<HeartbeatOptions>;
  readonly #owner: HeartbeatOwner;
  #timer: NodeJS.Timeout;
  /** How long the timer runs, and how much of the time until the next ping and until the end is left after that. */
  #wait: number;
  #untilPing = 0;
  #untilDead: number | undefined;
  /** The numbers of bytes that were read, and that the kernel has taken, at the last look. */
  #read = 0;
  #taken = 0;
  /** True if the kernel had no room then: it takes more only when the peer's computer has confirmed some bytes. */
  #wasFull = false;
  /** The number of messages and pongs over a stream that does not count its bytes. */
  #heard = 0;

  /**
   * @param ws a WebSocket that is open
   * @param owner an object instead of a function, because a closure for each connection would take more memory
   */
  constructor(ws: WebSocket, options: Required<HeartbeatOptions>, owner: HeartbeatOwner) {
    this.#ws = ws;
    this.#options = options;
    this.#owner = owner;
    if (!this.#socket) {
      const hear = (): void => void this.#heard++;
      ws.on("message", hear).on("ping", hear).on("pong", hear);
    }
    this.#wait = options.interval;
    this.#timer = this.#start();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  get #socket(): Socket | undefined {
    const { _socket } = this.#ws as unknown as Internals;
    return _socket instanceof Socket ? _socket : undefined;
  }

  #start(): NodeJS.Timeout {
    return setTimeout(beat, this.#wait, this).unref();
  }

  /** Called by the timer. */
  beat(): void {
    if (this.#ws.readyState !== this.#ws.OPEN) return;
    this.#untilPing -= this.#wait;
    if (this.#untilDead !== undefined) this.#untilDead -= this.#wait;
    if (this.#hasShownLife()) this.#untilDead = undefined;
    if (this.#untilDead !== undefined && this.#untilDead <= 0) {
      // The answer may be in the kernel: the process may have been stopped, or busy. Node.js reads before setImmediate.
      setImmediate(endUnlessAlive, this);
      return;
    }
    this.#continue();
  }

  /** Ends the WebSocket, unless the peer has answered after all. */
  endUnlessAlive(): void {
    if (this.#ws.readyState !== this.#ws.OPEN) return;
    if (!this.#hasShownLife()) {
      const { timeout } = this.#options;
      return this.#owner.fail(
        transportError("peer_unresponsive", `the peer did not answer a ping within ${timeout} ms`, {
          advice: "the peer or its network is gone; for peers that do not read for so long, set heartbeat",
        }),
      );
    }
    this.#untilDead = undefined;
    this.#continue();
  }

  #continue(): void {
    const { interval, timeout } = this.#options;
    if (this.#untilPing <= 0) {
      this.#untilPing = interval;
      this.#ws.ping();
      if (!this.#ws.isPaused) this.#untilDead ??= timeout;
    }
    this.#wait = Math.min(this.#untilPing, this.#untilDead ?? interval);
    this.#timer = this.#start();
  }

  /** Whether the peer has given a sign of life since the last look, or could not, because this side does not read. */
  #hasShownLife(): boolean {
    const [read, taken, wasFull] = [this.#read, this.#taken, this.#wasFull];
    const socket = this.#socket;
    this.#read = (socket?.bytesRead ?? 0) + this.#heard;
    this.#taken = socket ? takenBytes(socket) : 0;
    this.#wasFull = socket !== undefined && writeQueueSize(socket) > 0;
    return this.#ws.isPaused || this.#read > read || (wasFull && this.#taken > taken);
  }
}

// Two functions for all connections, to save memory.
const beat = (heartbeat: Heartbeat): void => heartbeat.beat();
const endUnlessAlive = (heartbeat: Heartbeat): void => heartbeat.endUnlessAlive();
