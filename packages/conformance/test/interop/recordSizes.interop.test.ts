/** Tests record_size_limit with GnuTLS, because OpenSSL does not support it. Each side respects its peer's limit. */
import { connect, createServer, nodeCredential, type TraceEvent } from "@handclasp/node";
import { afterAll, describe, expect, test } from "vitest";
import { makeMaterial } from "../../src/interop/files.ts";
import { find, freePort, run, start, untilListening } from "../../src/interop/programs.ts";

const missing = ["gnutls-cli", "gnutls-serv"].filter((program) => !find(program));
const title = missing.length ? `GnuTLS: no ${missing.join(", ")}; pnpm interop installs it` : "GnuTLS";
const material = await makeMaterial();
afterAll(() => material.remove());

const priority = "--priority=NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-GCM";
/** The length in bytes of the explicit nonce and the tag of AES-GCM. */
const overhead = 24;
/** gnutls-cli sends each line in one record, and discards the part of the line that does not fit. */
const lines = `${"x".repeat(3000)}\nthe end\n`;
const ourLimit = 600;
const theirLimit = 1000;

/** Measures the longest plaintext of a protected record in each direction, in bytes. */
function watch() {
  const longest = { sent: 0, received: 0 };
  const trace = (event: TraceEvent): void => {
    if (event.type !== "record" || !event.protected) return;
    longest[event.direction] = Math.max(longest[event.direction], event.fragment.length - overhead);
  };
  return { longest, trace };
}

describe.skipIf(missing.length)(title, () => {
  test("our server and gnutls-cli respect each other's limit", async () => {
    const { longest, trace } = watch();
    const credentials = [nodeCredential(material.server.ecdsa)];
    const server = createServer({ credentials, recordSizeLimit: ourLimit, trace }, async (channel) => {
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
          args: [priority, ...trust, "--recordsize", `${theirLimit}`, "-p", `${port}`, "127.0.0.1"],
        },
        lines,
        "the end",
      );
    } finally {
      await server.close();
    }
    expect(longest).toEqual({ sent: theirLimit, received: ourLimit });
  });

  test("our client and gnutls-serv respect each other's limit", async () => {
    const { longest, trace } = watch();
    const port = await freePort();
    const { cert, key } = material.files.server.ecdsa;
    const identity = ["--x509certfile", cert, "--x509keyfile", key];
    const server = start({
      program: "gnutls-serv",
      args: [priority, ...identity, "--echo", "--recordsize", `${theirLimit}`, "-p", `${port}`],
    });
    try {
      const channel = await untilListening(() =>
        connect(`tcp://127.0.0.1:${port}`, {
          ca: material.ca,
          serverName: "localhost",
          recordSizeLimit: ourLimit,
          trace,
        }),
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
    expect(longest).toEqual({ sent: theirLimit, received: ourLimit });
  });
});
