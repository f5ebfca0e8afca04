/**
 * Compares exported keying material and channel bindings (RFC 5705, 5929, 9266) with the values that OpenSSL, node:tls
 * and Python report for the same connection.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import * as tls from "node:tls";
import {
  type CipherSuite,
  connect,
  createServer,
  keepSessions,
  nodeCredential,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
  type TlsConnection,
} from "@handclasp/node";
import { afterAll, describe, expect, test } from "vitest";
import { makeMaterial } from "../../src/interop/files.ts";
import { versionOf } from "../../src/interop/matrix.ts";
import type { Task } from "../../src/interop/peer.ts";
import { openssl } from "../../src/interop/peers/openssl.ts";
import { python } from "../../src/interop/peers/python.ts";
import { freePort, type Running, run, start, untilListening } from "../../src/interop/programs.ts";

const material = await makeMaterial();
afterAll(() => material.remove());
const missing = { openssl: (await versionOf(openssl)).missing, python: (await versionOf(python)).missing };

const label = "EXPERIMENTAL handclasp";
const context = Buffer.from("which use of it");
const length = 77;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** The values that both ends of a connection can report, in hexadecimal. */
interface Bindings {
  readonly resumed: boolean;
  readonly exported: string;
  readonly withContext: string;
  readonly withEmptyContext: string;
  readonly exporter: string;
  readonly unique: string;
  readonly endPoint: string;
}

const bindingsOf = (channel: TlsConnection): Bindings => ({
  resumed: channel.session.resumed,
  exported: hex(channel.exportKeyingMaterial(length, label)),
  withContext: hex(channel.exportKeyingMaterial(length, label, context)),
  withEmptyContext: hex(channel.exportKeyingMaterial(length, label, new Uint8Array(0))),
  exporter: hex(channel.channelBinding("tls-exporter")),
  unique: hex(channel.channelBinding("tls-unique")),
  endPoint: hex(channel.channelBinding("tls-server-end-point")),
});

const kinds = ["ticket", "session ID"] as const;
const suites: readonly (readonly [CipherSuite, string, "ecdsa" | "rsa", "ECDHE_ECDSA" | "ECDHE_RSA"])[] = [
  [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "ECDHE-ECDSA-AES128-GCM-SHA256", "ecdsa", "ECDHE_ECDSA"],
  [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, "ECDHE-RSA-AES256-GCM-SHA384", "rsa", "ECDHE_RSA"],
];
const cases = suites.flatMap(([suite, name, kind, exchange]) =>
  kinds.map((how) => [`${suite.name}, ${how}`, { suite, name, kind, exchange, how }] as const),
);
type Case = (typeof cases)[number][1];

/** Starts our echo server. `bindings` lists the values of each connection, the first one first. */
async function serveOurs({ suite, kind, how }: Case) {
  const bindings: Bindings[] = [];
  const server = createServer(
    {
      credentials: [nodeCredential(material.server[kind])],
      suites: [suite],
      ...(how === "ticket" ? { sessionStore: false } : { tickets: false }),
    },
    async (channel) => {
      bindings.push(bindingsOf(channel));
      for await (const bytes of channel) await channel.write(bytes);
    },
  );
  const { port } = (await server.listenTcp()).address() as AddressInfo;
  return { bindings, port, close: () => server.close() };
}

/**
 * Opens two connections to a server one after the other, and returns our values. The second connection resumes the
 * session of the first. Each connection stays open until `done` resolves.
 */
async function connectTwice(
  { suite, how }: Case,
  port: number,
  done: (count: number) => Promise<void>,
): Promise<Bindings[]> {
  const sessions = keepSessions({ tickets: how === "ticket" });
  const bindings: Bindings[] = [];
  for (let i = 1; i <= 2; i++) {
    const channel = await untilListening(() =>
      connect(`tcp://127.0.0.1:${port}`, { ca: material.ca, serverName: "localhost", suites: [suite], sessions }),
    );
    bindings.push(bindingsOf(channel));
    await done(i);
    await channel.close().catch(() => {});
  }
  return bindings;
}

const isFullThenResumed = (bindings: readonly Bindings[]): void => {
  expect(bindings.map(({ resumed }) => resumed)).toEqual([false, true]);
  // All values differ, except those that depend only on the certificate.
  const values = bindings.flatMap(({ resumed, endPoint, ...values }) => Object.values(values));
  expect(new Set(values).size).toBe(10);
};

