/**
 * The example's server: a page over plain HTTP and, at `/channel` on the same port, an echo over TLS 1.2 in a
 * WebSocket.
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

/** The options of the TLS server, and those of the example. By default, the server uses throw-away certificates. */
export interface EchoServerOptions extends Partial<ServerOptions> {
  /** The address to listen on. Default: `"127.0.0.1"`. */
  readonly host?: string;
  /** The port to listen on. Default: 0, any free port. */
  readonly port?: number;
  /**
   * The certificate of the CA that the page trusts, in PEM. The page downloads it from `/ca.pem`. Default: the CA of
   * the throw-away certificates.
   */
  readonly ca?: string;
  /** The function to call for every event. */
  readonly onEvent?: (event: EchoEvent) => void;
}

export type EchoEvent =
  | { readonly type: "established"; readonly session: Session }
  | { readonly type: "closed" }
  | { readonly type: "error"; readonly error: TlsError };

export interface EchoServer {
  /** The URL of the page. The WebSocket is at `channel` below it. */
  readonly url: string;
  /** All events so far. */
  readonly events: readonly EchoEvent[];
  close(): Promise<void>;
}

/**
 * Starts the server. The promise resolves when the server listens.
 * @example
 * const server = await startEchoServer({ port: 8080 });
 * console.log(server.url);
 */
export async function startEchoServer(options: EchoServerOptions = {}): Promise<EchoServer> {
  const { host = "127.0.0.1", port = 0, ca, onEvent, ...tls } = options;
  const events: EchoEvent[] = [];
  const emit = (event: EchoEvent): void => {
    events.push(event);
    onEvent?.(event);
  };

  const throwAway = await throwAwayCertificates();
  const server = createServer(
    {
      credentials: throwAway.credentials,
      suites: legacySuites, // with RSA key exchange, which is off by default, but which this page teaches
      // P-256 is last, so that the server prefers the group that the reader chose: with an ECDSA suite, the page always
      // offers P-256 too.
      groups: [x25519, secp384r1, secp521r1, secp256r1],
      onError: (error) => emit({ type: "error", error: error as TlsError }),
      ...tls,
    },
    async (connection) => {
      emit({ type: "established", session: connection.session });
      await connection.readable.pipeTo(connection.writable);
      emit({ type: "closed" });
    },
  );

  const http = createHttpServer(servePage(ca ?? throwAway.ca));
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

/** Issues an ECDSA and an RSA certificate. The cipher suite decides which one a handshake uses. */
async function throwAwayCertificates(): Promise<{ ca: string; credentials: Credential[] }> {
  const ca = await testCa();
  const names = ["localhost", "127.0.0.1"];
  const issued = await Promise.all([
    ca.issue({ names, algorithm: "ecdsa-p256" }),
    ca.issue({ names, algorithm: "rsa-2048" }),
  ]);
  return { ca: ca.pem, credentials: issued.map(nodeCredential) };
}

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".map": "application/json",
  ".pem": "application/x-pem-file",
};

/** Serves the files of the built page and the CA's certificate. */
function servePage(ca: string): RequestListener {
  const page = new URL("page/", import.meta.url);
  const files = new Map<string, string | Buffer>(
    readdirSync(page).map((name) => [`/${name}`, readFileSync(new URL(name, page))]),
  );
  files.set("/ca.pem", ca);
  const contentSecurityPolicy = (host: string | undefined): string =>
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
    `connect-src 'self' ws://${host}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
  return (request, response) => {
    const [path = "/"] = (request.url ?? "/").split("?");
    const name = path === "/" ? "/index.html" : path;
    const content = files.get(name);
    if (content === undefined || (request.method !== "GET" && request.method !== "HEAD")) {
      response.writeHead(content === undefined ? 404 : 405).end();
      return;
    }
    response.writeHead(200, {
      "content-type": contentTypes[extname(name)] ?? "application/octet-stream",
      "cache-control": "no-store",
      "content-security-policy": contentSecurityPolicy(request.headers.host),
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
    });
    response.end(content);
  };
}
