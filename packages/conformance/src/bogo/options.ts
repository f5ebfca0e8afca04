/**
 * What the runner's flags mean in Handclasp's options.
 * @module
 */

import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import {
  type AcceptOptions,
  type CommonOptions,
  type ConnectOptions,
  type Credential,
  keepSessions,
  memoryStore,
  noble,
  type ServerPsk,
  type SessionStore,
  TlsError,
  type TrustOptions,
} from "@handclasp/core";
import { fromHex } from "@handclasp/core/unstable";

import { nodeCredential, nodeCrypto } from "@handclasp/node";
import { type ShimConfig, Unimplemented } from "./flags.ts";
import { allSuites, groupsOf, namesOf, protocolsOf, type Suites, schemesOf, suitesOf } from "./rows.ts";
import type { Witness } from "./witness.ts";

/** What all connections of a shim have in common. */
export interface Kept {
  readonly store: SessionStore;
  readonly ticketKey: Uint8Array;
}
export const nothingKept = (): Kept => ({ store: memoryStore(), ticketKey: new Uint8Array(randomBytes(48)) });

/** One of them. */
export interface Task {
  readonly config: ShimConfig;
  /** An earlier connection left a session, which this one must resume. */
  readonly resumes: boolean;
  readonly seen: Witness;
  readonly kept: Kept;
}

export function connectOptions(task: Task): ConnectOptions {
  const { config, kept } = task;
  const { "host-name": serverName, "advertise-alpn": alpn, "fail-cert-callback": fails, psk } = config;
  const own = fails ? failing : credential(config);
  return {
    ...commonOptions(task),
    ...trust(task, config["verify-peer"] === true),
    ...(serverName !== undefined && { serverName }),
    ...(alpn !== undefined && { alpn: protocolsOf(alpn) }),
    ...(psk !== undefined && {
      psk: { identity: config["psk-identity"] ?? "", key: new TextEncoder().encode(psk), allowShortKey: true },
    }),
    ...(own && { credentials: own }),
    sessions: keepSessions({ store: kept.store, tickets: !config["no-ticket"] }),
    fallbackScsv: config["fallback-scsv"] === true,
    requireSecureRenegotiation: config["no-legacy-server-connect"] === true,
  };
}

export function acceptOptions(task: Task): AcceptOptions {
  const { config, kept } = task;
  const { psk } = config;
  const own = credential(config);
  const clientAuth = config["verify-peer"] ? "request" : config["require-any-client-certificate"] ? "require" : "none";
  return {
    ...commonOptions(task),
    equalSuites: suites(config).equalSuites,
    credentials: own ? [own] : [],
    clientAuth,
    ...(clientAuth !== "none" && { ...trust(task, true), ...authorities(config) }),
    ...(psk !== undefined && { psk: serverPsk(config, psk) }),
    ...serverAlpn(config),
    sessionStore: kept.store,
    ...(config["no-ticket"] ? { tickets: false } : { ticketKeys: [config["ticket-key"] ?? kept.ticketKey] }),
  };
}

const authorities = ({ "use-client-ca-list": list }: ShimConfig): Pick<AcceptOptions, "certificateAuthorities"> =>
  list === undefined ? {} : { certificateAuthorities: namesOf(list).map(fromHex) };

const serverPsk = ({ "psk-identity": identity = "" }: ShimConfig, key: string): ServerPsk => ({
  lookup: (name) => (name === identity ? new TextEncoder().encode(key) : undefined),
  hint: identity,
  allowShortKeys: true,
});

const tls12 = 0x0303;
/** As long as the runner itself waits, ms. */
const handshakeTimeout = 15_000;

function commonOptions({ config, seen }: Task): CommonOptions {
  const { "min-version": min = tls12, "max-version": max = tls12, curves, "verify-prefs": verifyPrefs } = config;
  if (config["no-tls12"] || min > tls12 || max < tls12) throw new Unimplemented("no other version than TLS 1.2");
  return {
    provider: config.provider === "noble" ? noble : nodeCrypto,
    suites: suites(config).suites,
    ...(curves && { groups: groupsOf(curves) }),
    ...(verifyPrefs && { signatureSchemes: schemesOf(verifyPrefs) }),
    ...(config["max-send-fragment"] !== undefined && { maxFragment: config["max-send-fragment"] }),
    renegotiation: config["renegotiate-ignore"] ? "decline" : "abort",
    handshakeTimeout,
    trace: seen.listener,
  };
}

function suites({ cipher, psk, server, "cert-file": cert }: ShimConfig): Suites {
  const all = allSuites({ psk: psk !== undefined, certificates: !server || cert !== undefined });
  return cipher === undefined ? { suites: all, equalSuites: [] } : suitesOf(cipher, all);
}

/**
 * BoringSSL's shim takes any chain, unless it is told to refuse all. About a session that is resumed it is asked only where it is told so, while
 * Handclasp's hooks are asked always. The alert that goes with a refusal is the application's to choose.
 */
function trust({ config, resumes }: Task, verifies: boolean): TrustOptions {
  const refuses = config["verify-fail"] && verifies && (!resumes || config["reverify-on-resume"]);
  const alert = config["use-custom-verify-callback"] ? "certificate_unknown" : "handshake_failure";
  return {
    insecure: true,
    verify() {
      if (refuses) throw new TlsError(alert, "the shim is told to refuse every certificate", { code: "untrusted" });
      return true;
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
