/** The shim against ourselves, in place of the runner: how it begins, echoes, resumes, fails and ends. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { accept, connect, keepSessions, type TlsConnection } from "@handclasp/core";
import { nodeCredential, nodeCrypto, tcpTransport } from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import { afterAll, describe, expect, test } from "vitest";

const program = fileURLToPath(new URL("../../dist/bogo-shim.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "handclasp-bogo-"));
afterAll(() => rmSync(folder, { recursive: true }));
const ca = await testCa();
const issued = await ca.issue({ names: ["localhost"] });
writeFileSync(join(folder, "cert.pem"), issued.cert);
writeFileSync(join(folder, "key.pem"), issued.key);
const credential = nodeCredential(issued);
const files = ["-cert-file", join(folder, "cert.pem"), "-key-file", join(folder, "key.pem")];

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function shim(...flags: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [program, ...flags], { stdio: ["ignore", "pipe", "pipe"] });
  const out = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (text: string) => {
      out[name] += text;
    });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...out };
}

/** Listens as the runner does, and hands over each connection behind the number that the shim says first. */
async function withRunner(
  flags: readonly string[],
  play: (transport: ReturnType<typeof tcpTransport>, id: bigint) => Promise<void>,
): Promise<Ended & { readonly ids: readonly bigint[] }> {
  const ids: bigint[] = [];
  const played: Promise<void>[] = [];
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.once("readable", () => {
      const id = (socket.read(8) as Buffer).readBigUInt64LE();
      ids.push(id);
      played.push(play(tcpTransport(socket), id));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  try {
    const ended = await shim("-port", String(port), "-shim-id", "258", ...flags);
    await Promise.allSettled(played);
    return { ...ended, ids };
  } finally {
    server.close();
  }
}

async function echoed(connection: TlsConnection): Promise<void> {
  await connection.write(Uint8Array.of(0, 1, 254, 255));
  expect(await connection.read()).toEqual(Uint8Array.of(255, 254, 1, 0));
  await connection.close();
}

describe("the shim", () => {
  test("says that it has no handshaker", async () => {
    expect(await shim("-server", "-is-handshaker-supported")).toEqual({ code: 0, stdout: "No\n", stderr: "" });
  });
  test("ends with 89 for what it does not have, before it connects", async () => {
    expect(await shim("-port", "1", "-dtls")).toEqual({ code: 89, stdout: "", stderr: "" });
  });
  test.each([[[]], [["-async"]], [["-provider", "noble"]]])("as a client %j echoes, and resumes", async (more) => {
    const ticketKeys = [crypto.getRandomValues(new Uint8Array(48))];
    const resumed: boolean[] = [];
    const ended = await withRunner(["-resume-count", "1", ...more], async (transport) => {
      const connection = await accept(transport, { credentials: [credential], ticketKeys });
      resumed.push(connection.session.resumed);
      await echoed(connection);
    });
    expect(ended).toEqual({ code: 0, stdout: "", stderr: "", ids: [258n, 258n] });
    expect(resumed).toEqual([false, true]);
  });
  test("as a server, likewise", async () => {
    const sessions = keepSessions();
    const resumed: boolean[] = [];
    const ended = await withRunner(["-server", "-resume-count", "1", ...files], async (transport) => {
      const connection = await connect(transport, {
        provider: nodeCrypto,
        ca: ca.pem,
        serverName: "localhost",
        sessions,
      });
      resumed.push(connection.session.resumed);
      await echoed(connection);
    });
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(resumed).toEqual([false, true]);
  });
  test("says why it failed by our code, and who raised it, and goes no further", async () => {
    const refused = await withRunner(["-verify-peer", "-verify-fail", "-resume-count", "1"], async (transport) => {
      await expect(accept(transport, { credentials: [credential] })).rejects.toMatchObject({
        alert: "handshake_failure",
        by: "peer",
      });
    });
    expect(refused).toMatchObject({ code: 1, ids: [258n] });
    expect(refused.stderr).toMatch(/^:untrusted: /);
    const told = await withRunner([], async (transport) => {
      const connection = await accept(transport, { credentials: [credential] });
      connection.abort(undefined, "access_denied");
    });
    expect(told.stderr).toMatch(/^:peer_access_denied: /);
  });
  test("ends with 90 where the connection is not what it was told", async () => {
    const ended = await withRunner(["-expect-alpn", "h2"], async (transport) => {
      await accept(transport, { credentials: [credential] });
    });
    expect(ended).toMatchObject({ code: 90, stderr: expect.stringContaining("alpn") });
  });
});
