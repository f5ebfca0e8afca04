/** The servers of the libraries' specs: a page with its script, messages at one path, and a VNC server at another. */
import { createServer as createHttpServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { acceptMessages, type Messages, messageProtocols } from "@handclasp/core/messages";
import { createServer, type ServerCredentials, type TlsConnection } from "@handclasp/node";
import { build } from "esbuild";
import { GRAPHQL_TRANSPORT_WS_PROTOCOL, makeServer } from "graphql-ws";

// As graphql-ws gets it from Node.js.
const { buildSchema } = createRequire(import.meta.url)("graphql") as typeof import("graphql");

export type Service = {
  /** The URL of the page. */
  readonly url: string;
  /** The URL of the servers, without a path. */
  readonly socketUrl: string;
  /** The paths of the outer upgrades. */
  readonly upgrades: readonly (string | undefined)[];
  close(): Promise<void>;
};

export async function startLibrariesService(credentials: ServerCredentials): Promise<Service> {
  const script = await bundle();
  const html =
    '<!doctype html><meta charset="utf-8"><title>libraries</title><script type="module" src="script.js"></script>';
  const http = createHttpServer(({ url }, response) => {
    const isScript = url === "/script.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html").end(isScript ? script : html);
  });
  await new Promise<void>((listening) => http.listen(0, "127.0.0.1", listening));
  const upgrades: (string | undefined)[] = [];
  const onError = (): void => {};
  const messages = createServer(
    { credentials, alpn: messageProtocols, requireAlpn: true, onError },
    async (channel, request) => {
      upgrades.push(request?.url);
      const accepted = await acceptMessages(channel, { protocols: ["chat", GRAPHQL_TRANSPORT_WS_PROTOCOL] });
      if (accepted.opening.path.startsWith("/echo"))
        await echo(accepted.messages, () => request?.socket.resetAndDestroy());
      else await serveGraphql(accepted.messages);
    },
  );
  await messages.listenWebSocket({ server: http, path: "/messages" });
  const vnc = createServer({ credentials, onError }, serveVnc);
  await vnc.listenWebSocket({ server: http, path: "/vnc" });
  const address = `127.0.0.1:${(http.address() as AddressInfo).port}`;
  return {
    url: `http://${address}/`,
    socketUrl: `ws://${address}`,
    upgrades,
    async close() {
      await Promise.all([messages.close({ grace: 0 }), vnc.close({ grace: 0 })]);
      http.closeAllConnections();
      await new Promise((closed) => http.close(closed));
    },
  };
}

async function echo(messages: Messages, cut: () => void): Promise<void> {
  for await (const message of messages) {
    if (message === "cut") cut();
    else await messages.send(message);
  }
}

const server = makeServer({
  schema: buildSchema("type Query { hello(name: String!): String } type Subscription { count: Int }"),
  roots: {
    query: { hello: ({ name }: { name: string }) => `hello ${name}` },
    subscription: {
      async *count() {
        for (let count = 0; ; count++) {
          yield { count };
          await new Promise((resolve) => setImmediate(resolve));
        }
      },
    },
  },
});

async function serveGraphql(messages: Messages): Promise<void> {
  const closed = server.opened(
    {
      protocol: messages.protocol,
      send: (text) => messages.send(text).catch(() => {}),
      close: (code, reason) => void messages.close(code, reason),
      onMessage: (callback) => {
        void (async () => {
          for await (const message of messages) void callback(message as string);
        })().catch(() => {});
      },
    },
    undefined,
  );
  const { code, reason } = await messages.closed.catch(() => ({ code: 1006, reason: "" }));
  await closed(code, reason);
}

/** A VNC server (RFC 6143) of 2 x 2 pixels: red, green, blue and white. */
async function serveVnc(channel: TlsConnection): Promise<void> {
  const reader = new BytesOf(channel);
  await channel.write(new TextEncoder().encode("RFB 003.008\n"));
  await reader.take(12);
  await channel.write(new Uint8Array([1, 1])); // one security type: None
  await reader.take(1);
  await channel.write(new Uint8Array(4)); // SecurityResult: OK
  await reader.take(1); // ClientInit
  const name = new TextEncoder().encode("a desktop");
  // ServerInit: 2 x 2, 32 bits, depth 24, little endian, true colour, maxima of 255, shifts 0, 8 and 16.
  const format = [32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16, 0, 0, 0];
  await channel.write(new Uint8Array([0, 2, 0, 2, ...format, 0, 0, 0, name.length, ...name]));
  const pixels = [255, 0, 0, 0, 0, 255, 0, 0, 0, 0, 255, 0, 255, 255, 255, 0];
  for (;;) {
    const type = (await reader.take(1))[0];
    if (type === 0)
      await reader.take(19); // SetPixelFormat: noVNC asks for the format above
    else if (type === 2) {
      const [, high = 0, low = 0] = await reader.take(3);
      await reader.take(4 * (high * 256 + low)); // SetEncodings
    } else if (type === 3) {
      const [incremental] = await reader.take(9);
      // FramebufferUpdate: one rectangle, encoded raw
      if (!incremental)
        await channel.write(new Uint8Array([0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 2, 0, 0, 0, 0, ...pixels]));
    } else return; // the client has left
  }
}

/** The bytes of a channel, as many as one asks for. */
class BytesOf {
  readonly #channel: TlsConnection;
  #waiting = Buffer.alloc(0);

  constructor(channel: TlsConnection) {
    this.#channel = channel;
  }

  /** Returns fewer bytes only at the end. */
  async take(count: number): Promise<Buffer> {
    while (this.#waiting.length < count) {
      const bytes = await this.#channel.read();
      if (!bytes) break;
      this.#waiting = Buffer.concat([this.#waiting, bytes]);
    }
    const taken = this.#waiting.subarray(0, count);
    this.#waiting = this.#waiting.subarray(count);
    return taken;
  }
}

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("libraries.ts", import.meta.url))],
    bundle: true,
    format: "esm", // noVNC awaits at the top level
    target: "es2022",
    write: false,
    logLevel: "error",
  });
  return outputFiles[0]?.text ?? "";
}
