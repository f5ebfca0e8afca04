/**
 * Cipher suites: one row each. Which are used, and in what order, is a list; lists are below, with their reasons.
 * @module
 */
import {
  aes128cbc,
  aes128ccm,
  aes128ccm8,
  aes128gcm,
  aes256cbc,
  aes256gcm,
  chacha20poly1305,
} from "../record/cipherSpec.ts";
import type { CipherSpec } from "../record/protection.ts";
import { dhe } from "./keyExchange/dhe.ts";
import { ecdhe } from "./keyExchange/ecdhe.ts";
import { ecdhePsk } from "./keyExchange/ecdhePsk.ts";
import type { KeyExchange } from "./keyExchange/exchange.ts";
import { psk } from "./keyExchange/psk.ts";
import { rsa } from "./keyExchange/rsa.ts";

export interface CipherSuite extends CipherSpec {
  readonly id: number;
  readonly name: string;
  readonly keyExchange: KeyExchange;
  /** What the server's certificate must hold: an EC or EdDSA key, or an RSA key; or the key that both sides have. */
  readonly authentication: "ecdsa" | "rsa" | "psk";
}

const ecdheEcdsa = (id: number, name: string, spec: CipherSpec): CipherSuite => ({
  id,
  name: `TLS_ECDHE_ECDSA_WITH_${name}`,
  keyExchange: ecdhe,
  authentication: "ecdsa",
  ...spec,
});
const ecdheRsa = (id: number, name: string, spec: CipherSpec): CipherSuite => ({
  id,
  name: `TLS_ECDHE_RSA_WITH_${name}`,
  keyExchange: ecdhe,
  authentication: "rsa",
  ...spec,
});
const dheRsa = (id: number, name: string, spec: CipherSpec): CipherSuite => ({
  id,
  name: `TLS_DHE_RSA_WITH_${name}`,
  keyExchange: dhe,
  authentication: "rsa",
  ...spec,
});
const plainPsk = (id: number, name: string, spec: CipherSpec): CipherSuite => ({
  id,
  name: `TLS_PSK_WITH_${name}`,
  keyExchange: psk,
  authentication: "psk",
  ...spec,
});
const ecdhePskSuite = (id: number, name: string, spec: CipherSpec): CipherSuite => ({
  id,
  name: `TLS_ECDHE_PSK_WITH_${name}`,
  keyExchange: ecdhePsk,
  authentication: "psk",
  ...spec,
});
const rsaSuite = (id: number, name: string, spec: CipherSpec): CipherSuite => ({
  id,
  name: `TLS_RSA_WITH_${name}`,
  keyExchange: rsa,
  authentication: "rsa",
  ...spec,
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
  chacha20poly1305,
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
  chacha20poly1305,
);

export const TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: CipherSuite = /* @__PURE__ */ ecdheEcdsa(
  0xc009,
  "AES_128_CBC_SHA",
  /* @__PURE__ */ aes128cbc("sha1"),
);
export const TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: CipherSuite = /* @__PURE__ */ ecdheEcdsa(
  0xc00a,
  "AES_256_CBC_SHA",
  /* @__PURE__ */ aes256cbc("sha1"),
);
export const TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: CipherSuite = /* @__PURE__ */ ecdheEcdsa(
  0xc023,
  "AES_128_CBC_SHA256",
  /* @__PURE__ */ aes128cbc("sha256"),
);
export const TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384: CipherSuite = /* @__PURE__ */ ecdheEcdsa(
  0xc024,
  "AES_256_CBC_SHA384",
  /* @__PURE__ */ aes256cbc("sha384"),
);
export const TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: CipherSuite = /* @__PURE__ */ ecdheRsa(
  0xc013,
  "AES_128_CBC_SHA",
  /* @__PURE__ */ aes128cbc("sha1"),
);
export const TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: CipherSuite = /* @__PURE__ */ ecdheRsa(
  0xc014,
  "AES_256_CBC_SHA",
  /* @__PURE__ */ aes256cbc("sha1"),
);
export const TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: CipherSuite = /* @__PURE__ */ ecdheRsa(
  0xc027,
  "AES_128_CBC_SHA256",
  /* @__PURE__ */ aes128cbc("sha256"),
);
export const TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384: CipherSuite = /* @__PURE__ */ ecdheRsa(
  0xc028,
  "AES_256_CBC_SHA384",
  /* @__PURE__ */ aes256cbc("sha384"),
);

export const TLS_RSA_WITH_AES_128_GCM_SHA256: CipherSuite = /* @__PURE__ */ rsaSuite(
  0x009c,
  "AES_128_GCM_SHA256",
  aes128gcm,
);
export const TLS_RSA_WITH_AES_256_GCM_SHA384: CipherSuite = /* @__PURE__ */ rsaSuite(
  0x009d,
  "AES_256_GCM_SHA384",
  aes256gcm,
);
export const TLS_RSA_WITH_AES_128_CBC_SHA: CipherSuite = /* @__PURE__ */ rsaSuite(
  0x002f,
  "AES_128_CBC_SHA",
  /* @__PURE__ */ aes128cbc("sha1"),
);
export const TLS_RSA_WITH_AES_256_CBC_SHA: CipherSuite = /* @__PURE__ */ rsaSuite(
  0x0035,
  "AES_256_CBC_SHA",
  /* @__PURE__ */ aes256cbc("sha1"),
);
export const TLS_RSA_WITH_AES_128_CBC_SHA256: CipherSuite = /* @__PURE__ */ rsaSuite(
  0x003c,
  "AES_128_CBC_SHA256",
  /* @__PURE__ */ aes128cbc("sha256"),
);
export const TLS_RSA_WITH_AES_256_CBC_SHA256: CipherSuite = /* @__PURE__ */ rsaSuite(
  0x003d,
  "AES_256_CBC_SHA256",
  /* @__PURE__ */ aes256cbc("sha256"),
);

export const TLS_DHE_RSA_WITH_AES_128_GCM_SHA256: CipherSuite = /* @__PURE__ */ dheRsa(
  0x009e,
  "AES_128_GCM_SHA256",
  aes128gcm,
);
export const TLS_DHE_RSA_WITH_AES_256_GCM_SHA384: CipherSuite = /* @__PURE__ */ dheRsa(
  0x009f,
  "AES_256_GCM_SHA384",
  aes256gcm,
);
export const TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256: CipherSuite = /* @__PURE__ */ dheRsa(
  0xccaa,
  "CHACHA20_POLY1305_SHA256",
  chacha20poly1305,
);
export const TLS_DHE_RSA_WITH_AES_128_CBC_SHA256: CipherSuite = /* @__PURE__ */ dheRsa(
  0x0067,
  "AES_128_CBC_SHA256",
  /* @__PURE__ */ aes128cbc("sha256"),
);
export const TLS_DHE_RSA_WITH_AES_256_CBC_SHA256: CipherSuite = /* @__PURE__ */ dheRsa(
  0x006b,
  "AES_256_CBC_SHA256",
  /* @__PURE__ */ aes256cbc("sha256"),
);
export const TLS_DHE_RSA_WITH_AES_128_CBC_SHA: CipherSuite = /* @__PURE__ */ dheRsa(
  0x0033,
  "AES_128_CBC_SHA",
  /* @__PURE__ */ aes128cbc("sha1"),
);
export const TLS_DHE_RSA_WITH_AES_256_CBC_SHA: CipherSuite = /* @__PURE__ */ dheRsa(
  0x0039,
  "AES_256_CBC_SHA",
  /* @__PURE__ */ aes256cbc("sha1"),
);

export const TLS_ECDHE_ECDSA_WITH_AES_128_CCM: CipherSuite = /* @__PURE__ */ ecdheEcdsa(
  0xc0ac,
  "AES_128_CCM",
  aes128ccm,
);
export const TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8: CipherSuite = /* @__PURE__ */ ecdheEcdsa(
  0xc0ae,
  "AES_128_CCM_8",
  aes128ccm8,
);

export const TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256: CipherSuite = /* @__PURE__ */ ecdhePskSuite(
  0xd001,
  "AES_128_GCM_SHA256",
  aes128gcm,
);
export const TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256: CipherSuite = /* @__PURE__ */ ecdhePskSuite(
  0xccac,
  "CHACHA20_POLY1305_SHA256",
  chacha20poly1305,
);
export const TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA: CipherSuite = /* @__PURE__ */ ecdhePskSuite(
  0xc035,
  "AES_128_CBC_SHA",
  /* @__PURE__ */ aes128cbc("sha1"),
);
export const TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA: CipherSuite = /* @__PURE__ */ ecdhePskSuite(
  0xc036,
  "AES_256_CBC_SHA",
  /* @__PURE__ */ aes256cbc("sha1"),
);
export const TLS_PSK_WITH_AES_128_GCM_SHA256: CipherSuite = /* @__PURE__ */ plainPsk(
  0x00a8,
  "AES_128_GCM_SHA256",
  aes128gcm,
);
export const TLS_PSK_WITH_AES_256_GCM_SHA384: CipherSuite = /* @__PURE__ */ plainPsk(
  0x00a9,
  "AES_256_GCM_SHA384",
  aes256gcm,
);
export const TLS_PSK_WITH_CHACHA20_POLY1305_SHA256: CipherSuite = /* @__PURE__ */ plainPsk(
  0xccab,
  "CHACHA20_POLY1305_SHA256",
  chacha20poly1305,
);
export const TLS_PSK_WITH_AES_128_CBC_SHA: CipherSuite = /* @__PURE__ */ plainPsk(
  0x008c,
  "AES_128_CBC_SHA",
  /* @__PURE__ */ aes128cbc("sha1"),
);
export const TLS_PSK_WITH_AES_256_CBC_SHA: CipherSuite = /* @__PURE__ */ plainPsk(
  0x008d,
  "AES_256_CBC_SHA",
  /* @__PURE__ */ aes256cbc("sha1"),
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
export const legacySuites: readonly CipherSuite[] = /* @__PURE__ */ modernSuites.concat([
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
]);

/**
 * DHE with an RSA certificate, on request: forward secrecy for peers without elliptic curves. Slower than ECDHE, and with larger messages.
 * @example
 * connect(url, { ca, suites: [...modernSuites, ...dheSuites] });
 */
export const dheSuites: readonly CipherSuite[] = [
  TLS_DHE_RSA_WITH_AES_128_GCM_SHA256,
  TLS_DHE_RSA_WITH_AES_256_GCM_SHA384,
  TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
  TLS_DHE_RSA_WITH_AES_128_CBC_SHA256,
  TLS_DHE_RSA_WITH_AES_256_CBC_SHA256,
  TLS_DHE_RSA_WITH_AES_128_CBC_SHA,
  TLS_DHE_RSA_WITH_AES_256_CBC_SHA,
];

/** AES-CCM (RFC 7251), on request, for small devices; last the one whose tag is cut to 8 bytes. Only node:crypto has the cipher. */
export const ccmSuites: readonly CipherSuite[] = [TLS_ECDHE_ECDSA_WITH_AES_128_CCM, TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8];

/**
 * A pre-shared key instead of certificates, with forward secrecy (RFC 5489, RFC 8442, RFC 7905), on request. CBC comes last: OpenSSL has no
 * other of these than it and ChaCha20.
 * @example
 * connect(url, { psk: { identity: "device 7", key }, suites: ecdhePskSuites });
 */
export const ecdhePskSuites: readonly CipherSuite[] = [
  TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256,
  TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA,
  TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA,
];

/** A pre-shared key alone (RFC 4279, RFC 5487, RFC 7905), on request: for devices that cannot afford a curve. Whoever gets the key later reads all that was recorded. */
export const pskSuites: readonly CipherSuite[] = [
  TLS_PSK_WITH_AES_128_GCM_SHA256,
  TLS_PSK_WITH_AES_256_GCM_SHA384,
  TLS_PSK_WITH_CHACHA20_POLY1305_SHA256,
  TLS_PSK_WITH_AES_128_CBC_SHA,
  TLS_PSK_WITH_AES_256_CBC_SHA,
];
