/**
 * TLS records over TCP, as everybody else sends them.
 * @module
 */

import { connect, type Socket } from "node:net";
import type { Transport, TransportEvents } from "@handclasp/core";
import { release } from "../slabs.ts";
import { abortTimeout, endTimeout, highWater, Inbox, lowWater, plain, transportError } from "./inbox.ts";
import { inBudget, type Sender } from "./turn.ts";

/** A transport over a socket that is connected or connecting. It takes the socket over, and makes it half-open: each side ends by itself. */
export function tcpTransport(socket: Socket): Transport {
  return new TcpTransport(socket);
}

/** A transport to a TCP port, which is still connecting: what is sent waits, a refusal is an `error` event. */
export function connectTcp(options: { host: string; port: number }): Transport {
  return tcpTransport(connect({ ...options, allowHalfOpen: true }));
}

class TcpTransport implements Transport, Sender {
  readonly #socket: Socket;
  readonly #inbox = new Inbox();
  #full = false;
  /** What this turn of the event loop may send is sent. */
  #spent = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.allowHalfOpen = true;
    socket.setNoDelay(true);
    socket.on("error", (error) => {
      const failed = (error as NodeJS.ErrnoException).syscall === "connect" || socket.connecting;
      const [code, what] = failed
        ? ["connection_failed", "no connection"]
        : ["connection_lost", "the connection broke"];
      this.#inbox.error(transportError(code, `${what}: ${error.message}`, error));
    });
    // After `end` or an error it says nothing new.
    socket.on("close", () => this.#inbox.error(transportError("connection_lost", "the connection was closed")));
    if (socket.destroyed) this.#inbox.error(transportError("connection_lost", "the connection was closed"));
  }

  start(events: TransportEvents): void {
    this.#inbox.start(events);
    // Listening for data lets the socket flow, at the next tick.
    this.#socket.on("data", (bytes: Buffer) => this.#inbox.data(plain(bytes)));
    this.#socket.on("end", () => this.#inbox.end());
  }

  send(bytes: Uint8Array): boolean {
    if (!this.#socket.writable) return true;
    let out = false;
    const done = (): void => {
      if (!out) release(bytes);
      out = true;
    };
    this.#socket.write(bytes, (error) => {
      if (!error) done();
      if (!this.#full || (!error && this.#socket.writableLength > lowWater)) return;
      this.#full = false;
      if (!this.#spent) this.#inbox.drain();
    });
    // The host has taken it all already: callbacks come only when whoever writes pauses, and that is many messages later.
    if (this.#socket.writableLength === 0) done();
    if (this.#socket.writableLength >= highWater) this.#full = true;
    if (!this.#spent && !inBudget(bytes.length, this)) this.#spent = true;
    return !this.#full && !this.#spent;
  }

  nextTurn(): void {
    this.#spent = false;
    if (!this.#full) this.#inbox.drain();
  }

  pause(): boolean {
    this.#inbox.pause();
    this.#socket.pause();
    return true;
  }

  resume(): void {
    this.#inbox.resume();
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
    // A peer that says nothing more, not even that it ends too, would keep the socket for ever (ws gives it as long).
    this.#socket.setTimeout(endTimeout, () => this.#socket.destroy());
  }

  abort(_reason: string): void {
    const socket = this.#socket;
    this.#inbox.silence();
    if (socket.destroyed) return;
    if (socket.connecting && socket.writableLength === 0) {
      socket.destroy();
      return;
    }
    // Closing with unread bytes sends a RST, and a RST makes the peer drop our alert: end our side, then read on until the peer ends its own.
    const timer = setTimeout(() => socket.destroy(), abortTimeout).unref();
    socket.on("close", () => clearTimeout(timer));
    socket.removeAllListeners("data").resume();
    socket.end();
  }
}
