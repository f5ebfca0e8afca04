/**
 * What the runner's flags mean in Handclasp's options.
 * @module
 */
import { readFileSync } from "node:fs";
import {
  type AcceptOptions,
  type CommonOptions,
  type ConnectOptions,
  type Credential,
  noble,
  TlsError,
  type TrustOptions,
} from "@handclasp/core";
import { nodeCredential, nodeCrypto } from "@handclasp/node";
import { type ShimConfig, Unimplemented } from "./flags.ts";
import { allSuites, groupsOf, protocolsOf, schemesOf, suitesOf } from "./rows.ts";
import type { Witness } from "./witness.ts";

const tls12 = 0x0303;
/** How long the runner itself waits. */
const handshakeTimeout = 15_000;

export function commonOptions(config: ShimConfig, seen: Witness): CommonOptions {
  const { "min-version": min = tls12, "max-version": max = tls12, curves, "verify-prefs": verifyPrefs } = config;
  if (config["no-tls12"] || min > tls12 || max < tls12) throw new Unimplemented("no other version than TLS 1.2");
  const all = allSuites(config.psk !== undefined);
  return {
    provider: config.provider === "noble" ? noble : nodeCrypto,
    suites: config.cipher === undefined ? all : suitesOf(config.cipher, all),
    ...(curves && { groups: groupsOf(curves) }),
    ...(verifyPrefs && { signatureSchemes: schemesOf(verifyPrefs) }),
    ...(config["max-send-fragment"] !== undefined && { maxFragment: config["max-send-fragment"] }),
    handshakeTimeout,
    trace: seen.listener,
  };
}

export function connectOptions(config: ShimConfig, seen: Witness): ConnectOptions {
  const { "host-name": serverName, "advertise-alpn": alpn, psk } = config;
  const own = credential(config);
  return {
    ...commonOptions(config, seen),
    ...trust(config, config["verify-peer"] === true),
    ...(serverName !== undefined && { serverName }),
    ...(alpn !== undefined && { alpn: protocolsOf(alpn) }),
    ...(psk !== undefined && { psk: { identity: config["psk-identity"] ?? "", key: new TextEncoder().encode(psk) } }),
    ...(own && { credential: config["fail-cert-callback"] ? failing : own }),
  };
}

export function acceptOptions(config: ShimConfig, seen: Witness): AcceptOptions {
  const own = credential(config);
  const { psk } = config;
  const clientAuth = config["verify-peer"] ? "request" : config["require-any-client-certificate"] ? "require" : "none";
  return {
    ...commonOptions(config, seen),
    credentials: own ? [own] : [],
    clientAuth,
    ...(clientAuth !== "none" && { clientTrust: trust(config, true) }),
    ...(psk !== undefined && { psk: { lookup: () => new TextEncoder().encode(psk) } }),
    ...serverAlpn(config),
  };
}

/** BoringSSL's shim takes any chain, unless it is told to refuse all; a client that does not verify takes it then too. */
function trust(config: ShimConfig, verifies: boolean): TrustOptions {
  if (!config["verify-fail"] || !verifies) return { insecure: true };
  return {
    insecure: true,
    verify: () => {
      throw new TlsError("bad_certificate", "the shim is told to refuse every certificate", { code: "untrusted" });
    },
  };
}

function credential(config: ShimConfig): Credential | undefined {
  const { "cert-file": cert, "key-file": key, "signing-prefs": prefs } = config;
  if (cert === undefined || key === undefined) return undefined;
  const own = nodeCredential({ cert: readFileSync(cert), key: readFileSync(key) });
  const inner = config.async ? later(own) : own;
  if (!prefs) return inner;
  return { ...inner, schemes: schemesOf(prefs).filter((scheme) => own.schemes.includes(scheme)) };
}

/** A signer that takes its time, as a KMS does. */
const later = ({ rsaDecryptRaw, ...own }: Credential): Credential => ({
  ...own,
  sign: async (scheme, message) => own.sign(scheme, message),
  ...(rsaDecryptRaw && { rsaDecryptRaw: async (ciphertext: Uint8Array) => rsaDecryptRaw(ciphertext) }),
});

function failing(): never {
  throw new Error("the shim is told to fail");
}

/** A server that speaks no protocol at all ignores the extension; one that speaks another refuses. */
function serverAlpn(config: ShimConfig): { readonly alpn?: readonly string[] } {
  if (config["reject-alpn"]) return { alpn: ["none that the client offers"] };
  if (config["decline-alpn"] || config["select-alpn"] === undefined) return {};
  return { alpn: [config["select-alpn"]] };
}
