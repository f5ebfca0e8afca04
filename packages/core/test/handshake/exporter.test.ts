/**
 * Exported keying material and channel bindings: RFC 5705, RFC 5929, RFC 9266. The interop tests compare both with
 * the values of OpenSSL, node:tls and Python.
 */

import { createHash } from "node:crypto";
import { accept, connect, legacySuites, noble, pskSuites, type TlsConnection, type TlsError } from "@handclasp/core";
import { concat, toHex } from "@handclasp/core/unstable";
import { acceptWith, serverHandshakeConfig } from "@handclasp/core/unstable/engine";
import { type IssueOptions, memoryPair, testCa } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { prf } from "../../src/crypto/prf.ts";
import { Exporter, type ExporterInput } from "../../src/handshake/exporter.ts";
import { parseCertificate } from "../../src/x509/certificate.ts";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["localhost"] }));

async function connectedPair(
  options: Partial<Parameters<typeof connect>[1]> = {},
): Promise<[TlsConnection, TlsConnection]> {
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
    const [client, server] = await connectedPair();
    const [other] = await connectedPair();
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

  test("is refused with a usage error before the handshake is done", async () => {
    const { a, b } = memoryPair();
    const connecting = connect(a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost" });
    const server = acceptWith(serverHandshakeConfig({ provider: nodeCrypto, credentials: [credential] }), b, {});
    expect(() => server.exportKeyingMaterial(32, "EXPERIMENTAL one")).toThrow(usage(/before the handshake is done/));
    const [client] = await Promise.all([connecting, server.opened]);
    const value = client.exportKeyingMaterial(32, "EXPERIMENTAL one");
    expect(server.exportKeyingMaterial(32, "EXPERIMENTAL one")).toEqual(value);
    await Promise.all([client.close(), server.close()]);
  });

  test("is the PRF of the label, both randoms, and the context with its length (RFC 5705 §4)", () => {
    const { masterSecret, clientRandom, serverRandom } = secrets();
    const exporter = exporterOf();
    const seed = concat(clientRandom, serverRandom);
    expect(exporter.export(99, "label")).toEqual(prf(noble.hashes.sha256, masterSecret, "label", seed, 99));
    expect(exporter.export(99, "")).toEqual(prf(noble.hashes.sha256, masterSecret, "", seed, 99));
    expect(exporter.export(99, "label", Uint8Array.of(7, 8))).toEqual(
      prf(noble.hashes.sha256, masterSecret, "label", concat(seed, Uint8Array.of(0, 2, 7, 8)), 99),
    );
  });

  test("is derived from a copy of the master secret, so that the original can be wiped", () => {
    const input = secrets();
    const exporter = exporterOf({}, input);
    const value = exporter.export(32, "label");
    input.masterSecret.fill(0);
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
  ] as const)("is refused for an invalid length, label or context (%s bytes, %j)", (length, label, context) => {
    expect(() => exporterOf().export(length, label, context)).toThrow(expect.objectContaining({ code: "usage" }));
  });

  test("is refused without extended_master_secret", async () => {
    const exporter = exporterOf({ extendedMasterSecret: false });
    expect(() => exporter.export(32, "label")).toThrow(usage(/extended_master_secret/));
    expect(() => exporter.channelBinding("tls-exporter")).toThrow(usage(/extended_master_secret/));
  });
});

describe("channel binding", () => {
  test("tls-exporter is 32 bytes, with its label and an empty context (RFC 9266 §2)", async () => {
    const [client, server] = await connectedPair();
    const binding = client.channelBinding("tls-exporter");
    expect(binding).toEqual(server.channelBinding("tls-exporter"));
    expect(binding).toEqual(client.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", new Uint8Array(0)));
  });
  test("tls-unique is a copy of the first Finished, and a resumed session needs extended_master_secret for it", () => {
    const input = secrets();
    expect(exporterOf({}, input).channelBinding("tls-unique")).toEqual(input.firstFinished);
    expect(exporterOf({}, input).channelBinding("tls-unique")).not.toBe(input.firstFinished);
    const classic = { extendedMasterSecret: false };
    expect(exporterOf(classic).channelBinding("tls-unique")).toEqual(input.firstFinished);
    expect(() => exporterOf({ ...classic, resumed: true }).channelBinding("tls-unique")).toThrow(
      usage(/extended_master_secret/),
    );
  });
  const kinds: readonly (readonly [Required<IssueOptions>["algorithm"], string])[] = [
    ["ecdsa-p256", "sha256"],
    ["ecdsa-p384", "sha384"],
    ["rsa-2048", "sha256"],
  ];
  test.each(kinds)("tls-server-end-point of a certificate signed with %s is its %s hash", async (algorithm, hash) => {
    const issuer = await testCa({ algorithm });
    const leaf = nodeCredential(await issuer.issue({ names: ["localhost"] }));
    const { a, b } = memoryPair();
    const [client, server] = await Promise.all([
      connect(a, { provider: nodeCrypto, ca: issuer.pem, serverName: "localhost" }),
      accept(b, { provider: nodeCrypto, credentials: [leaf] }),
    ]);
    const wanted = new Uint8Array(
      createHash(hash)
        .update(leaf.chain[0] as Uint8Array)
        .digest(),
    );
    expect(client.channelBinding("tls-server-end-point")).toEqual(wanted);
    expect(server.channelBinding("tls-server-end-point")).toEqual(wanted);
  });
  test("tls-server-end-point is SHA-256 for a SHA-1 signature (RFC 5929 §4.1), and refused for Ed25519", async () => {
    const parsed = parseCertificate(credential.chain[0] as Uint8Array);
    const signedWithSha1 = { ...parsed, signatureAlgorithm: undefined, signatureAlgorithmOid: "1.2.840.113549.1.1.5" };
    expect(exporterOf({ serverCertificate: signedWithSha1 }).channelBinding("tls-server-end-point")).toEqual(
      noble.hashes.sha256.digest(parsed.raw),
    );
    const ed25519 = await testCa({ algorithm: "ed25519" });
    const signed = parseCertificate((await ed25519.issue()).chain[0] as Uint8Array);
    expect(() => exporterOf({ serverCertificate: signed }).channelBinding("tls-server-end-point")).toThrow(
      usage(/not defined/),
    );
    expect(() => exporterOf().channelBinding("tls-server-end-point")).toThrow(usage(/needs a server certificate/));
  });
  test("tls-exporter and tls-unique are the same on both sides with a pre-shared key", async () => {
    const { a, b } = memoryPair();
    const key = new Uint8Array(32).fill(9);
    const [client, server] = await Promise.all([
      connect(a, { provider: nodeCrypto, suites: pskSuites, psk: { identity: "me", key } }),
      accept(b, { provider: nodeCrypto, suites: pskSuites, psk: { lookup: () => key } }),
    ]);
    for (const type of ["tls-exporter", "tls-unique"] as const)
      expect(client.channelBinding(type)).toEqual(server.channelBinding(type));
  });
  test("an unknown channel binding is a usage error", () => {
    expect(() => exporterOf().channelBinding("tls-unique-for-telnet" as "tls-unique")).toThrow(
      usage(/no channel binding/),
    );
  });
});
