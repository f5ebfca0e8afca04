/** Wireshark's tshark reads the exported recordings, and decrypts their data. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  accept,
  type CipherSuite,
  ccmSuites,
  connect,
  dheSuites,
  ecdhePskSuites,
  legacySuites,
  pskSuites,
} from "@handclasp/core";
import { type InspectorEvent, recordingToPcapng } from "@handclasp/inspector";
import { nodeCredential, nodeCrypto } from "@handclasp/node";
import { memoryPair, testCa } from "@handclasp/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const tshark = process.env.HANDCLASP_TSHARK ?? "tshark";
const hasTshark = spawnSync(tshark, ["--version"]).status === 0;

const folder = mkdtempSync(join(tmpdir(), "handclasp-pcapng-"));
afterAll(() => rmSync(folder, { recursive: true }));

const ca = await testCa();
const ecdsa = nodeCredential(await ca.issue({ names: ["localhost"] }));
const rsa = nodeCredential(await ca.issue({ names: ["localhost"], algorithm: "rsa-2048" }));
const key = new Uint8Array(32).fill(7);

/** Records a connection whose client sends `GET /hello`, and returns the events. */
async function record(suite: CipherSuite, textbook: boolean): Promise<readonly InspectorEvent[]> {
  const events: InspectorEvent[] = [];
  const pair = memoryPair();
  const isPsk = suite.authentication === "psk";
  const common = { suites: [suite], provider: nodeCrypto };
  const server = accept(pair.b, {
    ...common,
    textbook,
    ...(isPsk ? { psk: { lookup: () => key } } : { credentials: suite.authentication === "rsa" ? rsa : ecdsa }),
  });
  const client = await connect(pair.a, {
    ...common,
    ...(isPsk ? { psk: { identity: "page", key } } : { ca: ca.pem, serverName: "localhost" }),
    trace: { listener: (event) => events.push(event), secrets: true },
  });
  await client.write(new TextEncoder().encode("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  const peer = await server;
  await peer.read();
  await Promise.all([client.close(), peer.close()]);
  return events;
}

/** tshark 4.0 does not know the suites of RFC 8442. It reads their messages, but cannot decrypt their records. */
const unknownToTshark = "TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256";

const all = [legacySuites, dheSuites, ccmSuites, ecdhePskSuites, pskSuites].flat();
const cases = all.flatMap((suite) =>
  (suite.mac ? [false, true] : [false]).map((textbook) => ({
    name: `${suite.name}${textbook ? " of the textbook" : ""}`,
    suite,
    textbook,
  })),
);

/** The lines of tshark for each case. One file has all recordings, because tshark needs a second to start. */
const found = new Map<string, string[]>();
beforeAll(async () => {
  if (!hasTshark) return;
  const sections: Uint8Array[] = [];
  for (const { suite, textbook } of cases)
    sections.push(recordingToPcapng({ role: "client", events: await record(suite, textbook) }));
  const file = join(folder, "recordings.pcapng");
  writeFileSync(file, Buffer.concat(sections));
  const fields = ["tcp.stream", "tls.handshake.ciphersuite", "http.request.uri", "_ws.malformed", "_ws.expert.message"];
  const { stdout, stderr } = spawnSync(
    tshark,
    ["-r", file, "-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-T", "fields"].concat(
      fields.flatMap((field) => ["-e", field]),
    ),
    { encoding: "utf8" },
  );
  expect(stderr.replaceAll(/^Running as user.*\n/gm, "")).toBe("");
  for (const line of stdout.split("\n").filter(Boolean)) {
    const name = cases[Number(line.split("\t")[0])]?.name ?? "";
    found.set(name, [...(found.get(name) ?? []), line]);
  }
});

describe("tshark (needs tshark)", () => {
  test.skipIf(!hasTshark).each(cases)("decrypts $name, and finds nothing malformed", ({ name, suite }) => {
    const lines = found.get(name)?.join("\n") ?? "";
    expect(lines).toContain(`0x${suite.id.toString(16).padStart(4, "0")}`);
    if (suite.name !== unknownToTshark) expect(lines).toContain("/hello");
    expect(lines).not.toMatch(/malformed|checksum/i);
  });
});
