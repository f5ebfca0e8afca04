/** Exported keying material and channel bindings: RFC 5705, RFC 5929, RFC 9266. Against openssl and node:tls they are compared in the interop tests. */

import { createHash } from "node:crypto";
import { accept, connect, legacySuites, noble, pskSuites, type TlsConnection, type TlsError } from "@handclasp/core";
import { concat, toHex } from "@handclasp/core/unstable";

import { type IssueOptions, memoryPair, testCa } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { prf } from "../../src/crypto/prf.ts";
import { Exporter, type ExporterInput } from "../../src/handshake/exporter.ts";
import { parseCertificate } from "../../src/x509/certificate.ts";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["localhost"] }));

async function ends(options: Partial<Parameters<typeof connect>[1]> = {}): Promise<[TlsConnection, TlsConnection]> {
  const { a, b } = memoryPair();
  return Promise.all([
    connect(a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost", ...options }),
    accept(b, { provider: nodeCrypto, credentials: [credential], suites: legacySuites }),
  ]);
}

const input = (changes: Partial<ExporterInput> = {}): ExporterInput => ({
  hashes: noble.hashes,
  hash: noble.hashes.sha256,
  extendedMasterSecret: true,
  resumed: false,
  serverCertificate: undefined,
  ...changes,
});

const secrets = () => ({
  masterSecret: new Uint8Array(48).fill(1),
  clientRandom: new Uint8Array(32).fill(2),
  serverRandom: new Uint8Array(32).fill(3),
  firstFinished: new Uint8Array(12).fill(4),
});

const exporterOf = (
  changes: Partial<ExporterInput> = {},
  { masterSecret, clientRandom, serverRandom, firstFinished } = secrets(),
): Exporter => new Exporter(input(changes), masterSecret, clientRandom, serverRandom, firstFinished);

const usage = (message: RegExp) =>
  expect.objectContaining({ code: "usage", message: expect.stringMatching(message) }) as TlsError;

describe("exported keying material", () => {
  test("is the same on both sides, and differs by label, context and connection", async () => {
    const [client, server] = await ends();
    const [other] = await ends();
    const all = [
      ["EXPERIMENTAL one", undefined],
      ["EXPERIMENTAL two", undefined],
      ["EXPERIMENTAL one", new Uint8Array(0)],
      ["EXPERIMENTAL one", Uint8Array.of(1)],
    ] as const;
    const values = all.map(([label, context]) => {
      const value = client.exportKeyingMaterial(40, label, context);
      expect(server.exportKeyingMaterial(40, label, context)).toEqual(value);
      expect(value).toHaveLength(40);
      return toHex(value);
    });
    values.push(toHex(other.exportKeyingMaterial(40, "EXPERIMENTAL one")));
    expect(new Set(values).size).toBe(5);
    expect(toHex(client.exportKeyingMaterial(10, "EXPERIMENTAL one"))).toBe(values[0]?.slice(0, 20));
    await Promise.all([client.close(), server.close()]);
    expect(() => client.exportKeyingMaterial(32, "EXPERIMENTAL one")).toThrow(usage(/closed/));
  });

  test("is PRF(master_secret, label, client_random + server_random + length and bytes of the context) (RFC 5705 §4)", () => {
    const { masterSecret, clientRandom, serverRandom } = secrets();
    const exporter = exporterOf();
    const seed = concat(clientRandom, serverRandom);
    expect(exporter.export(99, "label")).toEqual(prf(noble.hashes.sha256, masterSecret, "label", seed, 99));
    expect(exporter.export(99, "")).toEqual(prf(noble.hashes.sha256, masterSecret, "", seed, 99));
    expect(exporter.export(99, "label", Uint8Array.of(7, 8))).toEqual(
      prf(noble.hashes.sha256, masterSecret, "label", concat(seed, Uint8Array.of(0, 2, 7, 8)), 99),
    );
  });

  test("keeps a master secret of its own, and forgets it", () => {
    const given = secrets();
    const exporter = exporterOf({}, given);
    const value = exporter.export(32, "label");
    given.masterSecret.fill(0);
    expect(exporter.export(32, "label")).toEqual(value);
    exporter.wipe();
    expect(() => exporter.export(32, "label")).toThrow(usage(/closed/));
  });

  test.each([
    [0, "label", undefined],
    [1.5, "label", undefined],
    [65_536, "label", undefined],
    [32, "lábel", undefined],
    [32, "master secret", undefined],
    [32, "extended master secret", undefined],
    [32, "key expansion", undefined],
    [32, "client finished", undefined],
    [32, "server finished", undefined],
    [32, "label", new Uint8Array(65_536)],
    [32, "label", "a text" as unknown as Uint8Array],
    [32, "label", null as unknown as Uint8Array],
    [32, "label", new ArrayBuffer(4) as unknown as Uint8Array],
    [32, undefined as unknown as string, undefined],
  ] as const)("of %s bytes under %j is refused", (length, label, context) => {
    expect(() => exporterOf().export(length, label, context)).toThrow(expect.objectContaining({ code: "usage" }));
  });

  test("is refused without extended_master_secret, and before the handshake", async () => {
    const exporter = exporterOf({ extendedMasterSecret: false });
    expect(() => exporter.export(32, "label")).toThrow(usage(/extended_master_secret/));
    expect(() => exporter.channelBinding("tls-exporter")).toThrow(usage(/extended_master_secret/));
  });
});

describe("channel binding", () => {
  test("tls-exporter is 32 bytes under its label and an empty context (RFC 9266 §2)", async () => {
    const [client, server] = await ends();
    const binding = client.channelBinding("tls-exporter");
    expect(binding).toEqual(server.channelBinding("tls-exporter"));
    expect(binding).toEqual(client.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", new Uint8Array(0)));
  });
  test("tls-unique is the first Finished, a copy; of a resumed session only with extended_master_secret", () => {
    const given = secrets();
    expect(exporterOf({}, given).channelBinding("tls-unique")).toEqual(given.firstFinished);
    expect(exporterOf({}, given).channelBinding("tls-unique")).not.toBe(given.firstFinished);
    const classic = { extendedMasterSecret: false };
    expect(exporterOf(classic).channelBinding("tls-unique")).toEqual(given.firstFinished);
    expect(() => exporterOf({ ...classic, resumed: true }).channelBinding("tls-unique")).toThrow(
      usage(/extended_master_secret/),
    );
  });
  const kinds: readonly (readonly [Required<IssueOptions>["algorithm"], string])[] = [
    ["ecdsa-p256", "sha256"],
    ["ecdsa-p384", "sha384"],
    ["rsa-2048", "sha256"],
  ];
  test.each(kinds)("tls-server-end-point under %s is the certificate's %s", async (algorithm, hash) => {
    const issuer = await testCa({ algorithm });
    const own = nodeCredential(await issuer.issue({ names: ["localhost"] }));
    const { a, b } = memoryPair();
    const [client, server] = await Promise.all([
      connect(a, { provider: nodeCrypto, ca: issuer.pem, serverName: "localhost" }),
      accept(b, { provider: nodeCrypto, credentials: [own] }),
    ]);
    const wanted = new Uint8Array(
      createHash(hash)
        .update(own.chain[0] as Uint8Array)
        .digest(),
    );
    expect(client.channelBinding("tls-server-end-point")).toEqual(wanted);
    expect(server.channelBinding("tls-server-end-point")).toEqual(wanted);
  });
  test("tls-server-end-point is SHA-256 where the certificate is signed with SHA-1 (RFC 5929 §4.1), and undefined under Ed25519 or without any", async () => {
    const real = parseCertificate(credential.chain[0] as Uint8Array);
    const old = { ...real, signatureAlgorithm: undefined, signatureAlgorithmOid: "1.2.840.113549.1.1.5" };
    expect(exporterOf({ serverCertificate: old }).channelBinding("tls-server-end-point")).toEqual(
      noble.hashes.sha256.digest(real.raw),
    );
    const ed25519 = await testCa({ algorithm: "ed25519" });
    const signed = parseCertificate((await ed25519.issue()).chain[0] as Uint8Array);
    expect(() => exporterOf({ serverCertificate: signed }).channelBinding("tls-server-end-point")).toThrow(
      usage(/not defined/),
    );
    expect(() => exporterOf().channelBinding("tls-server-end-point")).toThrow(usage(/needs a server certificate/));
  });
  test("of a pre-shared key: tls-exporter and tls-unique", async () => {
    const { a, b } = memoryPair();
    const key = new Uint8Array(32).fill(9);
    const [client, server] = await Promise.all([
      connect(a, { provider: nodeCrypto, suites: pskSuites, psk: { identity: "me", key } }),
      accept(b, { provider: nodeCrypto, suites: pskSuites, psk: { lookup: () => key } }),
    ]);
    for (const type of ["tls-exporter", "tls-unique"] as const)
      expect(client.channelBinding(type)).toEqual(server.channelBinding(type));
  });
  test("of another name is a usage error", () => {
    expect(() => exporterOf().channelBinding("tls-unique-for-telnet" as "tls-unique")).toThrow(
      usage(/no channel binding/),
    );
  });
});
