import { constants, createPublicKey, generateKeyPairSync, type KeyObject, publicEncrypt } from "node:crypto";
import { rsa_pkcs1_sha256, type SignatureScheme, TlsError } from "@handclasp/core";
import { type KeyAlgorithm, testCa } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { nodeCredential } from "../../src/crypto/credential.ts";
import { certificateFor, pairs } from "./keys.ts";

const names = (schemes: readonly SignatureScheme[]) => schemes.map(({ name }) => name);
const credentialFor = (key: KeyObject) => nodeCredential({ cert: certificateFor(createPublicKey(key)), key });

function refusal(action: () => unknown): TlsError {
  try {
    action();
  } catch (error) {
    if (TlsError.is(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("nodeCredential", () => {
  const algorithms: KeyAlgorithm[] = ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa-2048", "ed25519"];
  test.each(algorithms)(
    "%s: reads an issued certificate and its key as text, as bytes and as DER",
    async (algorithm) => {
      const ca = await (await testCa()).intermediate();
      const { cert, key, chain } = await ca.issue({ algorithm });
      const certAndKey = `${cert}${key}`;
      for (const credential of [
        nodeCredential({ cert, key }),
        nodeCredential({ cert: Buffer.from(cert), key: Buffer.from(key) }),
        nodeCredential({
          cert: chain,
          key: Uint8Array.from(Buffer.from(key.replace(/-----.*?-----|\s/g, ""), "base64")),
        }),
        nodeCredential({ cert: certAndKey, key: certAndKey }),
      ]) {
        expect(credential.chain).toEqual(chain);
        expect(credential.schemes.length).toBeGreaterThan(0);
      }
      expect(nodeCredential({ cert: chain[0]!, key }).chain).toEqual([chain[0]]);
    },
  );

  test("reads PKCS#1 and SEC1 keys, and encrypted PKCS#8 keys", () => {
    const { privateKey: rsa, publicKey: rsaPublic } = pairs["RSA-2048"]!;
    const { privateKey: ec, publicKey: ecPublic } = pairs["P-256"]!;
    const rsaCert = certificateFor(rsaPublic);
    const ecCert = certificateFor(ecPublic);
    nodeCredential({ cert: rsaCert, key: rsa.export({ type: "pkcs1", format: "pem" }) });
    nodeCredential({ cert: rsaCert, key: rsa.export({ type: "pkcs1", format: "der" }) });
    nodeCredential({ cert: ecCert, key: ec.export({ type: "sec1", format: "pem" }) });
    nodeCredential({ cert: ecCert, key: ec.export({ type: "sec1", format: "der" }) });
    const encryption = { type: "pkcs8", cipher: "aes-256-cbc", passphrase: "open sesame" } as const;
    const pem = ec.export({ ...encryption, format: "pem" });
    const der = ec.export({ ...encryption, format: "der" });
    nodeCredential({ cert: ecCert, key: pem, passphrase: "open sesame" });
    nodeCredential({ cert: ecCert, key: der, passphrase: "open sesame" });
    for (const key of [pem, der]) {
      expect(refusal(() => nodeCredential({ cert: ecCert, key })).code).toBe("passphrase_needed");
      expect(refusal(() => nodeCredential({ cert: ecCert, key, passphrase: "?" })).code).toBe("wrong_passphrase");
    }
  });

  test("reads JWKs, and keys in OpenSSL's traditional PEM encryption", () => {
    for (const name of ["P-256", "P-384", "P-521", "Ed25519", "RSA-2048"]) {
      const { privateKey, publicKey } = pairs[name]!;
      const jwk = privateKey.export({ format: "jwk" });
      const cert = certificateFor(publicKey);
      for (const key of [jwk, JSON.stringify(jwk)]) expect(nodeCredential({ cert, key }).schemes).not.toEqual([]);
      const { d: _, ...publicJwk } = jwk;
      expect(refusal(() => nodeCredential({ cert, key: publicJwk })).fault).toBe("configuration");
    }
    const { privateKey, publicKey } = pairs["P-256"]!;
    const key = privateKey.export({ type: "sec1", format: "pem", cipher: "aes-128-cbc", passphrase: "open sesame" });
    expect(key).toContain("Proc-Type: 4,ENCRYPTED");
    const cert = certificateFor(publicKey);
    expect(nodeCredential({ cert, key, passphrase: "open sesame" }).schemes).toHaveLength(3);
    expect(refusal(() => nodeCredential({ cert, key })).code).toBe("passphrase_needed");
    expect(refusal(() => nodeCredential({ cert, key, passphrase: "?" })).code).toBe("wrong_passphrase");
  });

  test("refuses a chain that is out of order, or whose issuer has another key", async () => {
    const ca = await (await testCa()).intermediate();
    const { key, chain } = await ca.issue();
    const [leaf, issuer] = chain as [Uint8Array, Uint8Array];
    expect(refusal(() => nodeCredential({ cert: [issuer, leaf], key })).message).toContain("the chain is broken");
    const otherIssuer = (await (await (await testCa()).intermediate()).issue()).chain[1]!;
    expect(refusal(() => nodeCredential({ cert: [leaf, otherIssuer], key })).message).toContain("another key");
    // The last byte of the end-entity certificate belongs to its signature.
    const forged = Object.assign(leaf.slice(), { [leaf.length - 1]: leaf.at(-1)! ^ 1 });
    expect(refusal(() => nodeCredential({ cert: [forged, issuer], key })).message).toContain("another key");
  });

  test("lists the scheme with the curve's own hash first, and PSS before PKCS#1", () => {
    const schemesOf = (name: string) => names(credentialFor(pairs[name]!.privateKey).schemes);
    const [p256, p384, p521] = ["ecdsa_secp256r1_sha256", "ecdsa_secp384r1_sha384", "ecdsa_secp521r1_sha512"];
    expect(schemesOf("P-256")).toEqual([p256, p384, p521]);
    expect(schemesOf("P-384")).toEqual([p384, p256, p521]);
    expect(schemesOf("P-521")).toEqual([p521, p256, p384]);
    expect(schemesOf("Ed25519")).toEqual(["ed25519"]);
    const rsa = (kind: string) => ["sha256", "sha384", "sha512"].map((hash) => `${kind}_${hash}`);
    expect(schemesOf("RSA-2048")).toEqual([...rsa("rsa_pss_rsae"), ...rsa("rsa_pkcs1")]);
    expect(schemesOf("RSA-PSS-2048")).toEqual(rsa("rsa_pss_pss"));
  });

  test("an RSASSA-PSS key that is restricted to one hash signs only with that hash", () => {
    const restricted = (hashAlgorithm: string, mgf1HashAlgorithm: string, saltLength: number) => {
      const options = { modulusLength: 2048, hashAlgorithm, mgf1HashAlgorithm, saltLength };
      // @types/node 20 requires encodings here, and a string as the salt length.
      return generateKeyPairSync("rsa-pss", options as { modulusLength: number }).privateKey;
    };
    expect(names(credentialFor(restricted("sha384", "sha384", 48)).schemes)).toEqual(["rsa_pss_pss_sha384"]);
    const credential = credentialFor(restricted("sha256", "sha256", 32));
    expect(credential.sign(credential.schemes[0]!, new Uint8Array(3))).toHaveLength(256);
    for (const key of [
      restricted("sha256", "sha256", 20),
      restricted("sha256", "sha256", 48),
      restricted("sha256", "sha384", 32),
      restricted("sha1", "sha1", 20),
    ]) {
      expect(refusal(() => credentialFor(key)).message).toContain("RSASSA-PSS");
    }
  });

  test("refuses to sign with a scheme of another key type", () => {
    expect(() => credentialFor(pairs["P-256"]!.privateKey).sign(rsa_pkcs1_sha256, new Uint8Array(0))).toThrow(
      "rsa_pkcs1_sha256",
    );
  });

  test("only RSA keys that are not bound to PSS have rsaDecryptRaw, which decrypts without padding", () => {
    const { publicKey, privateKey } = pairs["RSA-2048"]!;
    const credential = credentialFor(privateKey);
    const block = Uint8Array.from({ length: 256 }, (_, i) => (i === 0 ? 0 : 255 - i));
    const encrypted = publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, block);
    expect(credential.rsaDecryptRaw!(encrypted)).toEqual(block);
    for (const name of ["P-256", "Ed25519", "RSA-PSS-2048"]) {
      expect(credentialFor(pairs[name]!.privateKey)).not.toHaveProperty("rsaDecryptRaw");
    }
  });

  test("throws a configuration error with advice for options that cannot work", () => {
    const { publicKey, privateKey } = pairs["P-256"]!;
    const cert = certificateFor(publicKey);
    const cases: [string, () => unknown][] = [
      ["does not belong", () => nodeCredential({ cert, key: pairs["P-384"]!.privateKey })],
      ["does not belong", () => nodeCredential({ cert, key: pairs["RSA-2048"]!.privateKey })],
      ["is a public key, not a private key", () => nodeCredential({ cert, key: publicKey })],
      ["there is no private key", () => nodeCredential({ cert, key: "no key" })],
      ["name of a file", () => nodeCredential({ cert, key: "/etc/ssl/server.key" })],
      ["name of a file", () => nodeCredential({ cert: "server.pem", key: privateKey })],
      ["is a certificate", () => nodeCredential({ cert, key: cert })],
      ["is a public key", () => nodeCredential({ cert, key: publicKey.export({ type: "spki", format: "pem" }) })],
      ["there is no private key", () => nodeCredential({ cert, key: new Uint8Array(40) })],
      ["there is no certificate", () => nodeCredential({ cert: new Uint8Array(40), key: privateKey })],
      ["certificate cannot be used", () => nodeCredential({ cert: Uint8Array.of(0x30, 0), key: privateKey })],
      ["certificate", () => nodeCredential({ cert: "no certificate", key: privateKey })],
      ["there is no certificate", () => nodeCredential({ cert: [], key: privateKey })],
      ["1024 bits", () => credentialFor(generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey)],
      ["1024 bits", () => credentialFor(generateKeyPairSync("rsa-pss", { modulusLength: 1024 }).privateKey)],
      ["secp256k1", () => credentialFor(generateKeyPairSync("ec", { namedCurve: "secp256k1" }).privateKey)],
      ["ed448", () => credentialFor(generateKeyPairSync("ed448").privateKey)],
    ];
    for (const [message, action] of cases) {
      const error = refusal(action);
      expect(error.message).toContain(message);
      expect(error.fault).toBe("configuration");
      expect(error.advice).toBeTruthy();
    }
  });
});
