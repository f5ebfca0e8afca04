/**
 * The example's server: a page over plain HTTP, and on one path of the same port TLS 1.2 inside a WebSocket, where everything comes back.
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { extname } from "node:path";
import {
  type Credential,
  legacySuites,
  type Session,
  secp256r1,
  secp384r1,
  secp521r1,
  type TlsError,
  x25519,
} from "@handclasp/core";
import { createServer, nodeCredential, type ServerOptions } from "@handclasp/node";
import { testCa } from "@handclasp/testing";

/** Anything of the TLS server's options may be said; what is not, is made for a first look. */
export interface EchoServerOptions extends Partial<ServerOptions> {
  /** Default `"127.0.0.1"`. */
  readonly host?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  /** What `/ca.pem` hands out: PEM of whom the page trusts. Default: the CA of the throw-away certificates. */
  readonly ca?: string;
  /** Told of everything, as it happens. */
  readonly onEvent?: (event: EchoEvent) => void;
}

export type EchoEvent =
  | { readonly type: "established"; readonly session: Session }
  | { readonly type: "closed" }
  | { readonly type: "error"; readonly error: TlsError };

export interface EchoServer {
  /** Of the page; the channel is at `channel` below it. */
  readonly url: string;
  /** Everything that has happened so far. */
  readonly events: readonly EchoEvent[];
  close(): Promise<void>;
}

/**
 * @example
 * const server = await startEchoServer({ port: 8080 });
 * console.log(server.url);
 */
export async function startEchoServer(options: EchoServerOptions = {}): Promise<EchoServer> {
  const { host = "127.0.0.1", port = 0, ca, onEvent, ...tls } = options;
  const events: EchoEvent[] = [];
  const tell = (event: EchoEvent): void => {
    events.push(event);
    onEvent?.(event);
  };

  const throwAway = await throwAwayCertificates();
  const server = createServer(
    {
      credentials: throwAway.credentials,
      suites: legacySuites, // the textbook's RSA key exchange is on request only: here it is the lesson
      groups: [x25519, secp384r1, secp521r1, secp256r1], // P-256 last: the page offers it beside the one that the reader chose
      onError: (error) => tell({ type: "error", error: error as TlsError }),
      ...tls,
    },
    async (connection) => {
      tell({ type: "established", session: connection.session });
      await connection.readable.pipeTo(connection.writable);
      tell({ type: "closed" });
    },
  );

  const http = createHttpServer(pageOf(ca ?? throwAway.ca));
  await server.listenWebSocket({ server: http, path: "/channel" });
  await new Promise<void>((resolve, reject) => {
    http.once("error", reject);
    http.listen(port, host, resolve);
  });
  return {
    url: `http://${host}:${(http.address() as AddressInfo).port}/`,
    events,
    async close() {
      await server.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

/** One for each kind of suite: which is used, the suite decides. */
async function throwAwayCertificates(): Promise<{ ca: string; credentials: Credential[] }> {
  const ca = await testCa();
  const names = ["localhost", "127.0.0.1"];
  const issued = await Promise.all([
    ca.issue({ names, algorithm: "ecdsa-p256" }),
    ca.issue({ names, algorithm: "rsa-2048" }),
  ]);
  return { ca: ca.pem, credentials: issued.map(nodeCredential) };
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".map": "application/json",
  ".pem": "application/x-pem-file",
};

/** The built page and the CA's certificate, and nothing else. */
function pageOf(ca: string): RequestListener {
  const page = new URL("page/", import.meta.url);
  const files = new Map<string, string | Buffer>(
    readdirSync(page).map((name) => [`/${name}`, readFileSync(new URL(name, page))]),
  );
  files.set("/ca.pem", ca);
  return (request, response) => {
    const [path = "/"] = (request.url ?? "/").split("?");
    const name = path === "/" ? "/index.html" : path;
    const content = files.get(name);
    if (content === undefined || (request.method !== "GET" && request.method !== "HEAD")) {
      response.writeHead(content === undefined ? 404 : 405).end();
      return;
    }
    response.writeHead(200, {
      "content-type": types[extname(name)] ?? "application/octet-stream",
      "cache-control": "no-store",
      "content-security-policy": `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' ws://${request.headers.host}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
    });
    response.end(content);
  };
}
