/**
 * The runner's side: an HTTP server that gives a runtime its program and settings and takes its report, and the echo
 * server that the program connects to.
 * @module
 */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { type Credential, createServer, nodeCredential, type SignatureScheme } from "@handclasp/node";
import { type TestCa, testCa } from "@handclasp/testing";
import type {
  AuthorityAnswer,
  AuthorityRequest,
  IssueAnswer,
  IssueRequest,
  Report,
  Settings,
  SignAnswer,
  SignRequest,
} from "./protocol.ts";

/** Only a runtime that hangs takes so long, in milliseconds, even on a busy machine. */
const reportTimeout = 15 * 60_000;

/** A host whose pages have no secure context: browsers trust only `localhost` and the addresses of this computer. */
export const insecureHost = "insecure.example";

export interface Runner {
  /** The origin of the HTTP server, with the host 127.0.0.1. */
  readonly origin: string;
  /** Serves a script at `/program.js`, and pages that load it at `/` and, in a worker, at `/worker`. */
  serve(script: string): void;
  /** Begins to wait for a report. `failed` ends the wait with an error. */
  expectReport(): { readonly report: Promise<Report>; failed(error: Error): void };
  close(): Promise<void>;
}

export async function startRunner(): Promise<Runner> {
  const ca = await testCa();
  const echo = createServer({ credentials: [nodeCredential(await ca.issue())] }, (channel) =>
    channel.readable.pipeTo(channel.writable),
  );
  const authorities: TestCa[] = [];
  /** By the PEM of their key. */
  const credentials = new Map<string, Credential>();
  let settings: Settings | undefined;
  let script = "";
  let onReport: ((report: Report) => void) | undefined;

  const answers: Readonly<Record<string, (body: string) => Promise<object> | object>> = {
    "/settings": () => settings as Settings,
    "/report": (body) => {
      onReport?.(JSON.parse(body) as Report);
      return {};
    },
    "/authority": async (body): Promise<AuthorityAnswer> => {
      const authority = await testCa(JSON.parse(body) as AuthorityRequest);
      return { id: authorities.push(authority) - 1, pem: authority.pem, key: authority.key };
    },
    "/issue": async (body): Promise<IssueAnswer> => {
      const { id, notBefore, notAfter, ...options } = JSON.parse(body) as IssueRequest;
      const issued = await (authorities[id] as TestCa).issue({
        ...options,
        ...(notBefore && { notBefore: new Date(notBefore) }),
        ...(notAfter && { notAfter: new Date(notAfter) }),
      });
      const { cert, key, chain } = issued;
      credentials.set(key, nodeCredential(issued));
      return { cert, key, chain: chain.map((der) => Buffer.from(der).toString("base64")) };
    },
    "/sign": async (body): Promise<SignAnswer> => {
      const { key, scheme, message } = JSON.parse(body) as SignRequest;
      const credential = credentials.get(key) as Credential;
      const known = credential.schemes.find(({ id }) => id === scheme) as SignatureScheme;
      const signature = await credential.sign(known, Buffer.from(message, "base64"));
      return { signature: Buffer.from(signature).toString("base64") };
    },
  };
  const files: Readonly<Record<string, () => readonly [type: string, body: string]>> = {
    "/": () => ["text/html", `<!doctype html><script type="module" src="/program.js"></script>`],
    "/worker": () => ["text/html", `<!doctype html><script>new Worker("/program.js", { type: "module" })</script>`],
    "/program.js": () => ["text/javascript", script],
  };
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url ?? "";
    const file = files[path];
    const [type, body] = file
      ? file()
      : ["application/json", JSON.stringify(await answers[path]?.(await text(request))) ?? ""];
    response.writeHead(body ? 200 : 404, { "content-type": type, "access-control-allow-origin": "*" }).end(body);
  };
  const http = createHttpServer((request, response) => {
    handle(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  http.keepAliveTimeout = 0; // a program may send its report on a connection that it has not used for minutes
  await new Promise<void>((listening) => http.listen(0, "127.0.0.1", listening));
  const { port } = http.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  const listener = await echo.listenWebSocket({ port: 0, origins: [origin, `http://${insecureHost}:${port}`] });
  settings = { address: `ws://127.0.0.1:${(listener.address() as AddressInfo).port}/`, ca: ca.pem };
  return {
    origin,
    serve: (text) => {
      script = text;
    },
    expectReport() {
      let failed: (error: Error) => void = () => {};
      const report = new Promise<Report>((resolve, reject) => {
        onReport = resolve;
        failed = reject;
        setTimeout(() => reject(new Error("no report in 15 minutes")), reportTimeout).unref();
      });
      report.catch(() => {});
      return { report, failed };
    },
    async close() {
      http.closeAllConnections();
      await new Promise((closed) => http.close(closed));
      await echo.close({ grace: 0 });
    },
  };
}
