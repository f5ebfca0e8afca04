import { appendFileSync, writeFileSync } from "node:fs";
import {
  type CipherSuite,
  connect,
  createServer,
  keepSessions,
  nodeCredential,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384,
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
  TLS_RSA_WITH_AES_256_GCM_SHA384,
} from "@handclasp/node";
import { afterAll, describe, expect, test } from "vitest";
import { makeMaterial } from "../../src/interop/files.ts";
import { find, run, start } from "../../src/interop/programs.ts";

const missing = ["tshark", "dumpcap"].filter((program) => !find(program));
const mayCapture =
  missing.length === 0 && (await run({ program: "dumpcap", args: ["-D"] }).catch(() => "")).includes("lo");
const title =
  missing.length > 0
    ? `tshark: no ${missing.join(", ")}; pnpm interop installs it`
    : mayCapture
      ? "tshark"
      : "tshark: dumpcap may not capture on lo";

const suites: readonly CipherSuite[] = [
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384,
  TLS_RSA_WITH_AES_256_GCM_SHA384,
];

const material = await makeMaterial();
afterAll(() => material.remove());

const question = "application data of the client, which must stay secret";
const answer = "application data of the server, which is secret too";

interface Capture {
  readonly file: string;
  readonly port: number;
  /** The paths of the two key logs, with the secrets of the last connection. */
  readonly logs: Readonly<Record<"client" | "server", string>>;
}

/** Captures one connection. With `resumes`, captures two, and the second resumes the session of the first. */
async function capture(suite: CipherSuite, resumes?: "ticket" | "session ID"): Promise<Capture> {
  const file = `${material.files.folder}/${suite.name}-${resumes ?? "full"}.pcapng`;
  const logs = { client: `${file}.client.keys`, server: `${file}.server.keys` };
  const logTo = (path: string) => (line: string) => appendFileSync(path, `${line}\n`);
  const server = createServer(
    {
      credentials: [nodeCredential(material.server[suite.name.includes("ECDSA") ? "ecdsa" : "rsa"])],
      suites: [suite],
      keyLog: logTo(logs.server),
    },
    async (channel) => {
      await channel.read();
      await channel.write(Buffer.from(answer));
      await channel.closeWrite();
    },
  );
  const { port } = (await server.listenTcp()).address() as { port: number };
  const dumpcap = start({ program: "dumpcap", args: ["-i", "lo", "-f", `tcp port ${port}`, "-w", file, "-q"] });
  try {
    await until(() => dumpcap.stderr().includes("File:"));
    const sessions = keepSessions({ tickets: resumes === "ticket" });
    for (let i = 0; i < (resumes ? 2 : 1); i++) {
      for (const log of Object.values(logs)) writeFileSync(log, "");
      const channel = await connect(`tcp://127.0.0.1:${port}`, {
        ca: material.ca,
        serverName: "localhost",
        suites: [suite],
        sessions,
        keyLog: logTo(logs.client),
      });
      expect(channel.session.resumed).toBe(i === 1);
      await channel.write(Buffer.from(question));
      for await (const _ of channel);
      await channel.close();
    }
    await server.close();
    // The kernel delivers packets in batches. The FIN of each side comes after all data of that side.
    const wanted = 2 * (resumes ? 2 : 1);
    await until(async () => (await fins(file)) >= wanted);
    dumpcap.process.kill("SIGINT");
    await dumpcap.exited;
  } finally {
    await dumpcap.stop();
    await server.close();
  }
  return { file, logs, port };
}

const until = (condition: () => boolean | Promise<boolean>): Promise<void> =>
  expect.poll(condition, { interval: 20 }).toBe(true);

/** The number of FINs captured so far. The file may end in the middle of a packet. */
async function fins(file: string): Promise<number> {
  const args = ["-r", file, "-Y", "tcp.flags.fin == 1", "-T", "fields", "-e", "tcp.stream"];
  const output = await run({ program: "tshark", args }).catch(() => "");
  return output.match(/^\d+$/gm)?.length ?? 0;
}

/** The application data that tshark decrypts from a TLS stream. */
async function decrypted({ file, port }: Capture, keyLog: string, stream = 0): Promise<string> {
  const how = ["-r", file, "-d", `tcp.port==${port},tls`, "-o", `tls.keylog_file:${keyLog}`];
  const output = await run({ program: "tshark", args: [...how, "-q", "-z", `follow,tls,raw,${stream}`] });
  return Buffer.from(output.replaceAll(/^(?!\s*[0-9a-f]+$).*$/gm, "").replaceAll(/\s/g, ""), "hex").toString("latin1");
}

describe.skipIf(!mayCapture)(title, () => {
  test.each(suites.map((suite) => [suite.name, suite] as const))("needs our key log to read %s", async (_, suite) => {
    const captured = await capture(suite);
    for (const log of Object.values(captured.logs)) expect(await decrypted(captured, log)).toBe(question + answer);
    expect(await decrypted(captured, "/dev/null")).toBe("");
  });

  // tshark has no secret of the first connection, so it can decrypt only the second.
  test.each(["ticket", "session ID"] as const)(
    "decrypts a connection resumed by %s with only the key log line of the resumed handshake",
    async (how) => {
      const captured = await capture(TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, how);
      for (const log of Object.values(captured.logs)) {
        expect(await decrypted(captured, log, 1)).toBe(question + answer);
        expect(await decrypted(captured, log, 0)).toBe("");
      }
    },
  );
});
