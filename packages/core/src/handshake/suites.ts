/**
 * Cipher suites: one row each. Which are used, and in what order, is a list; lists are below, with their reasons.
 * @module
 */

import {
  aes128cbcSha,
  aes128cbcSha256,
  aes128ccm,
  aes128ccm8,
  aes128gcm,
  aes256cbcSha,
  aes256cbcSha256,
  aes256cbcSha384,
  aes256gcm,
  chacha20poly1305,
  type NamedSpec,
} from "../record/cipherSpec.ts";
import type { CipherSpec, CipherSpecRow } from "../record/protection.ts";
import { dhe } from "./keyExchange/dhe.ts";
import { ecdhe } from "./keyExchange/ecdhe.ts";
import { ecdhePsk } from "./keyExchange/ecdhePsk.ts";
import type { KeyExchange, KeyExchangeRow } from "./keyExchange/exchange.ts";
import { psk } from "./keyExchange/psk.ts";
import { rsa } from "./keyExchange/rsa.ts";

/** A cipher suite, as the constants and lists here have them. It brings along the code that it needs, so none can be made by hand. */
export interface CipherSuite extends CipherSpec {
  /** As in a ClientHello. */
  readonly id: number;
  /** As IANA's registry has it. */
  readonly name: string;
  readonly keyExchange: KeyExchange;
  /** What the server's certificate must hold: an EC or EdDSA key, or an RSA key; or the key that both sides have. */
  readonly authentication: "ecdsa" | "rsa" | "psk";
}

/** What is behind it. */
export interface SuiteRow extends CipherSuite, CipherSpecRow {
  readonly keyExchange: KeyExchangeRow;
}

/** How the sides agree on keys, and by whose key the server is known: the half of a suite's name before WITH. */
interface Agreed extends Pick<SuiteRow, "keyExchange" | "authentication"> {
  readonly name: string;
}
const ecdheEcdsa: Agreed = { name: "ECDHE_ECDSA", keyExchange: ecdhe, authentication: "ecdsa" };
const ecdheRsa: Agreed = { name: "ECDHE_RSA", keyExchange: ecdhe, authentication: "rsa" };
const dheRsa: Agreed = { name: "DHE_RSA", keyExchange: dhe, authentication: "rsa" };
const plainRsa: Agreed = { name: "RSA", keyExchange: rsa, authentication: "rsa" };
const ecdhePskOnly: Agreed = { name: "ECDHE_PSK", keyExchange: ecdhePsk, authentication: "psk" };
const plainPsk: Agreed = { name: "PSK", keyExchange: psk, authentication: "psk" };

/* @__NO_SIDE_EFFECTS__ */
function suite(id: number, agreed: Agreed, spec: NamedSpec): SuiteRow {
  return { ...spec, ...agreed, id, name: `TLS_${agreed.name}_WITH_${spec.name}` };
}

export const TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: CipherSuite = suite(0xc02b, ecdheEcdsa, aes128gcm);
export const TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: CipherSuite = suite(0xc02c, ecdheEcdsa, aes256gcm);
export const TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: CipherSuite = suite(0xcca9, ecdheEcdsa, chacha20poly1305);
export const TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: CipherSuite = suite(0xc02f, ecdheRsa, aes128gcm);
export const TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: CipherSuite = suite(0xc030, ecdheRsa, aes256gcm);
export const TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: CipherSuite = suite(0xcca8, ecdheRsa, chacha20poly1305);

export const TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: CipherSuite = suite(0xc009, ecdheEcdsa, aes128cbcSha);
export const TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: CipherSuite = suite(0xc00a, ecdheEcdsa, aes256cbcSha);
export const TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: CipherSuite = suite(0xc023, ecdheEcdsa, aes128cbcSha256);
export const TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384: CipherSuite = suite(0xc024, ecdheEcdsa, aes256cbcSha384);
export const TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: CipherSuite = suite(0xc013, ecdheRsa, aes128cbcSha);
export const TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: CipherSuite = suite(0xc014, ecdheRsa, aes256cbcSha);
export const TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: CipherSuite = suite(0xc027, ecdheRsa, aes128cbcSha256);
export const TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384: CipherSuite = suite(0xc028, ecdheRsa, aes256cbcSha384);

export const TLS_RSA_WITH_AES_128_GCM_SHA256: CipherSuite = suite(0x009c, plainRsa, aes128gcm);
export const TLS_RSA_WITH_AES_256_GCM_SHA384: CipherSuite = suite(0x009d, plainRsa, aes256gcm);
export const TLS_RSA_WITH_AES_128_CBC_SHA: CipherSuite = suite(0x002f, plainRsa, aes128cbcSha);
export const TLS_RSA_WITH_AES_256_CBC_SHA: CipherSuite = suite(0x0035, plainRsa, aes256cbcSha);
export const TLS_RSA_WITH_AES_128_CBC_SHA256: CipherSuite = suite(0x003c, plainRsa, aes128cbcSha256);
export const TLS_RSA_WITH_AES_256_CBC_SHA256: CipherSuite = suite(0x003d, plainRsa, aes256cbcSha256);

export const TLS_DHE_RSA_WITH_AES_128_GCM_SHA256: CipherSuite = suite(0x009e, dheRsa, aes128gcm);
export const TLS_DHE_RSA_WITH_AES_256_GCM_SHA384: CipherSuite = suite(0x009f, dheRsa, aes256gcm);
export const TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256: CipherSuite = suite(0xccaa, dheRsa, chacha20poly1305);
export const TLS_DHE_RSA_WITH_AES_128_CBC_SHA256: CipherSuite = suite(0x0067, dheRsa, aes128cbcSha256);
export const TLS_DHE_RSA_WITH_AES_256_CBC_SHA256: CipherSuite = suite(0x006b, dheRsa, aes256cbcSha256);
export const TLS_DHE_RSA_WITH_AES_128_CBC_SHA: CipherSuite = suite(0x0033, dheRsa, aes128cbcSha);
export const TLS_DHE_RSA_WITH_AES_256_CBC_SHA: CipherSuite = suite(0x0039, dheRsa, aes256cbcSha);

export const TLS_ECDHE_ECDSA_WITH_AES_128_CCM: CipherSuite = suite(0xc0ac, ecdheEcdsa, aes128ccm);
export const TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8: CipherSuite = suite(0xc0ae, ecdheEcdsa, aes128ccm8);

export const TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256: CipherSuite = suite(0xd001, ecdhePskOnly, aes128gcm);
export const TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256: CipherSuite = suite(0xccac, ecdhePskOnly, chacha20poly1305);
export const TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA: CipherSuite = suite(0xc035, ecdhePskOnly, aes128cbcSha);
export const TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA: CipherSuite = suite(0xc036, ecdhePskOnly, aes256cbcSha);
export const TLS_PSK_WITH_AES_128_GCM_SHA256: CipherSuite = suite(0x00a8, plainPsk, aes128gcm);
export const TLS_PSK_WITH_AES_256_GCM_SHA384: CipherSuite = suite(0x00a9, plainPsk, aes256gcm);
export const TLS_PSK_WITH_CHACHA20_POLY1305_SHA256: CipherSuite = suite(0xccab, plainPsk, chacha20poly1305);
export const TLS_PSK_WITH_AES_128_CBC_SHA: CipherSuite = suite(0x008c, plainPsk, aes128cbcSha);
export const TLS_PSK_WITH_AES_256_CBC_SHA: CipherSuite = suite(0x008d, plainPsk, aes256cbcSha);

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
