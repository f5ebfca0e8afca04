/**
 * The cipher specs that Handclasp implements, one row each.
 * @module
 */
import { type AeadName, aead } from "./aead.ts";
import { cbc } from "./cbc.ts";
import type { CipherSpecRow } from "./protection.ts";

/** A cipher spec row with its name, which is the part of a cipher suite's name after `WITH_`. */
export interface NamedSpec extends CipherSpecRow {
  readonly name: string;
}

/* @__NO_SIDE_EFFECTS__ */
function aeadSpec(cipher: AeadName, keyLength: number, fixedIvLength: number, prf: CipherSpecRow["prf"]): NamedSpec {
  const name = `${cipher}_${prf.toUpperCase()}`;
  return { name, cipher, protect: aead(cipher), macLength: 0, keyLength, fixedIvLength, prf };
}
export const aes128gcm: NamedSpec = aeadSpec("AES_128_GCM", 16, 4, "sha256");
export const aes256gcm: NamedSpec = aeadSpec("AES_256_GCM", 32, 4, "sha384");
export const chacha20poly1305: NamedSpec = aeadSpec("CHACHA20_POLY1305", 32, 12, "sha256");

/** The names of AES-CCM suites do not contain a hash (RFC 7251). */
/* @__NO_SIDE_EFFECTS__ */
function ccmSpec(name: "AES_128_CCM" | "AES_128_CCM_8", tagLength: number): NamedSpec {
  return { ...aeadSpec(name, 16, 4, "sha256"), name, tagLength };
}
export const aes128ccm: NamedSpec = ccmSpec("AES_128_CCM", 16);
export const aes128ccm8: NamedSpec = ccmSpec("AES_128_CCM_8", 8);

/** The length of a MAC and of its key, in bytes (RFC 5246 appendix C). */
const macLengths = { sha1: 20, sha256: 32, sha384: 48 } as const;

/* @__NO_SIDE_EFFECTS__ */
function cbcSpec(cipher: "AES_128_CBC" | "AES_256_CBC", keyLength: number, mac: keyof typeof macLengths): NamedSpec {
  return {
    name: `${cipher}_${mac === "sha1" ? "SHA" : mac.toUpperCase()}`,
    cipher,
    mac,
    macLength: macLengths[mac],
    protect: cbc(cipher, mac),
    keyLength,
    fixedIvLength: 0,
    prf: mac === "sha384" ? "sha384" : "sha256",
  };
}
export const aes128cbcSha: NamedSpec = cbcSpec("AES_128_CBC", 16, "sha1");
export const aes128cbcSha256: NamedSpec = cbcSpec("AES_128_CBC", 16, "sha256");
export const aes256cbcSha: NamedSpec = cbcSpec("AES_256_CBC", 32, "sha1");
export const aes256cbcSha256: NamedSpec = cbcSpec("AES_256_CBC", 32, "sha256");
export const aes256cbcSha384: NamedSpec = cbcSpec("AES_256_CBC", 32, "sha384");
