import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { accept, type CipherSuite, connect, legacySuites } from "@handclasp/core";
import { openRecord } from "@handclasp/core/describe";
import { nodeCredential, nodeCrypto } from "@handclasp/node";
import { memoryPair, testCa } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { type Command, commandsFor, recordCommands } from "../src/commands.ts";
import { type Row, Story } from "../src/story.ts";

const openssl = process.env.HANDCLASP_OPENSSL ?? "openssl";
const hasOpenssl = spawnSync(openssl, ["version"]).status === 0;

const ca = await testCa();
const ecdsa = nodeCredential(await ca.issue({ names: ["localhost"] }));
const rsa = nodeCredential(await ca.issue({ names: ["localhost"], algorithm: "rsa-2048" }));

/** Runs a connection that sends a few bytes, and returns the commands for all its calculations. */
async function commandsOf(suite: CipherSuite, textbook: boolean): Promise<readonly Command[]> {
  const story = new Story("client");
  const rows: Row[] = [];
  const pair = memoryPair();
  const options = { suites: [suite], provider: nodeCrypto };
  const credentials = [suite.authentication === "rsa" ? rsa : ecdsa];
  const server = accept(pair.b, { credentials, textbook, ...options });
  const client = await connect(pair.a, {
    ca: ca.pem,
    serverName: "localhost",
    trace: { listener: (event) => rows.push(...story.add(event)), secrets: true },
    ...options,
  });
  await client.write(new TextEncoder().encode("hello"));
  const peer = await server;
  await peer.read();
  await Promise.all([client.close(), peer.close()]);
  const commands = rows.flatMap((row) => commandsFor(row, story));
  for (const row of rows) {
    const keys = row.kind === "application_data" ? story.keysOf(row.from) : undefined;
    if (row.kind !== "application_data" || !keys) continue;
    const protection = await openRecord(row.record, suite.name, keys);
    if (protection) commands.push(...recordCommands(row.record, protection, story));
  }
  return commands;
}

/** Runs a command in a shell, and returns the hexadecimal digits of its output. */
function run({ command }: Command): string {
  const path = [dirname(process.execPath), ...(openssl.includes("/") ? [dirname(openssl)] : []), process.env.PATH];
  const { stdout, stderr } = spawnSync("sh", ["-c", command], {
    env: { PATH: path.join(":") },
    encoding: "utf8",
  });
  return stdout.replace(/[\s:]/g, "").toLowerCase() || stderr;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

const named = (name: string): CipherSuite => {
  const found = legacySuites.find((suite) => suite.name === name);
  if (!found) throw new Error(`no ${name}`);
  return found;
};

describe.each([
  ["TLS_RSA_WITH_AES_128_CBC_SHA", true],
  ["TLS_RSA_WITH_AES_256_CBC_SHA256", false],
  ["TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", true],
  ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", false],
  ["TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", false],
] as const)("with %s (textbook: %s), the commands for", async (name, textbook) => {
  const commands = await commandsOf(named(name), textbook);
  const of = (tool: Command["tool"]): Command[] => commands.filter((command) => command.tool === tool);

  test("node print the values that the inspector shows", () => {
    expect(of("node").length).toBeGreaterThanOrEqual(4); // the master secret, the key block, two Finished
    for (const command of of("node")) expect(run(command), command.command).toBe(hex(command.result));
  });

  test.skipIf(!hasOpenssl)("openssl print the values that the inspector shows (needs openssl)", () => {
    expect(of("openssl").length).toBeGreaterThanOrEqual(4);
    for (const command of of("openssl")) expect(run(command), command.command).toBe(hex(command.result));
  });
});
