/**
 * OpenSSL offers a session, by ticket or by session ID, to a server that must not resume it. The handshake with that
 * server must be a full one, without an error.
 */
import type { AddressInfo } from "node:net";
import {
  createServer,
  memoryStore,
  nodeCredential,
  type ServerOptions,
  type Session,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
  type TlsError,
} from "@handclasp/node";
import { afterAll, describe, expect, test } from "vitest";
import { makeMaterial } from "../../src/interop/files.ts";
import { versionOf } from "../../src/interop/matrix.ts";
import { openssl } from "../../src/interop/peers/openssl.ts";
import { run } from "../../src/interop/programs.ts";

const material = await makeMaterial();
const renewed = await makeMaterial();
afterAll(() => {
  material.remove();
  renewed.remove();
});
const { missing } = await versionOf(openssl);

const defaults = { credentials: [nodeCredential(material.server.ecdsa)] };
const [ticketKey, otherKey] = [1, 2].map((fill) => new Uint8Array(48).fill(fill)) as [Uint8Array, Uint8Array];
const clientCertificate = ["-cert", material.files.client.cert, "-key", material.files.client.key];
const request = { clientAuth: "request", ca: material.ca } as const;

type Server = Partial<ServerOptions>;

interface VisitResult {
  readonly session: Session | undefined;
  /** Whether s_client reports a resumed session. */
  readonly reused: boolean;
  /** The reason that our server's trace gives for not resuming. */
  readonly reason: string | undefined;
  readonly failures: readonly string[];
}

/** Connects s_client to a new server and sends a line, which the server echoes. */
async function visit(options: Server, args: readonly string[]): Promise<VisitResult> {
  const failures: string[] = [];
  let session: Session | undefined;
  let reason: string | undefined;
  const server = createServer(
    {
      ...defaults,
      ...options,
      onError: (error) => failures.push((error as TlsError).code),
      trace: (event) => {
        if (event.type === "resumption" && !event.resumed) reason = event.reason;
      },
    },
    async (channel) => {
      ({ session } = channel);
      for await (const bytes of channel) await channel.write(bytes);
    },
  );
  try {
    const { port } = (await server.listenTcp()).address() as AddressInfo;
    const all = ["s_client", "-connect", `127.0.0.1:${port}`, "-tls1_2", "-nocommands", ...args];
    const output = await run({ program: "openssl", args: all }, "hello\n", "\nhello\n");
    return { session, reused: /^Reused, TLSv1\.2/m.test(output), reason, failures };
  } finally {
    await server.close();
  }
}

interface Case {
  readonly reason: string;
  readonly first?: Server;
  readonly second?: Server;
  /** Further arguments of s_client. Without an argument for the server name, it sends "localhost". */
  readonly firstArgs?: readonly string[];
  readonly secondArgs?: readonly string[];
}

const cases: Readonly<Record<string, Case>> = {
  "a server that now asks for certificates": { reason: "configuration", second: request },
  "a server that now requires a certificate, and a client that has one": {
    reason: "configuration",
    second: { ...request, clientAuth: "require" },
    secondArgs: clientCertificate,
  },
  "a server that requested a certificate, and now requires one": {
    reason: "configuration",
    first: request,
    second: { ...request, clientAuth: "require" },
    firstArgs: clientCertificate,
    secondArgs: clientCertificate,
  },
  "a server that requested a certificate, and no longer does": {
    reason: "configuration",
    first: request,
    firstArgs: clientCertificate,
  },
  "a server that accepted any client certificate, and now only those of a CA": {
    reason: "configuration",
    first: { clientAuth: "require", insecure: true },
    second: { ...request, clientAuth: "require" },
    firstArgs: clientCertificate,
    secondArgs: clientCertificate,
  },
  "a server that trusts one more CA": {
    reason: "configuration",
    first: request,
    second: { clientAuth: "request", ca: [material.ca, renewed.ca] },
    firstArgs: clientCertificate,
    secondArgs: clientCertificate,
  },
  "a renewed certificate of the server": {
    reason: "certificate",
    second: { credentials: [nodeCredential(renewed.server.ecdsa)] },
  },
  "a certificate of another kind": {
    reason: "certificate",
    second: { credentials: [nodeCredential(material.server.rsa)] },
  },
  "another server name": { reason: "server_name", secondArgs: ["-servername", "other.example"] },
  "no server name": { reason: "server_name", secondArgs: ["-noservername"] },
  "a server name, for a session without one": { reason: "server_name", firstArgs: ["-noservername"] },
  "a suite that the client no longer offers": {
    reason: "suite",
    firstArgs: ["-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"],
    secondArgs: ["-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"],
  },
  "a suite that the server no longer offers": {
    reason: "suite",
    first: { suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256] },
    second: { suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384] },
  },
  // The default lifetime is two hours. The third server's clock is past it, those of the first two are not.
  "a session that has expired": { reason: "expired", second: { now: () => Date.now() + 7_201_000 } },
  "a session from the future": { reason: "expired", second: { now: () => Date.now() - 3_600_000 } },
};

