import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { noble, parseCertificate, rsa_pkcs1_sha384, rsa_pss_rsae_sha256, TlsError } from "@handclasp/core";
import { certificateForKey, testCa } from "@handclasp/testing";
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
  expect(error.fault).toBe("configuration");
  expect(error.advice).toBeTruthy();
  return error;
}

describe("browserCredential", () => {
  test("lists the scheme with the curve's own hash first, and PSS before PKCS#1, and has no rsaDecryptRaw", () => {
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

  test("reads a chain as PEM, as one DER certificate and as a list of DER certificates", async () => {
    const { cert, key, chain } = p256;
    expect((await browserCredential({ cert, key })).chain).toEqual(chain);
    expect((await browserCredential({ cert: chain[0]!, key })).chain).toEqual([chain[0]]);
    expect((await browserCredential({ cert: chain, key: `${cert}${key}` })).chain).toEqual(chain);
  });

  test("signs with a CryptoKey that cannot be exported, and only with the algorithm of the CryptoKey", async () => {
    const pkcs1 = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-384" };
    const pkcs1Key = await subtle.importKey("pkcs8", derOf(rsa.key), pkcs1, false, ["sign"]);
    const credential = await browserCredential({ cert: rsa.cert, key: pkcs1Key });
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

  test("the option scheme selects one of several schemes", async () => {
    const credential = await browserCredential({ ...rsa, scheme: rsa_pss_rsae_sha256 });
    expect(names(credential)).toEqual(["rsa_pss_rsae_sha256"]);
    const error = await refusal(browserCredential({ ...p256, scheme: rsa_pss_rsae_sha256 }));
    expect(error.message).toContain("rsa_pss_rsae_sha256");
  });

  test("rejects with a configuration error with advice for options that cannot work", async () => {
    const { cert, key } = p256;
    const other = issued.get("ecdsa-p384")!;
    const pair = await subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
    const p384Pair = await subtle.generateKey({ name: "ECDSA", namedCurve: "P-384" }, false, ["sign", "verify"]);
    const ecdhPair = await subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"]);
    const cases: [string, Parameters<typeof browserCredential>[0]][] = [
      ["does not belong", { cert, key: pair.privateKey }],
      ["does not belong", { cert, key: p384Pair.privateKey }],
      ["cannot be imported", { cert, key: other.key }],
      ["does not belong", { cert, key: rsa.key }],
      ["cannot sign", { cert, key: pair.publicKey }],
      ["cannot sign", { cert, key: ecdhPair.privateKey }],
      ["cannot sign", { cert: rsa.cert, key: pair.privateKey }],
      ["is a certificate", { cert, key: cert }],
      ["name of a file", { cert, key: "client.key" }],
      ["a private key in place of a certificate", { cert: key, key }],
      ["there is no certificate", { cert: [], key }],
      ["there is no certificate", { cert: new Uint8Array(50), key }],
      ["certificate cannot be used", { cert: Uint8Array.of(0x30, 0), key }],
    ];
    for (const [message, options] of cases) {
      expect((await refusal(browserCredential(options))).message).toContain(message);
    }
  });

  test("reads encrypted PKCS#8, SEC1, PKCS#1, JWK and DER keys", async () => {
    const passphrase = "pässwörd";
    for (const [name, { cert, key, chain }] of issued) {
      const keyObject = createPrivateKey(key);
      const encrypted = keyObject.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase });
      const type =
        keyObject.asymmetricKeyType === "rsa" ? "pkcs1" : keyObject.asymmetricKeyType === "ec" ? "sec1" : "pkcs8";
      const credentials = [
        await browserCredential({ cert, key: encrypted, passphrase }),
        await browserCredential({ cert, key: derOf(key) }),
        await browserCredential({ cert, key: new TextEncoder().encode(key) }),
        await browserCredential({
          cert,
          key: keyObject.export({ type, format: "pem" } as { type: "pkcs8"; format: "pem" }),
        }),
        await browserCredential({ cert, key: keyObject.export({ format: "jwk" }) }),
      ];
      for (const credential of credentials) {
        const scheme = credential.schemes[0]!;
        const signature = await credential.sign(scheme, chain[0]!);
        const { publicKey } = parseCertificate(chain[0]!);
        expect([name, await webCrypto.verify(scheme.algorithm, publicKey, chain[0]!, signature)]).toEqual([name, true]);
      }
      expect((await refusal(browserCredential({ cert, key: encrypted }))).code).toBe("passphrase_needed");
      expect((await refusal(browserCredential({ cert, key: encrypted, passphrase: "?" }))).code).toBe(
        "wrong_passphrase",
      );
    }
  });

  test("a key that is bound to RSASSA-PSS signs with PSS", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa-pss", { modulusLength: 2048 });
    const cert = certificateForKey(new Uint8Array(publicKey.export({ type: "spki", format: "der" })));
    const key = privateKey.export({ type: "pkcs8", format: "pem" });
    const credential = await browserCredential({ cert, key });
    expect(names(credential)).toEqual(["rsa_pss_pss_sha256", "rsa_pss_pss_sha384", "rsa_pss_pss_sha512"]);
    for (const scheme of credential.schemes) {
      const signature = await credential.sign(scheme, cert);
      expect(await webCrypto.verify(scheme.algorithm, parseCertificate(cert).publicKey, cert, signature)).toBe(true);
    }
  });

  test("refuses a chain that is out of order, or whose issuer has another key", async () => {
    const { key, chain } = await (await (await testCa()).intermediate()).issue();
    const [leaf, issuer] = chain as [Uint8Array, Uint8Array];
    expect((await refusal(browserCredential({ cert: [issuer, leaf], key }))).message).toContain("the chain is broken");
    const forged = Object.assign(leaf.slice(), { [leaf.length - 1]: leaf.at(-1)! ^ 1 });
    expect((await refusal(browserCredential({ cert: [forged, issuer], key }))).message).toContain("another key");
  });

  test("without WebCrypto, EC and Ed25519 keys sign in JavaScript, and RSA keys are refused", async () => {
    const ecKind = { name: "ECDSA", namedCurve: "P-256" };
    const cryptoKey = await subtle.importKey("pkcs8", derOf(p256.key), ecKind, false, ["sign"]);
    vi.stubGlobal("crypto", { getRandomValues: crypto.getRandomValues.bind(crypto) });
    for (const name of ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "ed25519"] as const) {
      const { cert, key, chain } = issued.get(name)!;
      const credential = await browserCredential({ cert, key });
      const scheme = credential.schemes[0]!;
      const signature = await credential.sign(scheme, chain[0]!);
      const { publicKey } = parseCertificate(chain[0]!);
      expect(await noble.verify(scheme.algorithm, publicKey, chain[0]!, signature)).toBe(true);
    }
    expect((await refusal(browserCredential(rsa))).message).toContain("RSA");
    expect((await refusal(browserCredential({ cert: p256.cert, key: cryptoKey }))).message).toContain("WebCrypto");
    const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" });
    for (const key of [other, generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" })])
      expect((await refusal(browserCredential({ cert: p256.cert, key }))).code).toBe("key_mismatch");
    const ed25519 = issued.get("ed25519")!;
    expect((await refusal(browserCredential({ cert: ed25519.cert, key: other }))).code).toBe("key_mismatch");
  });
});
