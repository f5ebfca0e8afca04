/**
 * The transport of a raw peer: a TCP socket, with or without WebSocket frames.
 * @module
 */
import { createHash } from "node:crypto";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { FrameReader, frame, opcodes } from "./frames.ts";

export type TransportKind = "tcp" | "ws";
export const transports: readonly TransportKind[] = ["tcp", "ws"];

export class Wire {
  readonly socket: Socket;
  readonly transport: TransportKind;
  /** True for a client, whose frames are masked. */
  readonly masked: boolean;
  readonly #frames = new FrameReader();
  #inbox: Buffer[] = [];
  #over = false;
  #wake: (() => void) | undefined;

  constructor(socket: Socket, transport: TransportKind, masked: boolean, early: Buffer = Buffer.alloc(0)) {
    this.socket = socket;
    this.transport = transport;
    this.masked = masked;
    socket.setNoDelay(true);
    socket.on("data", (bytes) => this.#take(bytes));
    for (const event of ["end", "close", "error"]) socket.on(event, () => this.#end());
    if (early.length) this.#take(early);
  }

  /** Sends TLS bytes as a well-behaved peer does: over TCP without a frame, over WebSocket as one message. */
  write(bytes: Uint8Array): void {
    this.raw(this.transport === "tcp" ? bytes : frame(opcodes.binary, bytes, { masked: this.masked }));
  }

  /** Sends bytes on the socket without framing. */
  raw(bytes: Uint8Array): void {
    if (this.socket.writable) this.socket.write(bytes);
  }

  /**
   * Sends each piece in its own TCP segment, as far as the operating system permits.
   * @param everyTurn the number of pieces per turn of the event loop
   */
  async pieces(pieces: Iterable<Uint8Array>, everyTurn = 8): Promise<void> {
    let sent = 0;
    for (const piece of pieces) {
      this.raw(piece);
      sent++;
      if (sent % everyTurn === 0) await nextTurn();
      if (this.socket.destroyed) return;
      if (this.socket.writableLength > 2 ** 20) await this.flushed();
    }
  }

  /** Resolves when the operating system has accepted all written bytes, or the socket is closed. */
  flushed(): Promise<void> {
    if (this.socket.destroyed || this.socket.writableLength === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.socket.off("close", done);
        resolve();
      };
      this.socket.on("close", done);
      this.socket.write("", done);
    });
  }

  /** The next TLS bytes. `undefined` if the victim has closed its side. */
  async read(): Promise<Buffer | undefined> {
    while (!this.#inbox.length && !this.#over) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#inbox.shift();
  }

  /** True if the victim has closed its side. */
  get over(): boolean {
    return this.#over;
  }

  /** Ends our side cleanly: sends a FIN, after a close frame if the transport is a WebSocket. */
  finish(): void {
    if (this.transport === "ws") {
      const normal = Buffer.from([1000 >> 8, 1000 & 0xff]);
      this.raw(frame(opcodes.close, normal, { masked: this.masked }));
    }
    this.socket.end();
  }

  /** Sends a FIN without a close frame. */
  end(): void {
    this.socket.end();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  #take(bytes: Buffer): void {
    if (this.transport === "tcp") this.#inbox.push(bytes);
    else
      for (const { opcode, payload } of this.#frames.push(bytes)) {
        if (opcode === opcodes.close) this.#over = true;
        else if (opcode < opcodes.close) this.#inbox.push(payload);
      }
    this.#wake?.();
  }

  #end(): void {
    this.#over = true;
    this.#wake?.();
  }
}

export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** @param localAddress the loopback address from which the peer comes. Default 127.0.0.1 */
export async function dial(transport: TransportKind, port: number, localAddress?: string): Promise<Wire> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, ...(localAddress && { localAddress }) });
  socket.on("error", () => {});
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("close", () => reject(new Error("the victim did not accept the connection")));
  });
  if (transport === "tcp") return new Wire(socket, transport, true);
  const key = Buffer.alloc(16, 7).toString("base64");
  socket.write(
    `GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
  );
  const { head, rest } = await readHead(socket);
  if (!head.startsWith("HTTP/1.1 101")) throw new Error(`expected 101, got ${head.split("\r\n")[0]}`);
  return new Wire(socket, transport, true, rest);
}

export interface WireServer {
  readonly port: number;
  close(): void;
}

/** Starts a raw server, which passes each connection to `onWire`. */
export async function listenRaw(transport: TransportKind, onWire: (wire: Wire) => void): Promise<WireServer> {
  const sockets = new Set<Socket>();
  const accept = async (socket: Socket): Promise<void> => {
    sockets.add(socket);
    socket.on("error", () => {});
    if (transport === "tcp") return onWire(new Wire(socket, transport, false));
    const { head, rest } = await readHead(socket);
    const key = /^sec-websocket-key: *(\S+)/im.exec(head)?.[1] ?? "";
    const answer = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        `Sec-WebSocket-Accept: ${answer}\r\n\r\n`,
    );
    onWire(new Wire(socket, transport, false, rest));
  };
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => void accept(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close(): void {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Reads the HTTP head and the bytes that arrived with it. */
function readHead(socket: Socket): Promise<{ head: string; rest: Buffer }> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0);
    const onData = (bytes: Buffer): void => {
      received = Buffer.concat([received, bytes]);
      const end = received.indexOf("\r\n\r\n");
      if (end < 0) return;
      socket.off("data", onData);
      socket.off("close", onClose);
      resolve({ head: received.toString("latin1", 0, end), rest: received.subarray(end + 4) });
    };
    const onClose = (): void => resolve({ head: "", rest: received });
    socket.on("data", onData);
    socket.on("close", onClose);
  });
}
