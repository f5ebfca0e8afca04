/** The servers of the channel's specs: an HTTP server with the harness page, and Handclasp servers on its paths. */
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { createServer, type ServerOptions, type Session, type TlsConnection, type TlsError } from "@handclasp/node";
import { build } from "esbuild";
import type { Failure } from "./harness.ts";

export type Service = {
  /** The URL of the harness page. */
  readonly url: string;
  /** Starts a server on a new path. Without a handler, it echoes. */
  serve(options: ServerOptions, handler?: (channel: TlsConnection) => unknown): Promise<Served>;
  close(): Promise<void>;
};

export type Served = {
  readonly url: string;
  /** The sessions of all channels whose handshake succeeded. */
  readonly sessions: readonly Session[];
  /** The errors that `onError` received, the oldest first. */
  readonly errors: readonly Failure[];
  close(): Promise<unknown>;
};

export async function startService(): Promise<Service> {
  const script = await bundle();
  const http = createHttpServer((request, response) => {
    const [type, content] =
      request.url === "/harness.js"
        ? ["text/javascript", script]
        : [
            "text/html",
            '<!doctype html><meta charset="utf-8"><title>harness</title><script src="harness.js"></script>',
          ];
    response.setHeader("content-type", type).end(content);
  });
  await new Promise<void>((listening) => http.listen(0, "127.0.0.1", listening));
  const address = `127.0.0.1:${(http.address() as AddressInfo).port}`;
  let serverCount = 0;
  return {
    url: `http://${address}/`,
    async serve(options, handler = echo) {
      const sessions: Session[] = [];
      const errors: Failure[] = [];
      const onError = (error: unknown): void => {
        const { code, alert, by, fault, message } = error as TlsError;
        errors.push({ code, alert, by, fault, message });
      };
      const server = createServer({ ...options, onError }, async (channel) => {
        sessions.push(channel.session);
        await handler(channel);
      });
      const path = `/channel/${++serverCount}`;
      await server.listenWebSocket({ server: http, path });
      return { url: `ws://${address}${path}`, sessions, errors, close: () => server.close() };
    },
    async close() {
      http.closeAllConnections();
      await new Promise((closed) => http.close(closed));
    },
  };
}

const echo = (channel: TlsConnection): Promise<void> => channel.readable.pipeTo(channel.writable);

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("harness.ts", import.meta.url))],
    bundle: true,
    format: "iife",
    target: "es2022",
    write: false,
    logLevel: "error", // a chunk that is imported for its effects alone is no mistake
  });
  return outputFiles[0]?.text ?? "";
}
