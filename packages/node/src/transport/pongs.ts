/**
 * The answers to the pings of a WebSocket. ws would answer each ping at once: a flood of them would cost as many pongs,
 * and the memory of all pongs if the peer does not read.
 * @module
 */
import type { WebSocket } from "ws";

/** The WebSockets whose pong is on its way, with the ping to answer after it. */
const answering = new WeakMap<WebSocket, Buffer | undefined>();

/** Answers the pings of a WebSocket that was made with `autoPong: false`. */
export function answerPings(ws: WebSocket): void {
  ws.on("ping", onPing);
}

/**
 * Answers once in a turn of the event loop, and after the kernel has taken the last pong: only the latest ping needs an
 * answer (RFC 6455 §5.5.3). One function for all WebSockets, to save memory.
 */
function onPing(this: WebSocket, data: Buffer): void {
  const isAnswering = answering.has(this);
  answering.set(this, data);
  if (!isAnswering) setImmediate(answer, this);
}

function answer(ws: WebSocket): void {
  const data = answering.get(ws);
  if (!data || ws.readyState !== ws.OPEN) {
    answering.delete(ws);
    return;
  }
  answering.set(ws, undefined);
  ws.pong(data, undefined, () => setImmediate(answer, ws));
}
