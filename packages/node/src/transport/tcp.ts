/**
 * TLS records over TCP (RFC 5246).
 * @module
 */

import { connect, type Socket } from "node:net";
import type { Memory, NextTurn, SendResult, Transport, TransportEvents } from "@handclasp/core";
import { highWater, optionsOf, transportError, wrongOption } from "@handclasp/core/unstable";
import { withExplanationSync } from "@handclasp/core/unstable/engine";
import { connectTcpOptions } from "../optionTables.ts";

import { connectError } from "./errors.ts";
import { abortTimeout, endTimeout, Inbox, lowWater, plain, stallTimeout } from "./inbox.ts";
import { checkedAddress } from "./listener.ts";
import { memory } from "./memory.ts";
import { probe } from "./probe.ts";

/**
 * A transport over a socket that is connected or connecting. It takes the socket over and sets `allowHalfOpen`, so that
 * each side ends its direction by itself.
 */
export function tcpTransport(socket: Socket): Transport {
  return withExplanationSync(() => {
    if (typeof socket?.setNoDelay !== "function")
      throw wrongOption("the socket", socket, "a socket of node:net: tcpTransport(socket)");
    return new TcpTransport(socket);
  });
}

/** A transport that is still connecting to a TCP port: bytes that you send wait, and a refusal is an `error` event. */
export function connectTcp(options: { host: string; port: number }): Transport {
  const { host, port } = withExplanationSync(() => checkedAddress(optionsOf(options, connectTcpOptions)));
  return tcpTransport(connect({ host, port, allowHalfOpen: true }));
}

class TcpTransport implements Transport {
  readonly #socket: Socket;
  readonly #inbox = new Inbox();
  /** Runs while the transport is paused. */
  #probe: NodeJS.Timeout | undefined;
  #isFull = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.allowHalfOpen = true;
    socket.setNoDelay(true);
    let isConnected = !socket.pending;
    if (!isConnected) socket.once("connect", () => (isConnected = true));
    socket.on("error", (error) =>
      this.#inbox.error(
        isConnected
          ? transportError("connection_lost", `the connection broke: ${error.message}`, { cause: error })
          : connectError(error),
      ),
    );
    socket.on("close", () => this.#inbox.error(transportError("connection_lost", "the connection was closed")));
    if (socket.destroyed) this.#inbox.error(transportError("connection_lost", "the connection was closed"));
  }

  get memory(): Memory {
    return memory;
  }
  get nextTurn(): NextTurn {
    return setImmediate;
  }
  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }

  start(events: TransportEvents): void {
    this.#inbox.start(events);
    // A listener for `data` makes the socket flow from the next tick on.
    this.#socket.on("data", (bytes: Buffer) => this.#inbox.data(plain(bytes)));
    this.#socket.on("end", () => this.#inbox.end());
  }

  send(bytes: Uint8Array): SendResult {
    const socket = this.#socket;
    if (!socket.writable) {
      memory.give(bytes);
      return "gone";
    }
    let isReleased = false;
    const release = (): void => {
      if (!isReleased) memory.give(bytes);
      isReleased = true;
    };
    socket.write(bytes, (error) => {
      if (!error) release();
      if (!this.#isFull || (!error && socket.writableLength > lowWater)) return;
      this.#isFull = false;
      this.#inbox.drain();
    });
    // Fast path: the host has taken all bytes. The callback comes only when the writer pauses, many messages later.
    if (socket.writableLength === 0) release();
    if (socket.writableLength >= highWater) this.#isFull = true;
    return this.#isFull ? "full" : "ok";
  }

  pause(): boolean {
    this.#inbox.pause();
    this.#socket.pause();
    this.#probe ??= probe(this.#socket);
    return true;
  }

  resume(): void {
    this.#inbox.resume();
    this.#stopProbe();
    this.#socket.resume();
  }

  closeWrite(): void {
    this.#stopProbe();
    this.#socket.end();
  }

  #stopProbe(): void {
    clearInterval(this.#probe);
    this.#probe = undefined;
  }

  end(): void {
    this.#endWithin(endTimeout, stallTimeout);
  }

  abort(_reason: string): void {
    this.#inbox.silence();
    if (this.#socket.connecting && this.#socket.writableLength === 0) this.#socket.destroy();
    else this.#endWithin(abortTimeout, abortTimeout);
  }

  /**
   * Closing a socket with unread bytes sends a RST, and a RST makes the peer drop our alert. So our side ends first,
   * and bytes of the peer are read and dropped until it ends its side, for a limited time even if it keeps sending.
   * @param ms the time that the peer has after all our bytes are sent
   * @param stall the time without progress after which our unsent bytes are given up
   */
  #endWithin(ms: number, stall: number): void {
    const socket = this.#socket;
    this.#stopProbe();
    if (socket.destroyed) return;
    let left = socket.writableLength;
    let batch = batchLeft(socket);
    const checkProgress = (): void => {
      if (socket.writableLength >= left && batchLeft(socket) === batch) socket.destroy();
      else timer = setTimeout(checkProgress, stall).unref();
      left = socket.writableLength;
      batch = batchLeft(socket);
    };
    let timer = setTimeout(checkProgress, stall).unref();
    socket.on("close", () => clearTimeout(timer));
    const onSent = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => socket.destroy(), ms).unref();
    };
    if (socket.writableFinished) onSent();
    else socket.on("finish", onSent);
    socket.removeAllListeners("data").resume();
    socket.end();
  }
}

/**
 * The bytes of the current batch of writes that the host has not taken yet. `writableLength` counts the whole batch
 * until its last byte is written, which takes minutes if the peer is slow. Node.js keeps the figure for its own
 * timeouts.
 */
function batchLeft(socket: Socket): number | undefined {
  return (socket as unknown as { readonly _handle?: { readonly writeQueueSize?: number } | null })._handle
    ?.writeQueueSize;
}
