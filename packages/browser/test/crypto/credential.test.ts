import { rsa_pkcs1_sha384, rsa_pss_rsae_sha256, TlsError } from "@handclasp/core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { browserCredential } from "../../src/crypto/credential.ts";
import { webCrypto } from "../../src/crypto/webCrypto.ts";
import { issued, signers } from "./signers.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

const { subtle } = globalThis.crypto;
const p256 = issued.get("ecdsa-p256")!;
const rsa = issued.get("rsa-2048")!;
const derOf = (pem: string) => Uint8Array.from(Buffer.from(pem.replace(/-----.*?-----|\s/g, ""), "base64"));
const names = (credential: { schemes: readonly { name: string }[] }) => credential.schemes.map(({ name }) => name);

async function refusal(promise: Promise<unknown>): Promise<TlsError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!TlsError.is(error)) throw new Error(`no TlsError: ${String(error)}`);
  expect(error.code).toBe("configuration");
  expect(error.advice).toBeTruthy();
  return error;
}

describe("browserCredential", () => {
  test("schemes: the curve's own hash first, PSS before PKCS#1; nothing decrypts", () => {
    const [ec256, ec384, ec521] = ["ecdsa_secp256r1_sha256", "ecdsa_secp384r1_sha384", "ecdsa_secp521r1_sha512"];
    const kinds = (kind: string) => ["sha256", "sha384", "sha512"].map((hash) => `${kind}_${hash}`);
    const schemes = Object.fromEntries(signers.map(({ name, credential }) => [name, names(credential)]));
    expect(schemes).toEqual({
      "ecdsa-p256": [ec256, ec384, ec521],
      "ecdsa-p384": [ec384, ec256, ec521],
      "ecdsa-p521": [ec521, ec256, ec384],
      "rsa-2048": [...kinds("rsa_pss_rsae"), ...kinds("rsa_pkcs1")],
      ed25519: ["ed25519"],
    });
    for (const { credential } of signers) expect(credential).not.toHaveProperty("rsaDecryptRaw");
  });

  test("a chain as PEM, as one DER and as several", async () => {
    const { cert, key, chain } = p256;
    expect((await browserCredential({ cert, key })).chain).toEqual(chain);
    expect((await browserCredential({ cert: chain[0]!, key })).chain).toEqual([chain[0]]);
    expect((await browserCredential({ cert: chain, key: `${cert}${key}` })).chain).toEqual(chain);
  });

  test("a CryptoKey signs with what it is bound to, and need not be exportable", async () => {
    const pkcs1 = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-384" };
    const bound = await subtle.importKey("pkcs8", derOf(rsa.key), pkcs1, false, ["sign"]);
    const credential = await browserCredential({ cert: rsa.cert, key: bound });
    expect(names(credential)).toEqual(["rsa_pkcs1_sha384"]);
    const { publicKey } = signers.find(({ name }) => name === "rsa-2048")!;
    const message = new Uint8Array(5);
    const signature = await credential.sign(rsa_pkcs1_sha384, message);
    expect(await webCrypto.verify(rsa_pkcs1_sha384.algorithm, publicKey, message, signature)).toBe(true);
    await expect(credential.sign(rsa_pss_rsae_sha256, message)).rejects.toThrow("rsa_pss_rsae_sha256");

    const ecKind = { name: "ECDSA", namedCurve: "P-256" };
    const ec = await subtle.importKey("pkcs8", derOf(p256.key), ecKind, false, ["sign"]);
    expect(names(await browserCredential({ cert: p256.cert, key: ec }))).toHaveLength(3);
  });

  test("one scheme of several", async () => {
    const credential = await browserCredential({ ...rsa, scheme: rsa_pss_rsae_sha256 });
    expect(names(credential)).toEqual(["rsa_pss_rsae_sha256"]);
    const error = await refusal(browserCredential({ ...p256, scheme: rsa_pss_rsae_sha256 }));
    expect(error.message).toContain("rsa_pss_rsae_sha256");
  });

  test("what cannot work is a configuration error with advice", async () => {
    const { cert, key } = p256;
    const other = issued.get("ecdsa-p384")!;
    const pair = await subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
    const wide = await subtle.generateKey({ name: "ECDSA", namedCurve: "P-384" }, false, ["sign", "verify"]);
    const exchange = await subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"]);
    const cases: [string, Parameters<typeof browserCredential>[0]][] = [
      ["does not belong", { cert, key: pair.privateKey }],
      ["does not belong", { cert, key: wide.privateKey }],
      ["cannot be imported", { cert, key: other.key }],
      ["cannot be imported", { cert, key: rsa.key }],
      ["cannot sign", { cert, key: pair.publicKey }],
      ["cannot sign", { cert, key: exchange.privateKey }],
      ["cannot sign", { cert: rsa.cert, key: pair.privateKey }],
      ["there is no private key", { cert, key: cert }],
      ["EC PRIVATE KEY", { cert, key: key.replaceAll("PRIVATE KEY", "EC PRIVATE KEY") }],
      ["ENCRYPTED PRIVATE KEY", { cert, key: key.replaceAll("PRIVATE KEY", "ENCRYPTED PRIVATE KEY") }],
      ["there is no certificate", { cert: key, key }],
      ["there is no certificate", { cert: [], key }],
      ["certificate cannot be used", { cert: new Uint8Array(50), key }],
    ];
    for (const [message, options] of cases) {
      expect((await refusal(browserCredential(options))).message).toContain(message);
    }
  });

  test("without WebCrypto it says so", async () => {
    vi.stubGlobal("crypto", {});
    expect((await refusal(browserCredential(p256))).message).toContain("no WebCrypto");
  });
});
