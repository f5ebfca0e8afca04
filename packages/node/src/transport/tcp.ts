/**
 * TLS records over TCP, as everybody else sends them.
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

/** A transport over a socket that is connected or connecting. It takes the socket over, and makes it half-open: each side ends by itself. */
export function tcpTransport(socket: Socket): Transport {
  return withExplanationSync(() => {
    if (typeof socket?.setNoDelay !== "function")
      throw wrongOption("the socket", socket, "a socket of node:net: tcpTransport(socket)");
    return new TcpTransport(socket);
  });
}

/** A transport to a TCP port, which is still connecting: what is sent waits, a refusal is an `error` event. */
export function connectTcp(options: { host: string; port: number }): Transport {
  const { host, port } = withExplanationSync(() => checkedAddress(optionsOf(options, connectTcpOptions)));
  return tcpTransport(connect({ host, port, allowHalfOpen: true }));
}

class TcpTransport implements Transport {
  readonly #socket: Socket;
  readonly #inbox = new Inbox();
  /** While paused. */
  #probe: NodeJS.Timeout | undefined;
  #full = false;

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
    // Listening for data lets the socket flow, at the next tick.
    this.#socket.on("data", (bytes: Buffer) => this.#inbox.data(plain(bytes)));
    this.#socket.on("end", () => this.#inbox.end());
  }

  send(bytes: Uint8Array): SendResult {
    const socket = this.#socket;
    if (!socket.writable) {
      memory.give(bytes);
      return "gone";
    }
    let out = false;
    const done = (): void => {
      if (!out) memory.give(bytes);
      out = true;
    };
    socket.write(bytes, (error) => {
      if (!error) done();
      if (!this.#full || (!error && socket.writableLength > lowWater)) return;
      this.#full = false;
      this.#inbox.drain();
    });
    // The host has taken it all already: callbacks come only when whoever writes pauses, and that is many messages later.
    if (socket.writableLength === 0) done();
    if (socket.writableLength >= highWater) this.#full = true;
    return this.#full ? "full" : "ok";
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
   * Closing with unread bytes sends a RST, and a RST makes the peer drop our alert: so our side ends first, and what the peer still sends is read and dropped
   * until it ends its own; not for ever, though it may send a byte now and then.
   * @param ms from when all of ours is out
   * @param stall how long nothing of ours may move before that
   */
  #endWithin(ms: number, stall: number): void {
    const socket = this.#socket;
    this.#stopProbe();
    if (socket.destroyed) return;
    let left = socket.writableLength;
    let batch = batchLeft(socket);
    const look = (): void => {
      if (socket.writableLength >= left && batchLeft(socket) === batch) socket.destroy();
      else timer = setTimeout(look, stall).unref();
      left = socket.writableLength;
      batch = batchLeft(socket);
    };
    let timer = setTimeout(look, stall).unref();
    socket.on("close", () => clearTimeout(timer));
    const out = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => socket.destroy(), ms).unref();
    };
    if (socket.writableFinished) out();
    else socket.on("finish", out);
    socket.removeAllListeners("data").resume();
    socket.end();
  }
}

/**
 * Bytes that the host still has to take of the writes that it was given together. `writableLength` counts them until the last one is out, which takes minutes
 * where the peer is slow; Node has the figure on the handle, for timeouts of its own.
 */
function batchLeft(socket: Socket): number | undefined {
  return (socket as unknown as { readonly _handle?: { readonly writeQueueSize?: number } | null })._handle
    ?.writeQueueSize;
}
