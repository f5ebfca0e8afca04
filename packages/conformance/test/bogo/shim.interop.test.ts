/** Runs the shim against Handclasp, which takes the place of the runner: the shim echoes, resumes, fails and exits. */
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
const certificateFlags = ["-cert-file", join(folder, "cert.pem"), "-key-file", join(folder, "key.pem")];

interface ShimResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function runShim(...flags: readonly string[]): Promise<ShimResult> {
  const child = spawn(process.execPath, [program, ...flags], { stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
    });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...output };
}

/** Listens as the runner does, reads the number that the shim sends first, and runs the other side of TLS. */
async function withRunner(
  flags: readonly string[],
  play: (transport: ReturnType<typeof tcpTransport>, id: bigint) => Promise<void>,
): Promise<ShimResult & { readonly ids: readonly bigint[] }> {
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
    const result = await runShim("-port", String(port), "-shim-id", "258", ...flags);
    await Promise.allSettled(played);
    return { ...result, ids };
  } finally {
    server.close();
  }
}

async function expectEcho(connection: TlsConnection): Promise<void> {
  await connection.write(Uint8Array.of(0, 1, 254, 255));
  expect(await connection.read()).toEqual(Uint8Array.of(255, 254, 1, 0));
  await connection.close();
}

describe("the shim", () => {
  test("answers that it supports no handshaker", async () => {
    expect(await runShim("-server", "-is-handshaker-supported")).toEqual({ code: 0, stdout: "No\n", stderr: "" });
  });
  test("exits with 89 for a flag that it does not implement, before it connects", async () => {
    expect(await runShim("-port", "1", "-dtls")).toEqual({ code: 89, stdout: "", stderr: "" });
  });
  test.each([[[]], [["-async"]], [["-provider", "noble"]]])("as a client with %j echoes and resumes", async (flags) => {
    const ticketKeys = [crypto.getRandomValues(new Uint8Array(48))];
    const resumed: boolean[] = [];
    const result = await withRunner(["-resume-count", "1", ...flags], async (transport) => {
      const connection = await accept(transport, { credentials: [credential], ticketKeys });
      resumed.push(connection.session.resumed);
      await expectEcho(connection);
    });
    expect(result).toEqual({ code: 0, stdout: "", stderr: "", ids: [258n, 258n] });
    expect(resumed).toEqual([false, true]);
  });
  test.each([[[]], [["-async"]], [["-provider", "noble"]]])("as a server with %j echoes and resumes", async (flags) => {
    const sessions = keepSessions();
    const resumed: boolean[] = [];
    const result = await withRunner(
      ["-server", "-resume-count", "1", ...certificateFlags, ...flags],
      async (transport) => {
        const connection = await connect(transport, {
          provider: nodeCrypto,
          ca: ca.pem,
          serverName: "localhost",
          sessions,
        });
        resumed.push(connection.session.resumed);
        await expectEcho(connection);
      },
    );
    expect(result).toMatchObject({ code: 0, stderr: "" });
    expect(resumed).toEqual([false, true]);
  });
  test("prints the code of its error, with peer_ for a received alert, and opens no further connection", async () => {
    const refused = await withRunner(["-verify-peer", "-verify-fail", "-resume-count", "1"], async (transport) => {
      await expect(accept(transport, { credentials: [credential] })).rejects.toMatchObject({
        alert: "handshake_failure",
        by: "peer",
      });
    });
    expect(refused).toMatchObject({ code: 1, ids: [258n] });
    expect(refused.stderr).toMatch(/^:untrusted: /);
    const alerted = await withRunner([], async (transport) => {
      const connection = await accept(transport, { credentials: [credential] });
      connection.abort(undefined, "access_denied");
    });
    expect(alerted.stderr).toMatch(/^:peer_access_denied: /);
  });
  test("exits with 90 if the connection does not match an -expect flag", async () => {
    const result = await withRunner(["-expect-alpn", "h2"], async (transport) => {
      await accept(transport, { credentials: [credential] });
    });
    expect(result).toMatchObject({ code: 90, stderr: expect.stringContaining("alpn") });
  });
});
