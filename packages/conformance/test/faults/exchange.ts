/**
 * One exchange of the fault matrix: a client and a server over real sockets, with the fault proxy between them.
 */
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { webSocketTransport } from "@handclasp/browser";
import { browserCredential } from "@handclasp/browser/credential";
import { type CryptoProvider, connect, createServer, nodeCredential, type TlsServer } from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import { type Fault, type FaultSender, faultProxy } from "@handclasp/testing/faults";
import { Agent, WebSocket } from "undici";

/**
 * TCP, a WebSocket of `ws` at both ends, and a WebSocket with the client of a page, @handclasp/browser, whose class is
 * that of undici here.
 */
export type Carrier = "tcp" | "ws" | "page";

/** A limit that only a hang reaches. */
const never = 3_600_000;
/** How long each side may take to end, whatever its own limits are. Only a hang reaches it. */
const hang = 600_000;
/** The limits of an exchange in which no side can succeed. */
const short = 1_000;

const none = new Uint8Array(0);

const ca = await testCa();
// Signatures of Ed25519 have one length, so each handshake of a provider has the same number of bytes.
const issued = await ca.issue({ names: ["localhost"], algorithm: "ed25519" });
export const credentials = {
  sync: nodeCredential(issued),
  /** A credential that signs with WebCrypto, and so later. */
  async: await browserCredential(issued),
};

export interface Parties {
  readonly carrier: Carrier;
  readonly provider: CryptoProvider;
  readonly credential: keyof typeof credentials;
  /** The data of each side. */
  readonly data: Uint8Array;
  readonly fault?: Fault;
  /** The phases in which a side waits for what the fault withholds, so that its limit has to end it. */
  readonly waitsIn?: "handshake" | "open" | undefined;
}

/** The end of one side: what it has read, what it had to read, and the error, if its end is not clean. */
export interface End {
  readonly read: Uint8Array;
  /** The data that the peer has sent. A client whose handshake has failed has sent none. */
  readonly sent: Uint8Array;
  readonly error: unknown;
}

type Outcome = Omit<End, "sent">;

export interface Exchange {
  readonly client: End;
  readonly server: End;
  /** The number of bytes of TLS that each side has sent until its handshake was done, and until the end. */
  readonly handshake: Readonly<Record<FaultSender, number>>;
  readonly total: Readonly<Record<FaultSender, number>>;
}

/**
 * Each side sends `data`, reads it, and closes. It ends by itself: the proxy resets nothing before both sides have
 * ended.
 * @throws Error if a side does not end
 */
export async function exchange(parties: Parties): Promise<Exchange> {
  const { carrier, fault } = parties;
  const handshake = { client: 0, server: 0 };
  await using server = await listen(parties);
  await using proxy = await faultProxy({
    target: server.port,
    transport: carrier === "tcp" ? "tcp" : "ws",
    ...(fault && { fault }),
  });
  const ends = { client: clientEnd(parties, proxy.port, handshake), server: server.end };
  const [client, serverEnd] = await Promise.all([inTime("client", ends.client), inTime("server", ends.server)]);
  const total = { client: proxy.bytesFrom("client"), server: proxy.bytesFrom("server") };
  const { data } = parties;
  return {
    client: { ...client, sent: data },
    server: { ...serverEnd, sent: handshake.client ? data : none },
    handshake,
    total,
  };
}

async function inTime(side: FaultSender, end: Promise<Outcome>): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the ${side} has not ended within ${hang} ms`)), hang);
  });
  try {
    return await Promise.race([end, late]);
  } finally {
    clearTimeout(timer);
  }
}

const limitsOf = ({ waitsIn }: Parties) => ({
  handshakeTimeout: waitsIn === "handshake" ? short : never,
  closeTimeout: waitsIn ? short : never,
});

interface Listening extends AsyncDisposable {
  readonly port: number;
  readonly end: Promise<Outcome>;
}

async function listen(parties: Parties): Promise<Listening> {
  const { carrier, provider, credential, data, waitsIn } = parties;
  let settle!: (end: Outcome) => void;
  const end = new Promise<Outcome>((resolve) => {
    settle = resolve;
  });
  const server: TlsServer = createServer(
    {
      ...limitsOf(parties),
      provider,
      credentials: credentials[credential],
      // In a handshake, its own limit has to end it.
      ...(waitsIn === "open" && { idleTimeout: short }),
      // A connection that fails in its handshake has no handler.
      onError: (error) => settle({ read: none, error }),
    },
    async (channel) => {
      const read: Uint8Array[] = [];
      try {
        for await (const bytes of channel) {
          read.push(bytes);
          if (Buffer.concat(read).length === data.length) await channel.write(data);
        }
        await channel.close();
        settle({ read: Buffer.concat(read), error: undefined });
      } catch (error) {
        settle({ read: Buffer.concat(read), error });
      }
    },
  );
  const close = async () => {
    // A side that hangs may not close either.
    for (const connection of server.connections) connection.abort();
    await server.close({ grace: 0 });
  };
  if (carrier === "tcp") {
    const listener = await server.listenTcp();
    return { port: (listener.address() as AddressInfo).port, end, [Symbol.asyncDispose]: close };
  }
  // The limits for the request of a WebSocket and its pings would race with a slow machine.
  const http = createHttpServer({ requestTimeout: 0, headersTimeout: 0 });
  await server.listenWebSocket({ server: http, heartbeat: false });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const dispose = async () => {
    await close();
    http.close();
    http.closeAllConnections();
  };
  return { port: (http.address() as AddressInfo).port, end, [Symbol.asyncDispose]: dispose };
}

/** Without limits of its own for the opening. The types of undici and of the DOM differ in `this` alone. */
const dispatcher = new Agent({ connect: { timeout: 0 }, headersTimeout: 0 });
const pageWebSocket = (url: string) => new WebSocket(url, { dispatcher }) as unknown as globalThis.WebSocket;

async function clientEnd(parties: Parties, port: number, handshake: Record<FaultSender, number>): Promise<Outcome> {
  const { carrier, provider, data, waitsIn } = parties;
  const read: Uint8Array[] = [];
  try {
    const url = `${carrier === "tcp" ? "tcp" : "ws"}://127.0.0.1:${port}/`;
    const target = carrier === "page" ? webSocketTransport(pageWebSocket(url)) : url;
    const channel = await connect(target, {
      ...limitsOf(parties),
      ...(carrier === "ws" && { webSocket: { handshakeTimeout: never } }),
      provider,
      ca: ca.pem,
      serverName: "localhost",
    });
    handshake.client = channel.traffic.bytesSent;
    handshake.server = channel.traffic.bytesReceived;
    // An application has to limit its own waits: an open connection may wait for ever.
    const timer = waitsIn ? setTimeout(() => channel.abort(), short) : undefined;
    try {
      const writing = channel.write(data);
      while (Buffer.concat(read).length < data.length) {
        const bytes = await channel.read();
        if (!bytes) break;
        read.push(bytes);
      }
      await writing;
      await channel.close();
      return { read: Buffer.concat(read), error: undefined };
    } finally {
      clearTimeout(timer);
    }
  } catch (error) {
    return { read: Buffer.concat(read), error };
  }
}
