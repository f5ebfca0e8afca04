/**
 * One interface for the clients of Redis.
 * @module
 */
import { wrongOption } from "@handclasp/core/unstable";

/** Sends one command, and resolves to its reply: texts, numbers, `null` and lists. */
export type SendCommand = (command: readonly string[]) => Promise<unknown>;

/** A client of ioredis, iovalkey or node-redis, or a function for any other. */
export type RedisClient =
  | SendCommand
  | (Emits & { call(command: string, ...args: string[]): Promise<unknown> })
  | (Emits & { sendCommand(command: string[]): Promise<unknown> });

interface Emits {
  on?(event: "error" | "ready", listener: (error?: unknown) => void): unknown;
  off?(event: "error" | "ready", listener: (error?: unknown) => void): unknown;
}

/** @throws TlsError `configuration` */
export function senderOf(client: RedisClient): SendCommand {
  if (typeof client === "function") return client;
  if (typeof client === "object" && client !== null) {
    // ioredis has `sendCommand` too, with another parameter.
    if ("call" in client && typeof client.call === "function")
      return ([command = "", ...args]) => client.call(command, ...args);
    if ("sendCommand" in client && typeof client.sendCommand === "function")
      return (command) => client.sendCommand([...command]);
  }
  throw wrongOption(
    "client",
    client,
    "a client of ioredis, iovalkey or node-redis, or a function that sends a command",
  );
}

/**
 * Listens to the errors of the connection, without which node-redis would end the process, and to its beginning.
 * Returns a function that stops listening to the beginning. The listener of errors stays, because the client stays.
 */
export function listen(client: RedisClient, onError: (error: unknown) => void, onReady: () => void): () => void {
  if (typeof client === "function") return () => {};
  client.on?.("error", onError);
  client.on?.("ready", onReady);
  return () => client.off?.("ready", onReady);
}
