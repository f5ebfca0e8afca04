/**
 * An ordinary WebSocket server, for the engine's own class.
 * @module
 */
import { createHash } from "node:crypto";
import type { IncomingMessage, Server } from "node:http";
import type { Server as SecureServer } from "node:https";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { behaviourOf, requestOf, selectProtocol } from "./behaviours.ts";
import { type ByteStream, encodeClose, FrameReader } from "./frames.ts";
import { serve } from "./serve.ts";

export function servePlainly(server: Server | SecureServer): void {
  server.on("upgrade", (message: IncomingMessage, socket: Duplex, first: Buffer) => {
    socket.on("error", () => {});
    void upgrade(message, socket, first).catch(() => socket.destroy());
  });
}

async function upgrade({ url = "", headers }: IncomingMessage, socket: Duplex, first: Buffer): Promise<void> {
  const offered = headers["sec-websocket-protocol"];
  const request = requestOf(url, offered?.split(",").map((one) => one.trim()) ?? []);
  const behaviour = behaviourOf(request.name);
  if (!behaviour) return refuse(socket, "404 Not Found");
  if (behaviour.delay) await sleep(behaviour.delay);
  if (socket.destroyed) return;
  if (behaviour.opening === "garbage") return void socket.end("FOO BAR BAZ\r\n\r\n");
  const protocol = selectProtocol(behaviour, request);
  if (protocol === undefined) return refuse(socket, "400 Bad Request");
  const key = behaviour.opening === "wrong key" ? "thisisawrongacceptkey" : acceptKey(headers["sec-websocket-key"]);
  const lines = [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${key}`,
    ...(protocol ? [`Sec-WebSocket-Protocol: ${protocol}`] : []),
  ];
  const answer = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`);
  const stream = new SocketStream(socket);
  const reader = new FrameReader(stream, first);
  if (behaviour.opening === "and a Close") {
    await stream.write(Buffer.concat([answer, encodeClose(1001, "PASS")]));
    await reader.next();
    return stream.end();
  }
  await stream.write(answer);
  await serve(stream, reader, behaviour, request);
}

const refuse = (socket: Duplex, status: string): void =>
  void socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);

/** RFC 6455 §4.2.2. */
const acceptKey = (key: string | undefined): string =>
  createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");

class SocketStream implements ByteStream {
  readonly #socket: Duplex;
  readonly #chunks: AsyncIterator<Buffer>;

  constructor(socket: Duplex) {
    this.#socket = socket;
    this.#chunks = socket[Symbol.asyncIterator]();
  }

  async read(): Promise<Uint8Array | undefined> {
    try {
      const { value, done } = await this.#chunks.next();
      return done ? undefined : value;
    } catch {
      return undefined;
    }
  }
  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => this.#socket.write(bytes, (error) => (error ? reject(error) : resolve())));
  }
  end(): void {
    this.#socket.end();
  }
  abort(): void {
    this.#socket.end();
  }
}
