/**
 * How records can be protected: one row each.
 * @module
 */
import { aead } from "./aead.ts";
import { cbc } from "./cbc.ts";
import type { CipherSpec } from "./protection.ts";

export const aes128gcm: CipherSpec = {
  cipher: "AES_128_GCM",
  protect: /* @__PURE__ */ aead("AES_128_GCM"),
  macLength: 0,
  keyLength: 16,
  fixedIvLength: 4,
  prf: "sha256",
};
export const aes256gcm: CipherSpec = {
  cipher: "AES_256_GCM",
  protect: /* @__PURE__ */ aead("AES_256_GCM"),
  macLength: 0,
  keyLength: 32,
  fixedIvLength: 4,
  prf: "sha384",
};
export const chacha20poly1305: CipherSpec = {
  cipher: "CHACHA20_POLY1305",
  protect: /* @__PURE__ */ aead("CHACHA20_POLY1305"),
  macLength: 0,
  keyLength: 32,
  fixedIvLength: 12,
  prf: "sha256",
};
export const aes128ccm: CipherSpec = {
  cipher: "AES_128_CCM",
  protect: /* @__PURE__ */ aead("AES_128_CCM"),
  macLength: 0,
  keyLength: 16,
  fixedIvLength: 4,
  prf: "sha256",
};
export const aes128ccm8: CipherSpec = {
  cipher: "AES_128_CCM_8",
  protect: /* @__PURE__ */ aead("AES_128_CCM_8"),
  macLength: 0,
  keyLength: 16,
  fixedIvLength: 4,
  tagLength: 8,
  prf: "sha256",
};
/** Bytes of a MAC and of its key (RFC 5246 appendix C). */
const macLengths = { sha1: 20, sha256: 32, sha384: 48 } as const;
export const aes128cbc = (mac: "sha1" | "sha256"): CipherSpec => ({
  cipher: "AES_128_CBC",
  mac,
  macLength: macLengths[mac],
  protect: cbc("AES_128_CBC", mac),
  keyLength: 16,
  fixedIvLength: 0,
  prf: "sha256",
});
export const aes256cbc = (mac: "sha1" | "sha256" | "sha384"): CipherSpec => ({
  cipher: "AES_256_CBC",
  mac,
  macLength: macLengths[mac],
  protect: cbc("AES_256_CBC", mac),
  keyLength: 32,
  fixedIvLength: 0,
  prf: mac === "sha384" ? "sha384" : "sha256",
});
