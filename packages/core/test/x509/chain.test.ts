import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { noble } from "../../src/crypto/noble.ts";
import { TlsError } from "../../src/errors.ts";
import { runFlow } from "../../src/flow.ts";
import { withExplanationSync } from "../../src/validation/withExplanationSync.ts";
import { type ChainSource, readOwnChain, verifyChain } from "../../src/x509/chain.ts";
import { nobleCredential } from "../../src/x509/nobleCredential.ts";
import {
  ca,
  dns,
  ecKey,
  extension,
  issue,
  keyUsage,
  name,
  octets,
  parsed,
  pemOf,
  server,
  subjectAltName,
  tlv,
} from "./make.ts";

const root = ca("Root");
const middle = ca("Middle", { issuer: root });
const leaf = server(middle);

/** The configuration error that `read` must throw. */
function fault(read: () => unknown): TlsError {
  try {
    read();
  } catch (error) {
    if (TlsError.is(error) && error.fault === "configuration" && error.advice) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}
/** The message of the error for a chain. */
const refusalOf = (...chain: { der: Uint8Array }[]) => fault(() => readOwnChain(chain.map(({ der }) => der))).message;

describe("a chain of our own", () => {
  it("is read from PEM, DER and lists of them, with or without the root", () => {
    const pems = [leaf, middle, root].map(({ der }) => pemOf(der));
    const subjects = (source: ChainSource) => readOwnChain(source).map(({ subject }) => subject.text);
    const all = ["CN=www.example.com", "CN=Middle,O=Test", "CN=Root,O=Test"];
    expect(subjects(pems.join(""))).toEqual(all);
    expect(subjects(Buffer.from(pems.join("")))).toEqual(all);
    expect(subjects(pems)).toEqual(all);
    expect(subjects([leaf.der, pems[1]!])).toEqual(all.slice(0, 2));
    expect(subjects(leaf.der)).toEqual(all.slice(0, 1));
  });

  it("is copied, so that the caller may change the bytes", () => {
    const der = leaf.der.slice();
    const [certificate] = readOwnChain(der);
    der.fill(0);
    expect(certificate.raw).toEqual(leaf.der);
  });

  it("must be in order and complete", () => {
    expect(refusalOf(middle, leaf)).toContain("certificate 1 (CN=www.example.com) did not issue certificate 0");
    expect(refusalOf(leaf, root, middle)).toContain("certificate 2 did: the end-entity comes first");
    expect(refusalOf(leaf, root)).toContain("leave out certificates of other chains");
    expect(refusalOf(leaf, leaf)).toContain("did not issue");
    expect(refusalOf(leaf, middle, root, leaf)).toContain("did not issue");
  });

  it("must have issuers that are CAs and may sign certificates", () => {
    const ordinary = issue({ subject: name("CN=ordinary"), issuer: root });
    expect(refusalOf(server(ordinary), ordinary)).toContain("is not a CA");
    const unusable = issue({
      subject: name("CN=unusable"),
      issuer: root,
      extensions: [extension("2.5.29.19", tlv(0x30, Uint8Array.of(1, 1, 255)), true), keyUsage(6)],
    });
    expect(refusalOf(server(unusable), unusable)).toContain("keyCertSign");
  });

  it("must be signed by its issuer, not by another CA of the same name", async () => {
    const again = ca("Middle", { issuer: root });
    const check = (...chain: { der: Uint8Array }[]) => runFlow(verifyChain(chain.map(parsed), noble));
    await check(leaf, middle, root);
    await expect(async () => check(leaf, again, root)).rejects.toThrow("another key");
    const id = (oid: string, value: Uint8Array) => extension(oid, value);
    const identified = ca("Identified", { extensions: [id("2.5.29.14", octets(Uint8Array.of(1)))] });
    const end = issue({ issuer: identified, extensions: [id("2.5.29.35", tlv(0x30, tlv(0x80, Uint8Array.of(2))))] });
    expect(refusalOf(end, identified)).toContain("another key");
  });

  it("has at most 16 certificates, and at least one", () => {
    expect(refusalOf(...Array.from({ length: 17 }, () => root))).toContain("17 certificates");
    expect(refusalOf()).toContain("no certificate");
    expect(fault(() => withExplanationSync(() => readOwnChain("chain.pem"))).advice).toContain("name of a file");
    expect(fault(() => withExplanationSync(() => readOwnChain("hello"))).advice).toContain("BEGIN CERTIFICATE");
    expect(fault(() => withExplanationSync(() => readOwnChain(root.der.slice(1)))).message).toContain("no certificate");
    expect(fault(() => readOwnChain(root.der.slice(0, -1))).message).toContain("cannot be used");
  });
});

describe("nobleCredential", () => {
  const kinds = {
    secp256r1: ecKey("P-256"),
    secp384r1: ecKey("P-384"),
    secp521r1: ecKey("P-521"),
    ed25519: generateKeyPairSync("ed25519"),
  };
  it.each(Object.entries(kinds))("signs with %s", async (_, key) => {
    const cert = server(middle, { key }).der;
    const credential = await nobleCredential({
      cert: [cert, middle.der],
      key: key.privateKey.export({ type: "pkcs8", format: "pem" }),
    });
    expect(credential.schemes).toHaveLength(key === kinds.ed25519 ? 1 : 3);
    for (const scheme of credential.schemes) {
      const signature = await credential.sign(scheme, cert);
      expect(await noble.verify(scheme.algorithm, parsed({ der: cert }).publicKey, cert, signature)).toBe(true);
    }
    const foreign = { ...credential.schemes[0]!, id: 0x0401, name: "rsa_pkcs1_sha256" };
    expect(() => credential.sign(foreign, cert)).toThrow("rsa_pkcs1_sha256");
  });

  it("refuses a key that is not the certificate's, an RSA key, and a broken chain", async () => {
    const pem = (key: keyof typeof kinds) => kinds[key].privateKey.export({ type: "pkcs8", format: "pem" });
    const cert = server(middle, { key: kinds.secp256r1 }).der;
    for (const key of [pem("secp384r1"), pem("ed25519"), ecKey().privateKey.export({ format: "jwk" })])
      await expect(nobleCredential({ cert, key })).rejects.toMatchObject({ code: "key_mismatch" });
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
    await expect(
      nobleCredential({ cert: server(middle, { key: rsa }).der, key: rsa.privateKey.export({ format: "jwk" }) }),
    ).rejects.toThrow("nodeCredential or browserCredential");
    const stranger = ca("Middle", { issuer: root, extensions: [subjectAltName(dns("ca.example"))] });
    await expect(nobleCredential({ cert: [cert, stranger.der], key: pem("secp256r1") })).rejects.toThrow("another key");
  });
});
