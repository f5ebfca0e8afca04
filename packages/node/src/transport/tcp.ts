/**
 * The transport over TCP.
 * @module
 */

import { connect, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Memory, NextTurn, SendResult, TlsError, Transport, TransportEvents } from "@handclasp/core";
import { highWaterMark, optionsOf, transportError, wrongOption } from "@handclasp/core/unstable";
import { withExplanationSync } from "@handclasp/core/unstable/engine";
import { connectTcpOptions } from "../optionTables.ts";

import { connectError } from "./errors.ts";
import { abortTimeout, asUint8Array, EventQueue, endTimeout, lowWater, stallTimeout } from "./eventQueue.ts";
import { checkKeepAlive, type KeepAliveOptions, setKeepAlive } from "./keepAlive.ts";
import { checkAddress } from "./listener.ts";
import { memory } from "./memory.ts";
import { probe } from "./probe.ts";
import { takenBytes, writeQueueSize } from "./sendProgress.ts";

/**
 * Makes a transport over a socket that is connected or connecting. The transport takes over the socket: it sets
 * `allowHalfOpen` so that each side ends independently, and it resumes a socket that the caller has paused.
 */
export function tcpTransport(socket: Socket): Transport {
  return withExplanationSync(() => {
    if (typeof socket?.setNoDelay !== "function")
      throw wrongOption("the socket", socket, "a socket of node:net: tcpTransport(socket)");
    if (socket.readableEncoding)
      throw wrongOption("the socket", socket, "a socket that gives bytes, without setEncoding");
    return new StreamTransport(socket);
  });
}

export interface ConnectTcpOptions extends KeepAliveOptions {
  readonly host: string;
  readonly port: number;
}

/** As `tcpTransport`, over any stream of bytes. The transport has no socket if the stream is not one of node:net. */
export const streamTransport = (stream: Duplex): Transport => new StreamTransport(stream);

/**
 * Makes a transport over a new TCP connection. The function returns before the socket is connected: bytes that you send
 * wait until then, and a failure is an `error` event.
 */
export function connectTcp(options: ConnectTcpOptions): Transport {
  const { host, port, keepAlive } = withExplanationSync(() =>
    checkKeepAlive(checkAddress(optionsOf(options, connectTcpOptions))),
  );
  const socket = connect({ host, port, allowHalfOpen: true });
  setKeepAlive(socket, keepAlive);
  return tcpTransport(socket);
}

class StreamTransport implements Transport {
  readonly #socket: Duplex & Partial<Pick<Socket, "connecting" | "pending" | "remoteAddress" | "setNoDelay">>;
  readonly #events = new EventQueue();
  /** Runs while the transport is paused and our side is open. */
  #probe: NodeJS.Timeout | undefined;
  #isFull = false;
  #isPaused = false;

  constructor(socket: Duplex) {
    this.#socket = socket;
    socket.allowHalfOpen = true;
    this.#socket.setNoDelay?.(true);
    let isConnected = !this.#socket.pending;
    if (!isConnected) socket.once("connect", () => (isConnected = true));
    socket.on("error", (error) =>
      this.#events.error(
        isConnected
          ? transportError("connection_lost", `the connection broke: ${error.message}`, { cause: error })
          : connectError(error),
      ),
    );
    socket.on("close", () => this.#events.error(transportError("connection_lost", "the connection was closed")));
    if (socket.destroyed) this.#events.error(transportError("connection_lost", "the connection was closed"));
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
  get socket(): Socket | undefined {
    return this.#socket instanceof Socket ? this.#socket : undefined;
  }

  get sendProgress(): number | undefined {
    return this.socket?.writableLength ? takenBytes(this.socket) : undefined;
  }

  fail(error: TlsError): void {
    this.#events.error(error);
    this.#socket.destroy();
  }

  start(events: TransportEvents): void {
    this.#events.start(events);
    this.#socket.on("data", (bytes: Buffer) => this.#events.data(asUint8Array(bytes)));
    this.#socket.on("end", () => this.#events.end());
    // A listener for data starts a new socket, but not one that the caller has paused, as a client of PostgreSQL does
    // before STARTTLS. `resume` has its effect at the next tick.
    if (!this.#isPaused) this.#socket.resume();
  }

  send(bytes: Uint8Array): SendResult {
    const socket = this.#socket;
    if (!socket.writable) {
      memory.release(bytes);
      return "gone";
    }
    // Another stream may still use the bytes when it calls back.
    let isGivenBack = !(socket instanceof Socket);
    const giveBack = (): void => {
      if (!isGivenBack) memory.release(bytes);
      isGivenBack = true;
    };
    socket.write(bytes, (error) => {
      if (!error) giveBack();
      if (!this.#isFull || (!error && socket.writableLength > lowWater)) return;
      this.#isFull = false;
      this.#events.drain();
    });
    // The kernel has already taken all bytes. Node.js calls back only when the writer pauses, many messages later.
    if (socket.writableLength === 0) giveBack();
    if (socket.writableLength >= highWaterMark) this.#isFull = true;
    return this.#isFull ? "full" : "ok";
  }

  pause(): boolean {
    this.#events.pause();
    this.#isPaused = true;
    this.#socket.pause();
    this.#probe ??= probe(this.#socket);
    return true;
  }

  resume(): void {
    this.#events.resume();
    this.#isPaused = false;
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
    this.#events.silence();
    if (this.#socket.connecting && this.#socket.writableLength === 0) this.#socket.destroy();
    else this.#endWithin(abortTimeout, abortTimeout);
  }

  /**
   * Ends our side, and reads and drops the peer's bytes until the peer ends its side: a close with unread bytes would
   * send a RST, and a RST makes the peer drop our alert. The socket is destroyed after a time, even if the peer goes on
   * sending.
   * @param ms the time from our last sent byte until the socket is destroyed, in milliseconds
   * @param stall how long the peer may accept none of our bytes before that, in milliseconds
   */
  #endWithin(ms: number, stall: number): void {
    const socket = this.#socket;
    this.#stopProbe();
    if (socket.destroyed) return;
    let unsent = socket.writableLength;
    let unsentOfBatch = writeQueueSize(socket);
    const checkProgress = (): void => {
      if (socket.writableLength >= unsent && writeQueueSize(socket) === unsentOfBatch) socket.destroy();
      else timer = setTimeout(checkProgress, stall).unref();
      unsent = socket.writableLength;
      unsentOfBatch = writeQueueSize(socket);
    };
    let timer = setTimeout(checkProgress, stall).unref();
    socket.on("close", () => clearTimeout(timer));
    const onFinish = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => socket.destroy(), ms).unref();
    };
    if (socket.writableFinished) onFinish();
    else socket.on("finish", onFinish);
    socket.removeAllListeners("data").resume();
    socket.end();
  }
}
