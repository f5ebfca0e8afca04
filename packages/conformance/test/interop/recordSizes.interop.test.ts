/** record_size_limit with GnuTLS, which OpenSSL does not have: each side keeps to what the other takes. */
import { connect, createServer, nodeCredential, type TraceEvent } from "@handclasp/node";
import { afterAll, describe, expect, test } from "vitest";
import { makeMaterial } from "../../src/interop/files.ts";
import { find, freePort, patiently, run, start } from "../../src/interop/programs.ts";

const missing = ["gnutls-cli", "gnutls-serv"].filter((program) => !find(program));
const title = missing.length ? `GnuTLS: no ${missing.join(", ")}; pnpm interop installs it` : "GnuTLS";
const material = await makeMaterial();
afterAll(() => material.remove());

const priority = "--priority=NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-GCM";
/** Nonce and tag of AES-GCM. */
const overhead = 24;
/** gnutls-cli makes one record of a line, and drops what does not fit into it. */
const lines = `${"x".repeat(3000)}\nthe end\n`;
const own = 600;
const its = 1000;

/** The longest plaintext under keys, each way. */
function watch() {
  const longest = { sent: 0, received: 0 };
  const trace = (event: TraceEvent): void => {
    if (event.type !== "record" || !event.protected) return;
    longest[event.direction] = Math.max(longest[event.direction], event.fragment.length - overhead);
  };
  return { longest, trace };
}

describe.skipIf(missing.length)(title, () => {
  test("a client of theirs", async () => {
    const { longest, trace } = watch();
    const credentials = [nodeCredential(material.server.ecdsa)];
    const server = createServer({ credentials, recordSizeLimit: own, trace }, async (channel) => {
      await channel.read();
      await channel.write(Buffer.from(lines));
      await channel.closeWrite();
    });
    const { port } = (await server.listenTcp()).address() as { port: number };
    const trust = ["--x509cafile", material.files.ca, "--verify-hostname", "localhost"];
    try {
      await run(
        {
          program: "gnutls-cli",
          args: [priority, ...trust, "--recordsize", `${its}`, "-p", `${port}`, "127.0.0.1"],
        },
        lines,
        "the end",
      );
    } finally {
      await server.close();
    }
    expect(longest).toEqual({ sent: its, received: own });
  });

  test("a server of theirs", async () => {
    const { longest, trace } = watch();
    const port = await freePort();
    const { cert, key } = material.files.server.ecdsa;
    const identity = ["--x509certfile", cert, "--x509keyfile", key];
    const server = start({
      program: "gnutls-serv",
      args: [priority, ...identity, "--echo", "--recordsize", `${its}`, "-p", `${port}`],
    });
    try {
      const channel = await patiently(() =>
        connect(`tcp://127.0.0.1:${port}`, { ca: material.ca, serverName: "localhost", recordSizeLimit: own, trace }),
      );
      await channel.write(Buffer.from(lines));
      let got = "";
      for await (const bytes of channel) {
        got += Buffer.from(bytes).toString();
        if (got.length === lines.length) break;
      }
      expect(got).toBe(lines);
      channel.abort();
    } finally {
      await server.stop();
    }
    expect(longest).toEqual({ sent: its, received: own });
  });
});
