/**
 * What protects records, apart from who agrees on its keys and how: the half of a cipher suite's name behind WITH.
 * @module
 */
import type { CipherName, HashName } from "./provider.ts";

export interface CipherSpec {
  readonly cipher: CipherName;
  /** Bytes of a write key. */
  readonly keyLength: number;
  /** Bytes of IV from the key block: 4 for GCM and CCM (RFC 5288, 6655), 12 for ChaCha20 (RFC 7905), none for CBC (RFC 5246 §6.3). */
  readonly fixedIvLength: number;
  /** Bytes of an AEAD's tag where they are not 16. */
  readonly tagLength?: number;
  /** HMAC hash of a CBC suite. */
  readonly mac?: "sha1" | "sha256" | "sha384";
  /** Hash of the PRF and of the handshake: SHA-256 unless the suite says more (RFC 5246 §5). */
  readonly prf: Extract<HashName, "sha256" | "sha384">;
}

export const aes128gcm: CipherSpec = { cipher: "AES_128_GCM", keyLength: 16, fixedIvLength: 4, prf: "sha256" };
export const aes256gcm: CipherSpec = { cipher: "AES_256_GCM", keyLength: 32, fixedIvLength: 4, prf: "sha384" };
export const chacha20poly1305: CipherSpec = {
  cipher: "CHACHA20_POLY1305",
  keyLength: 32,
  fixedIvLength: 12,
  prf: "sha256",
};
export const aes128ccm: CipherSpec = { cipher: "AES_128_CCM", keyLength: 16, fixedIvLength: 4, prf: "sha256" };
export const aes128ccm8: CipherSpec = {
  cipher: "AES_128_CCM_8",
  keyLength: 16,
  fixedIvLength: 4,
  tagLength: 8,
  prf: "sha256",
};
export const aes128cbc = (mac: "sha1" | "sha256"): CipherSpec => ({
  cipher: "AES_128_CBC",
  keyLength: 16,
  fixedIvLength: 0,
  mac,
  prf: "sha256",
});
export const aes256cbc = (mac: "sha1" | "sha256" | "sha384"): CipherSpec => ({
  cipher: "AES_256_CBC",
  keyLength: 32,
  fixedIvLength: 0,
  mac,
  prf: mac === "sha384" ? "sha384" : "sha256",
});
