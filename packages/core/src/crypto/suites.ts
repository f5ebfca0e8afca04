/**
 * Cipher suites: one row each. Which are used, and in what order, is a list; lists are below, with their reasons.
 * @module
 */
import type { CipherName, HashName } from "./provider.ts";

export type KeyExchange = "ecdhe" | "rsa";

export interface CipherSuite {
  readonly id: number;
  readonly name: string;
  readonly keyExchange: KeyExchange;
  /** What the server's certificate must hold: an EC or EdDSA key, or an RSA key. */
  readonly authentication: "ecdsa" | "rsa";
  readonly cipher: CipherName;
  /** Bytes of a write key. */
  readonly keyLength: number;
  /** Bytes of IV from the key block: 4 for GCM (RFC 5288), 12 for ChaCha20 (RFC 7905), none for CBC (RFC 5246 §6.3). */
  readonly fixedIvLength: number;
  /** HMAC hash of a CBC suite. */
  readonly mac?: "sha1" | "sha256" | "sha384";
  /** Hash of the PRF and of the handshake: SHA-256 unless the suite says more (RFC 5246 §5). */
  readonly prf: Extract<HashName, "sha256" | "sha384">;
}

type Row = Omit<CipherSuite, "id" | "name" | "keyExchange" | "authentication">;
const aes128gcm: Row = { cipher: "AES_128_GCM", keyLength: 16, fixedIvLength: 4, prf: "sha256" };
const aes256gcm: Row = { cipher: "AES_256_GCM", keyLength: 32, fixedIvLength: 4, prf: "sha384" };
const chacha: Row = { cipher: "CHACHA20_POLY1305", keyLength: 32, fixedIvLength: 12, prf: "sha256" };
const aes128cbc = (mac: "sha1" | "sha256"): Row => ({
  cipher: "AES_128_CBC",
  keyLength: 16,
  fixedIvLength: 0,
  mac,
  prf: "sha256",
});
const aes256cbc = (mac: "sha1" | "sha256" | "sha384"): Row => ({
  cipher: "AES_256_CBC",
  keyLength: 32,
  fixedIvLength: 0,
  mac,
  prf: mac === "sha384" ? "sha384" : "sha256",
});

const ecdheEcdsa = (id: number, name: string, row: Row): CipherSuite => ({
  id,
  name: `TLS_ECDHE_ECDSA_WITH_${name}`,
  keyExchange: "ecdhe",
  authentication: "ecdsa",
  ...row,
});
const ecdheRsa = (id: number, name: string, row: Row): CipherSuite => ({
  id,
  name: `TLS_ECDHE_RSA_WITH_${name}`,
  keyExchange: "ecdhe",
  authentication: "rsa",
  ...row,
});
const rsa = (id: number, name: string, row: Row): CipherSuite => ({
  id,
  name: `TLS_RSA_WITH_${name}`,
  keyExchange: "rsa",
  authentication: "rsa",
  ...row,
});

export const TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: CipherSuite = /* @__PURE__ */ ecdheEcdsa(
  0xc02b,
  "AES_128_GCM_SHA256",
  aes128gcm,
);
export const TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: CipherSuite = /* @__PURE__ */ ecdheEcdsa(
  0xc02c,
  "AES_256_GCM_SHA384",
  aes256gcm,
);
export const TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: CipherSuite = /* @__PURE__ */ ecdheEcdsa(
  0xcca9,
  "CHACHA20_POLY1305_SHA256",
  chacha,
);
export const TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: CipherSuite = /* @__PURE__ */ ecdheRsa(
  0xc02f,
  "AES_128_GCM_SHA256",
  aes128gcm,
);
export const TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: CipherSuite = /* @__PURE__ */ ecdheRsa(
  0xc030,
  "AES_256_GCM_SHA384",
  aes256gcm,
);
export const TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: CipherSuite = /* @__PURE__ */ ecdheRsa(
  0xcca8,
  "CHACHA20_POLY1305_SHA256",
  chacha,
);

export const TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: CipherSuite = /* @__PURE__ */ ecdheEcdsa(
  0xc009,
  "AES_128_CBC_SHA",
  aes128cbc("sha1"),
);
export const TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: CipherSuite = /* @__PURE__ */ ecdheEcdsa(
  0xc00a,
  "AES_256_CBC_SHA",
  aes256cbc("sha1"),
);
export const TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: CipherSuite = /* @__PURE__ */ ecdheEcdsa(
  0xc023,
  "AES_128_CBC_SHA256",
  aes128cbc("sha256"),
);
export const TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384: CipherSuite = /* @__PURE__ */ ecdheEcdsa(
  0xc024,
  "AES_256_CBC_SHA384",
  aes256cbc("sha384"),
);
export const TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: CipherSuite = /* @__PURE__ */ ecdheRsa(
  0xc013,
  "AES_128_CBC_SHA",
  aes128cbc("sha1"),
);
export const TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: CipherSuite = /* @__PURE__ */ ecdheRsa(
  0xc014,
  "AES_256_CBC_SHA",
  aes256cbc("sha1"),
);
export const TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: CipherSuite = /* @__PURE__ */ ecdheRsa(
  0xc027,
  "AES_128_CBC_SHA256",
  aes128cbc("sha256"),
);
export const TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384: CipherSuite = /* @__PURE__ */ ecdheRsa(
  0xc028,
  "AES_256_CBC_SHA384",
  aes256cbc("sha384"),
);

export const TLS_RSA_WITH_AES_128_GCM_SHA256: CipherSuite = /* @__PURE__ */ rsa(
  0x009c,
  "AES_128_GCM_SHA256",
  aes128gcm,
);
export const TLS_RSA_WITH_AES_256_GCM_SHA384: CipherSuite = /* @__PURE__ */ rsa(
  0x009d,
  "AES_256_GCM_SHA384",
  aes256gcm,
);
export const TLS_RSA_WITH_AES_128_CBC_SHA: CipherSuite = /* @__PURE__ */ rsa(
  0x002f,
  "AES_128_CBC_SHA",
  aes128cbc("sha1"),
);
export const TLS_RSA_WITH_AES_256_CBC_SHA: CipherSuite = /* @__PURE__ */ rsa(
  0x0035,
  "AES_256_CBC_SHA",
  aes256cbc("sha1"),
);
export const TLS_RSA_WITH_AES_128_CBC_SHA256: CipherSuite = /* @__PURE__ */ rsa(
  0x003c,
  "AES_128_CBC_SHA256",
  aes128cbc("sha256"),
);
export const TLS_RSA_WITH_AES_256_CBC_SHA256: CipherSuite = /* @__PURE__ */ rsa(
  0x003d,
  "AES_256_CBC_SHA256",
  aes256cbc("sha256"),
);

/** The default: forward secret and authenticated. AES-GCM first, for hosts with AES in hardware. */
export const modernSuites: readonly CipherSuite[] = [
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
];

/** For devices that speak nothing better, on request only: modern first, then CBC, and last what has no forward secrecy. */
export const legacySuites: readonly CipherSuite[] = [
  ...modernSuites,
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384,
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384,
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
  TLS_RSA_WITH_AES_128_GCM_SHA256,
  TLS_RSA_WITH_AES_256_GCM_SHA384,
  TLS_RSA_WITH_AES_128_CBC_SHA256,
  TLS_RSA_WITH_AES_256_CBC_SHA256,
  TLS_RSA_WITH_AES_128_CBC_SHA,
  TLS_RSA_WITH_AES_256_CBC_SHA,
];
