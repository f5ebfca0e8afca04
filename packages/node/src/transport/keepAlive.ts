/**
 * TCP keepalive (RFC 9293 §3.8.4): the operating system asks whether the peer's is still there. Unlike a ping, the
 * question does not need the peer's program, so a peer that does not read for an hour stays connected.
 * @module
 */
import { Socket } from "node:net";
import { wrongOption } from "@handclasp/core/unstable";

export interface KeepAliveOptions {
  /**
   * How long a TCP connection may be idle before the operating system asks whether the peer is still there, in
   * milliseconds, from 1,000 on. Without an answer, the connection ends with `connection_lost`, after ten seconds on
   * most systems.
   * Default 60,000. `false`: it never asks.
   */
  readonly keepAlive?: number | false;
}

/** The default: many NATs and proxies forget a connection that idles for longer. */
const defaultDelay = 60_000;

/**
 * The shortest time, in milliseconds: the system counts whole seconds, and takes 0 as its own default, two hours on
 * most.
 */
const shortestDelay = 1_000;

/** @throws TlsError `configuration` */
export function checkKeepAlive<T extends KeepAliveOptions>(options: T): T {
  const { keepAlive } = options;
  if ((keepAlive as unknown) === true || (typeof keepAlive === "number" && keepAlive < shortestDelay))
    throw wrongOption("keepAlive", keepAlive, "milliseconds, or false");
  return options;
}

/** Sets the option of the socket. Another stream has none. */
export function setKeepAlive(socket: unknown, keepAlive: KeepAliveOptions["keepAlive"] = defaultDelay): void {
  if (socket instanceof Socket) socket.setKeepAlive(keepAlive !== false, keepAlive === false ? 0 : keepAlive);
}
