/**
 * Cipher suites, one row each, and the lists of suites that a configuration can use, in order of preference.
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

/** A cipher suite. It contains the code that it needs, so use only the constants and lists of this package. */
export interface CipherSuite extends CipherSpec {
  /** The number of the suite on the wire. */
  readonly id: number;
  /** The name in the IANA registry. */
  readonly name: string;
  readonly keyExchange: KeyExchange;
  /** The key that authenticates the server: an EC or EdDSA key, an RSA key, or a pre-shared key. */
  readonly authentication: "ecdsa" | "rsa" | "psk";
}

/** The internal interface of `CipherSuite`. */
export interface SuiteRow extends CipherSuite, CipherSpecRow {
  readonly keyExchange: KeyExchangeRow;
}

/** Key exchange and authentication: the part of a suite's name before WITH. */
interface ExchangePart extends Pick<SuiteRow, "keyExchange" | "authentication"> {
  readonly name: string;
}
const ecdheEcdsa: ExchangePart = { name: "ECDHE_ECDSA", keyExchange: ecdhe, authentication: "ecdsa" };
const ecdheRsa: ExchangePart = { name: "ECDHE_RSA", keyExchange: ecdhe, authentication: "rsa" };
const dheRsa: ExchangePart = { name: "DHE_RSA", keyExchange: dhe, authentication: "rsa" };
const plainRsa: ExchangePart = { name: "RSA", keyExchange: rsa, authentication: "rsa" };
const ecdhePskOnly: ExchangePart = { name: "ECDHE_PSK", keyExchange: ecdhePsk, authentication: "psk" };
const plainPsk: ExchangePart = { name: "PSK", keyExchange: psk, authentication: "psk" };

/* @__NO_SIDE_EFFECTS__ */
function suite(id: number, exchange: ExchangePart, spec: NamedSpec): SuiteRow {
  return { ...spec, ...exchange, id, name: `TLS_${exchange.name}_WITH_${spec.name}` };
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

/** The default: AEAD suites with forward secrecy. AES-GCM comes first, for machines with AES in hardware. */
export const modernSuites: readonly CipherSuite[] = [
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
];

/** Opt-in suites for old devices: the modern suites first, then ECDHE with CBC, last those without forward secrecy. */
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
 * Opt-in suites with DHE and an RSA certificate: forward secrecy for peers without elliptic curves. DHE is slower than
 * ECDHE and its messages are larger.
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

/**
 * Opt-in AES-CCM suites (RFC 7251) for small devices. The suite with a tag of 8 bytes comes last. Only the provider of
 * `@handclasp/node` has AES-CCM.
 */
export const ccmSuites: readonly CipherSuite[] = [TLS_ECDHE_ECDSA_WITH_AES_128_CCM, TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8];

/**
 * Opt-in suites with a pre-shared key instead of certificates, and with forward secrecy (RFC 5489, RFC 8442, RFC 7905).
 * CBC comes last. OpenSSL implements only the CBC and ChaCha20 suites of this list.
 * @example
 * connect(url, { psk: { identity: "device 7", key }, suites: ecdhePskSuites });
 */
export const ecdhePskSuites: readonly CipherSuite[] = [
  TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256,
  TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA,
  TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA,
];

/**
 * Opt-in suites with a pre-shared key alone (RFC 4279, RFC 5487, RFC 7905), for devices too small for elliptic curves.
 * They have no forward secrecy: an attacker who gets the key later can decrypt recorded connections.
 */
export const pskSuites: readonly CipherSuite[] = [
  TLS_PSK_WITH_AES_128_GCM_SHA256,
  TLS_PSK_WITH_AES_256_GCM_SHA384,
  TLS_PSK_WITH_CHACHA20_POLY1305_SHA256,
  TLS_PSK_WITH_AES_128_CBC_SHA,
  TLS_PSK_WITH_AES_256_CBC_SHA,
];