/** The options that a case's servers share. The store's clock stands still, so the handshake must check the age. */
const kinds = {
  ticket: () => ({ sessionStore: false, ticketKeys: [ticketKey] }) as const,
  "session ID": () => ({ tickets: false, sessionStore: memoryStore({ now: () => 0 }) }) as const,
};

let fileCount = 0;

describe.skipIf(missing.length)(missing.length ? `no ${missing.join(", ")}` : "s_client", () => {
  describe.each(Object.entries(kinds))("by %s", (_, common) => {
    test.each(Object.entries(cases))(
      "a session is not resumed in the case: %s",
      async (_name, { reason, first, second, firstArgs = [], secondArgs = [] }) => {
        const kept = common();
        const file = `${material.files.folder}/not-resumed-${fileCount++}.session`;
        const named = (args: readonly string[]) =>
          args.some((arg) => /^-(no)?servername$/.test(arg)) ? args : ["-servername", "localhost", ...args];
        const visits = [
          await visit({ ...kept, ...first }, [...named(firstArgs), "-sess_out", file]),
          await visit({ ...kept, ...first }, [...named(firstArgs), "-sess_in", file]),
          await visit({ ...kept, ...second }, [...named(secondArgs), "-sess_in", file]),
        ];
        expect(visits.map(({ failures }) => failures)).toEqual([[], [], []]);
        expect(visits.map(({ reused }) => reused)).toEqual([false, true, false]);
        expect(visits.map(({ session }) => session?.resumed)).toEqual([false, true, false]);
        expect(visits.map((one) => one.reason)).toEqual([undefined, undefined, reason]);
      },
    );
  });

  test.each<[string, Server, Server]>([
    ["a ticket whose key the server no longer has", kinds.ticket(), { ...kinds.ticket(), ticketKeys: [otherKey] }],
    [
      "a ticket, to a server whose key function rejects",
      kinds.ticket(),
      { ticketKeys: () => Promise.reject(new Error()) },
    ],
    ["a session ID that the server does not have", kinds["session ID"](), kinds["session ID"]()],
  ])("a session is not resumed, because it is unknown, in the case: %s", async (_, first, second) => {
    const file = `${material.files.folder}/not-resumed-${fileCount++}.session`;
    await visit(first, ["-sess_out", file]);
    expect(await visit(second, ["-sess_in", file])).toMatchObject({ reused: false, reason: "unknown", failures: [] });
  });

  test.each<[string, Server, Server]>([
    ["a ticket, to a server without tickets", kinds.ticket(), { tickets: false }],
    ["a session ID, to a server without a session store", kinds["session ID"](), { sessionStore: false }],
  ])("a session is not resumed in the case: %s", async (_, first, second) => {
    const file = `${material.files.folder}/not-resumed-${fileCount++}.session`;
    await visit(first, ["-sess_out", file]);
    expect(await visit(second, ["-sess_in", file])).toMatchObject({ reused: false, failures: [] });
  });
});
