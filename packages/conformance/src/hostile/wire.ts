/**
 * The carrier of a raw peer: a plain socket, and over it either nothing or WebSocket frames made by hand.
 * @module
 */
import { createHash } from "node:crypto";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { FrameReader, frame, opcodes } from "./frames.ts";

export type Carrier = "tcp" | "ws";
export const carriers: readonly Carrier[] = ["tcp", "ws"];

export class Wire {
  readonly socket: Socket;
  readonly carrier: Carrier;
  /** Whether our frames are masked: those of a client are. */
  readonly masked: boolean;
  readonly #frames = new FrameReader();
  #inbox: Buffer[] = [];
  #over = false;
  #wake: (() => void) | undefined;

  constructor(socket: Socket, carrier: Carrier, masked: boolean, early: Buffer = Buffer.alloc(0)) {
    this.socket = socket;
    this.carrier = carrier;
    this.masked = masked;
    socket.setNoDelay(true);
    socket.on("data", (bytes) => this.#take(bytes));
    for (const event of ["end", "close", "error"]) socket.on(event, () => this.#end());
    if (early.length) this.#take(early);
  }

  /** Sends TLS bytes as an honest peer does: as they are, or as one message. */
  write(bytes: Uint8Array): void {
    this.raw(this.carrier === "tcp" ? bytes : frame(opcodes.binary, bytes, { masked: this.masked }));
  }

  /** Sends what stands on the socket itself. */
  raw(bytes: Uint8Array): void {
    if (this.socket.writable) this.socket.write(bytes);
  }

  /** Sends each piece in a segment of its own, as far as the host lets us say so. */
  async pieces(pieces: Iterable<Uint8Array>, everyTurn = 8): Promise<void> {
    let sent = 0;
    for (const piece of pieces) {
      this.raw(piece);
      sent++;
      if (sent % everyTurn === 0) await turn();
      if (this.socket.destroyed) return;
      if (this.socket.writableLength > 2 ** 20) await this.flushed();
    }
  }

  /** Resolves once the host has taken what was written, or the socket is gone. */
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

  /** The next TLS bytes, or `undefined` once the victim's side has ended. */
  async read(): Promise<Buffer | undefined> {
    while (!this.#inbox.length && !this.#over) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#inbox.shift();
  }

  /** Whether the victim's side has ended. */
  get over(): boolean {
    return this.#over;
  }

  /** Ends our side in order: a close frame where there are frames, then a FIN. */
  finish(): void {
    if (this.carrier === "ws") {
      const normal = Buffer.from([1000 >> 8, 1000 & 0xff]);
      this.raw(frame(opcodes.close, normal, { masked: this.masked }));
    }
    this.socket.end();
  }

  /** A FIN and nothing before it. */
  end(): void {
    this.socket.end();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  #take(bytes: Buffer): void {
    if (this.carrier === "tcp") this.#inbox.push(bytes);
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

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export async function dial(carrier: Carrier, port: number): Promise<Wire> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => {});
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("close", () => reject(new Error("the victim did not accept the connection")));
  });
  if (carrier === "tcp") return new Wire(socket, carrier, true);
  const key = Buffer.alloc(16, 7).toString("base64");
  socket.write(
    `GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
  );
  const { head, rest } = await readHead(socket);
  if (!head.startsWith("HTTP/1.1 101")) throw new Error(`expected 101, got ${head.split("\r\n")[0]}`);
  return new Wire(socket, carrier, true, rest);
}

export interface WireServer {
  readonly port: number;
  close(): void;
}

/** A raw server: what connects is handed to `onWire`. */
export async function listenRaw(carrier: Carrier, onWire: (wire: Wire) => void): Promise<WireServer> {
  const sockets = new Set<Socket>();
  const accept = async (socket: Socket): Promise<void> => {
    sockets.add(socket);
    socket.on("error", () => {});
    if (carrier === "tcp") return onWire(new Wire(socket, carrier, false));
    const { head, rest } = await readHead(socket);
    const key = /^sec-websocket-key: *(\S+)/im.exec(head)?.[1] ?? "";
    const answer = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        `Sec-WebSocket-Accept: ${answer}\r\n\r\n`,
    );
    onWire(new Wire(socket, carrier, false, rest));
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

/** What stands before the first frame, and what came behind it. */
function readHead(socket: Socket): Promise<{ head: string; rest: Buffer }> {
  return new Promise((resolve) => {
    let held = Buffer.alloc(0);
    const onData = (bytes: Buffer): void => {
      held = Buffer.concat([held, bytes]);
      const end = held.indexOf("\r\n\r\n");
      if (end < 0) return;
      socket.off("data", onData);
      socket.off("close", onClose);
      resolve({ head: held.toString("latin1", 0, end), rest: held.subarray(end + 4) });
    };
    const onClose = (): void => resolve({ head: "", rest: held });
    socket.on("data", onData);
    socket.on("close", onClose);
  });
}
