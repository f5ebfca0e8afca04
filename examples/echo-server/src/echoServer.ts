/**
 * The example's server: a page over plain HTTP and, at `/channel` on the same port, an echo over TLS 1.2 in a
 * WebSocket.
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
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
import { type IssueOptions, type TestCa, testCa } from "@handclasp/testing";

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

  const [own, other] = await Promise.all([testCa(), testCa()]);
  const credentials = await issue(own);
  const http = createHttpServer(servePage({ "/ca.pem": ca ?? own.pem, "/other-ca.pem": other.pem }, own));
  const servers = await Promise.all(
    Object.entries({ "/channel": {}, ...lessons(own) }).map(async ([path, lesson]) => {
      const server = createServer(
        {
          credentials,
          suites: legacySuites, // with RSA key exchange, which is off by default, but which this page teaches
          // P-256 is last, so that the server prefers the group that the reader chose: with an ECDSA suite, the page
          // always offers P-256 too.
          groups: [x25519, secp384r1, secp521r1, secp256r1],
          handshakeTimeout: 120_000, // a lesson may run on a slow machine
          onError: (error) => emit({ type: "error", error: error as TlsError }),
          ...tls,
          ...lesson,
        },
        async (connection) => {
          emit({ type: "established", session: connection.session });
          await connection.readable.pipeTo(connection.writable);
          emit({ type: "closed" });
        },
      );
      await server.listenWebSocket({ server: http, path });
      return server;
    }),
  );
  await new Promise<void>((resolve, reject) => {
    http.once("error", reject);
    http.listen(port, host, resolve);
  });
  return {
    url: `http://${host}:${(http.address() as AddressInfo).port}/`,
    events,
    async close() {
      await Promise.all(servers.map((server) => server.close()));
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

/** Issues an ECDSA and an RSA certificate. The cipher suite decides which one a handshake uses. */
async function issue(ca: TestCa, options: IssueOptions = {}): Promise<Credential[]> {
  const issued = await Promise.all(
    (["ecdsa-p256", "rsa-2048"] as const).map((algorithm) =>
      ca.issue({ names: ["localhost", "127.0.0.1"], algorithm, ...options }),
    ),
  );
  return issued.map(nodeCredential);
}

const day = 24 * 60 * 60 * 1000;

/** The servers for the lessons that need one of their own, by their paths. They issue certificates when first used. */
function lessons(ca: TestCa): Readonly<Record<string, Partial<ServerOptions>>> {
  const lazily = (options: IssueOptions): Partial<ServerOptions> => {
    let issued: Promise<Credential[]> | undefined;
    return {
      credentials: () => {
        issued ??= issue(ca, options);
        return issued;
      },
    };
  };
  const now = Date.now();
  return {
    "/textbook": { textbook: true },
    "/expired": lazily({ notBefore: new Date(now - 30 * day), notAfter: new Date(now - day) }),
    "/wrong-host": lazily({ names: ["elsewhere.example"] }),
    "/client-certificate": { clientAuth: "require", ca: ca.pem },
  };
}

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json",
  ".map": "application/json",
  ".pem": "application/x-pem-file",
};

/**
 * Serves the files of the built page, `certificates`, and a client's certificate with its key, which anyone may have:
 * it authenticates only to this example.
 */
function servePage(certificates: Readonly<Record<string, string>>, ca: TestCa): RequestListener {
  const page = new URL("page/", import.meta.url);
  const files = new Map<string, string | Buffer>(
    readdirSync(page).map((name) => [`/${name}`, readFileSync(new URL(name, page))]),
  );
  for (const [path, pem] of Object.entries(certificates)) files.set(path, pem);
  let client: Promise<string> | undefined;
  const contentSecurityPolicy = (host: string | undefined): string =>
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
    `connect-src 'self' ws://${host}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [path = "/"] = (request.url ?? "/").split("?");
    const name = path === "/" ? "/index.html" : path;
    if (name === "/client.json")
      client ??= ca.issue({ client: true }).then(({ cert, key }) => JSON.stringify({ cert, key }));
    const content = name === "/client.json" ? await client : files.get(name);
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
  return (request, response) => {
    serve(request, response).catch((error: unknown) => response.destroy(error as Error));
  };
}
