/**
 * Private keys in the formats that key files use, imported by a browser's WebCrypto, which may refuse keys that
 * Node.js's WebCrypto accepts.
 */
import { parseCertificate } from "@handclasp/core";
import { testCa } from "@handclasp/testing";
import { expect, test } from "vitest";
import { browserCredential } from "../../src/crypto/credential.ts";
import { webCrypto } from "../../src/crypto/webCrypto.ts";

const { subtle } = crypto;
const tlv = (tag: number, ...parts: readonly (readonly number[])[]): number[] => {
  const body = parts.flat();
  const n = body.length;
  return [tag, ...(n < 128 ? [n] : n < 256 ? [0x81, n] : [0x82, n >> 8, n & 255]), ...body];
};
const hex = (text: string): number[] => (text.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16));
const derOf = (pem: string) => Uint8Array.from(atob(pem.replace(/-----.*?-----|\s/g, "")), (c) => c.charCodeAt(0));

/**
 * Encrypts to an EncryptedPrivateKeyInfo (RFC 5958) with PBES2 (RFC 8018): PBKDF2 with HMAC-SHA-256, and AES-256-CBC.
 */
async function encryptPkcs8(pkcs8: Uint8Array<ArrayBuffer>, passphrase: string): Promise<Uint8Array> {
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const iv = crypto.getRandomValues(new Uint8Array(16));
  const password = await subtle.importKey("raw", new TextEncoder().encode(passphrase), "PBKDF2", false, ["deriveKey"]);
  const parameters = { name: "PBKDF2", hash: "SHA-256", salt, iterations: 600_000 };
  const key = await subtle.deriveKey(parameters, password, { name: "AES-CBC", length: 256 }, false, ["encrypt"]);
  const ciphertext = new Uint8Array(await subtle.encrypt({ name: "AES-CBC", iv }, key, pkcs8));
  const prf = tlv(0x30, hex("06082a864886f70d02090500"));
  const kdf = tlv(0x30, hex("06092a864886f70d01050c"), tlv(0x30, tlv(4, [...salt]), hex("02030927c0"), prf));
  const cipher = tlv(0x30, hex("060960864801650304012a"), tlv(4, [...iv]));
  const pbes2 = tlv(0x30, hex("06092a864886f70d01050d"), tlv(0x30, kdf, cipher));
  return Uint8Array.from(tlv(0x30, pbes2, tlv(4, [...ciphertext])));
}

const kinds = {
  "ecdsa-p256": { name: "ECDSA", namedCurve: "P-256" },
  "ecdsa-p384": { name: "ECDSA", namedCurve: "P-384" },
  "ecdsa-p521": { name: "ECDSA", namedCurve: "P-521" },
  "rsa-2048": { name: "RSA-PSS", hash: "SHA-256" },
  ed25519: { name: "Ed25519" },
} as const;
const ca = await testCa();

for (const [algorithm, kind] of Object.entries(kinds))
  test(`${algorithm}: browserCredential reads PKCS#8, encrypted PKCS#8 and JWK`, async () => {
    const { cert, key, chain } = await ca.issue({ algorithm: algorithm as keyof typeof kinds });
    const { publicKey } = parseCertificate(chain[0]!);
    const pkcs8 = derOf(key);
    const jwk = await subtle.exportKey("jwk", await subtle.importKey("pkcs8", pkcs8, kind, true, ["sign"]));
    const encrypted = await encryptPkcs8(pkcs8, "pässwörd");
    for (const credential of [
      await browserCredential({ cert, key }),
      await browserCredential({ cert, key: jwk }),
      await browserCredential({ cert, key: encrypted, passphrase: "pässwörd" }),
    ]) {
      for (const scheme of credential.schemes) {
        const signature = await credential.sign(scheme, chain[0]!);
        expect([scheme.name, await webCrypto.verify(scheme.algorithm, publicKey, chain[0]!, signature)]).toEqual([
          scheme.name,
          true,
        ]);
      }
    }
    await expect(browserCredential({ cert, key: encrypted, passphrase: "?" })).rejects.toMatchObject({
      code: "wrong_passphrase",
    });
  });