describe("node:tls", () => {
  /** The values that node:tls reports. tls-server-end-point uses SHA-256, as the signature of the certificate does. */
  function theirs(socket: tls.TLSSocket, role: "client" | "server"): Bindings {
    const resumed = socket.isSessionReused();
    const certificate = role === "server" ? socket.getCertificate() : socket.getPeerCertificate();
    const { raw } = certificate as Partial<tls.PeerCertificate>;
    const endPoint = raw ? createHash("sha256").update(raw).digest("hex") : "";
    const first = resumed === (role === "server") ? socket.getFinished() : socket.getPeerFinished();
    const exported = (...args: [string, Buffer?]): string =>
      // The declaration requires a context, but OpenSSL distinguishes an empty context from a missing one.
      hex((socket.exportKeyingMaterial as (length: number, ...args: [string, Buffer?]) => Buffer)(length, ...args));
    return {
      resumed,
      exported: exported(label),
      withContext: exported(label, context),
      withEmptyContext: exported(label, Buffer.alloc(0)),
      exporter: hex(socket.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0))),
      unique: hex(first as Buffer),
      endPoint,
    };
  }

  test.each(cases)("as server reports the values of our client: %s", async (_, one) => {
    const bindings: Bindings[] = [];
    const kept = new Map<string, Buffer>();
    const { cert, key } = material.server[one.kind];
    const server = tls.createServer({ cert, key, maxVersion: "TLSv1.2", ciphers: one.name }, (socket) => {
      bindings.push(theirs(socket, "server"));
      socket.pipe(socket);
    });
    server.on("newSession", (id: Buffer, session: Buffer, done: () => void) => {
      kept.set(hex(id), session);
      done();
    });
    server.on("resumeSession", (id: Buffer, done: (error: null, session: Buffer | null) => void) =>
      done(null, kept.get(hex(id)) ?? null),
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      const { port } = server.address() as AddressInfo;
      const mine = await connectTwice(one, port, (made) => expect.poll(() => bindings.length).toBe(made));
      isFullThenResumed(mine);
      expect(mine).toEqual(bindings);
    } finally {
      server.close();
    }
  });

  test.each(cases)("as client reports the values of our server: %s", async (_, one) => {
    const server = await serveOurs(one);
    try {
      const bindings: Bindings[] = [];
      let session: Buffer | undefined;
      for (let i = 0; i < 2; i++) {
        const socket = tls.connect({
          host: "127.0.0.1",
          port: server.port,
          servername: "localhost",
          ca: material.ca,
          maxVersion: "TLSv1.2",
          ciphers: one.name,
          session,
        });
        socket.on("session", (bytes: Buffer) => {
          session = bytes;
        });
        await once(socket, "secureConnect");
        bindings.push(theirs(socket, "client"));
        socket.write("x");
        await once(socket, "data");
        socket.end();
        await once(socket, "close");
      }
      isFullThenResumed(server.bindings);
      // For a resumed session, node:tls has no certificate.
      const [full, resumed] = bindings;
      expect(server.bindings).toEqual([full, { ...resumed, endPoint: full?.endPoint }]);
    } finally {
      await server.close();
    }
  });
});

const absent = (programs: readonly string[]) =>
  programs.length ? `: no ${programs.join(", ")}; pnpm interop installs it` : "";
const openssls = `openssl prints the same keying material${absent(missing.openssl)}`;
const pythons = `Python has the same tls-unique${absent(missing.python)}`;

describe.skipIf(missing.openssl.length)(openssls, () => {
  const keymat = ["-keymatexport", label, "-keymatexportlen", `${length}`];
  const printed = (text: string): string[] =>
    [...text.matchAll(/Keying material: ([0-9A-F]+)/g)].map(([, digits = ""]) => digits.toLowerCase());

  test.each(cases)("s_server reports that of our client: %s", async (_, one) => {
    const port = await freePort();
    const { cert, key } = material.files.server[one.kind];
    const server = start({
      program: "openssl",
      args: ["s_server", "-accept", `127.0.0.1:${port}`, "-tls1_2", "-cert", cert, "-key", key, ...keymat],
    });
    try {
      const mine = await connectTwice(one, port, (made) =>
        expect.poll(() => printed(server.stdout()).length).toBe(made),
      );
      isFullThenResumed(mine);
      expect(mine.map(({ exported }) => exported)).toEqual(printed(server.stdout()));
    } finally {
      await server.stop();
    }
  });

  test.each(cases)("s_client reports that of our server: %s", async (_, one) => {
    const server = await serveOurs(one);
    try {
      const file = `${material.files.folder}/bindings-${server.port}.session`;
      let said = "";
      for (const kept of ["-sess_out", "-sess_in"]) {
        const to = ["-connect", `127.0.0.1:${server.port}`, "-servername", "localhost", "-tls1_2"];
        const args = ["s_client", ...to, "-CAfile", material.files.ca, "-nocommands", ...keymat, kept, file];
        said += await run({ program: "openssl", args }, "hello\n", "\nhello\n");
      }
      isFullThenResumed(server.bindings);
      expect(server.bindings.map(({ exported }) => exported)).toEqual(printed(said));
    } finally {
      await server.close();
    }
  });
});

describe.skipIf(missing.python.length)(pythons, () => {
  const task = ({ exchange, how }: Case, port: number): Task => ({
    keyExchange: exchange,
    port,
    files: material.files,
    clientCertificate: false,
    connections: 2,
    ticket: how === "ticket",
  });
  const printed = (text: string): string[] =>
    [...text.matchAll(/^tls-unique (\w+ \w+)$/gm)].map(([, binding = ""]) => binding);
  const wanted = (bindings: readonly Bindings[]): string[] =>
    bindings.map(({ unique, resumed }) => `${unique} ${resumed ? "resumed" : "full"}`);

  test.each(cases)("as server reports the values of our client: %s", async (_, one) => {
    const port = await freePort();
    const [command] = python.server?.commands(task(one, port)) ?? [];
    const server: Running = start(command as Parameters<typeof start>[0]);
    try {
      const mine = await connectTwice(one, port, (made) =>
        expect.poll(() => printed(server.stderr()).length).toBe(made),
      );
      isFullThenResumed(mine);
      expect(printed(server.stderr())).toEqual(wanted(mine));
    } finally {
      await server.stop();
    }
  });

  test.each(cases)("as client reports the values of our server: %s", async (_, one) => {
    const server = await serveOurs(one);
    try {
      const [command] = python.client?.commands(task(one, server.port)) ?? [];
      const said = await run(command as Parameters<typeof start>[0], "hello\n", "hello\n");
      isFullThenResumed(server.bindings);
      expect(printed(said)).toEqual(wanted(server.bindings));
    } finally {
      await server.close();
    }
  });
});
