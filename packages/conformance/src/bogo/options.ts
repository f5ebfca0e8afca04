/**
 * Translates the runner's flags into Handclasp's options.
 * @module
 */

import { createPrivateKey, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import {
  type AcceptOptions,
  type CommonOptions,
  type ConnectOptions,
  type Credential,
  grease,
  keepSessions,
  memoryStore,
  noble,
  type ServerPsk,
  type SessionStore,
  TlsError,
  type TrustOptions,
} from "@handclasp/core";
import { nobleCredential } from "@handclasp/core/keys";
import { ocsp } from "@handclasp/core/ocsp";
import { fromHex } from "@handclasp/core/unstable";

import { nodeCredential, nodeCrypto } from "@handclasp/node";
import { type ShimConfig, Unimplemented } from "./flags.ts";
import type { MessageLog } from "./messageLog.ts";
import { allSuites, groupsOf, namesOf, protocolsOf, type Suites, schemesOf, suitesOf } from "./rows.ts";

/** The state that all connections of a shim share. */
export interface SharedState {
  readonly store: SessionStore;
  readonly ticketKey: Uint8Array;
}

export const createSharedState = (): SharedState => ({
  store: memoryStore(),
  ticketKey: new Uint8Array(randomBytes(48)),
});

/** One connection of a shim. */
export interface Task {
  readonly config: ShimConfig;
  /** Whether this connection must resume the session of an earlier one. */
  readonly mustResume: boolean;
  readonly messages: MessageLog;
  readonly shared: SharedState;
}

export async function connectOptions(task: Task): Promise<ConnectOptions> {
  const { config, shared } = task;
  const { "host-name": serverName, "advertise-alpn": alpn, "fail-cert-callback": fails, psk } = config;
  const credentials = fails ? failingCallback : await credentialOf(config);
  return {
    ...commonOptions(task),
    ...trust(task, config["verify-peer"] === true),
    ...(serverName !== undefined && { serverName }),
    ...(alpn !== undefined && { alpn: protocolsOf(alpn) }),
    ...(psk !== undefined && {
      psk: { identity: config["psk-identity"] ?? "", key: new TextEncoder().encode(psk), allowShortKey: true },
    }),
    ...(credentials && { credentials }),
    ...(config["enable-ocsp-stapling"] && { ocsp: ocsp.request }),
    ...(config["enable-grease"] && { grease }),
    signedCertificateTimestamps: config["enable-signed-cert-timestamps"] === true,
    sessions: keepSessions({ store: shared.store, tickets: !config["no-ticket"] }),
    fallbackScsv: config["fallback-scsv"] === true,
    requireSecureRenegotiation: config["no-legacy-server-connect"] === true,
  };
}

export async function acceptOptions(task: Task): Promise<AcceptOptions> {
  const { config, shared } = task;
  const { psk, "fail-cert-callback": fails } = config;
  const credential = await credentialOf(config);
  const clientAuth = config["verify-peer"] ? "request" : config["require-any-client-certificate"] ? "require" : "none";
  return {
    ...commonOptions(task),
    equalSuites: suites(config).equalSuites,
    credentials: fails ? failingCallback : credential ? [credential] : [],
    clientAuth,
    ...(clientAuth !== "none" && { ...trust(task, true), ...authorities(config) }),
    ...(psk !== undefined && { psk: serverPsk(config, psk) }),
    ...serverAlpn(config),
    sessionStore: shared.store,
    ...(config["no-ticket"] ? { tickets: false } : { ticketKeys: [config["ticket-key"] ?? shared.ticketKey] }),
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
/** The runner's time limit, in ms. */
const handshakeTimeout = 15_000;

function commonOptions({ config, messages }: Task): CommonOptions {
  const { "min-version": min = tls12, "max-version": max = tls12, curves, "verify-prefs": verifyPrefs } = config;
  if (config["no-tls12"] || min > tls12 || max < tls12)
    throw new Unimplemented("the flags exclude TLS 1.2, the only version that the shim supports");
  return {
    provider: config.provider === "noble" ? noble : nodeCrypto,
    suites: suites(config).suites,
    ...(curves && { groups: groupsOf(curves) }),
    ...(verifyPrefs && { signatureSchemes: schemesOf(verifyPrefs) }),
    ...(config["max-send-fragment"] !== undefined && { maxFragment: config["max-send-fragment"] }),
    renegotiation: config["renegotiate-ignore"] ? "decline" : "abort",
    handshakeTimeout,
    trace: messages.listener,
  };
}

function suites({ cipher, psk, server, "cert-file": cert }: ShimConfig): Suites {
  const all = allSuites({ psk: psk !== undefined, certificates: !server || cert !== undefined });
  return cipher === undefined ? { suites: all, equalSuites: [] } : suitesOf(cipher, all);
}

/**
 * BoringSSL's shim accepts every chain, unless a flag makes it refuse every chain. It verifies the certificate of a
 * resumed session only with a flag, while Handclasp always calls its hook. The application chooses the alert.
 */
function trust({ config, mustResume }: Task, verifies: boolean): TrustOptions {
  const refuses = config["verify-fail"] && verifies && (!mustResume || config["reverify-on-resume"]);
  const alert = config["use-custom-verify-callback"] ? "certificate_unknown" : "handshake_failure";
  return {
    insecure: true,
    verify() {
      if (refuses) throw new TlsError(alert, "a flag makes the shim refuse every certificate", { code: "untrusted" });
      return true;
    },
  };
}

async function credentialOf(config: ShimConfig): Promise<Credential | undefined> {
  const { "cert-file": certFile, "key-file": keyFile, "signing-prefs": prefs } = config;
  if (certFile === undefined || keyFile === undefined) return undefined;
  const { "signed-cert-timestamps": signedCertificateTimestamps, provider } = config;
  const files = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
  const signer = provider === "noble" && !isRsa(files.key) ? await nobleCredential(files) : nodeCredential(files);
  const credential = {
    ...(config.async ? signLater(signer) : signer),
    ...(signedCertificateTimestamps && { signedCertificateTimestamps }),
    ...staple(config),
  };
  if (!prefs) return credential;
  return { ...credential, schemes: schemesOf(prefs).filter((scheme) => signer.schemes.includes(scheme)) };
}

/** `nobleCredential` refuses RSA keys, so node:crypto signs with RSA keys for either provider. */
const isRsa = (key: Buffer): boolean => createPrivateKey(key).asymmetricKeyType === "rsa";

/** Always a function, because Handclasp would refuse the runner's response of four bytes as a static response. */
function staple(config: ShimConfig): Pick<Credential, "ocspResponse"> {
  const response = config["ocsp-response"];
  if (response === undefined) return {};
  return { ocspResponse: () => (config["decline-ocsp-callback"] ? undefined : response) };
}

/** Signs asynchronously, as a key management service does. */
const signLater = ({ rsaDecryptRaw, ...signer }: Credential): Credential => ({
  ...signer,
  sign: async (scheme, message) => signer.sign(scheme, message),
  ...(rsaDecryptRaw && { rsaDecryptRaw: async (ciphertext: Uint8Array) => rsaDecryptRaw(ciphertext) }),
});

function failingCallback(): never {
  throw new Error("a flag makes the shim fail");
}

/** A server without protocols ignores ALPN. A server with protocols that the client does not offer fails. */
function serverAlpn(config: ShimConfig): { readonly alpn?: readonly string[] } {
  if (config["reject-alpn"]) return { alpn: ["none that the client offers"] };
  if (config["decline-alpn"] || config["select-alpn"] === undefined) return {};
  return { alpn: [config["select-alpn"]] };
}
