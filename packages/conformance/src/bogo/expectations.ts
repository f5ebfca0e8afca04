/**
 * The flags that begin with `-expect`: what must have come of a handshake.
 * @module
 */
import { readFileSync } from "node:fs";
import { defaultGroups, defaultSchemes, parsePemCertificates, type Session, toHex } from "@handclasp/core";
import type { ShimConfig } from "./flags.ts";
import { namesOf, protocolsOf } from "./rows.ts";
import type { Witness } from "./witness.ts";

/** An expectation of the runner's that was not met: never the failure that a test wants to see. */
export class Unexpected extends Error {}

export function checkExpectations(config: ShimConfig, session: Session, seen: Witness, isResume: boolean): void {
  const same = (what: string, got: unknown, wanted: unknown): void => {
    if (JSON.stringify(got) !== JSON.stringify(wanted))
      throw new Unexpected(`${what}: expected ${JSON.stringify(wanted)}, got ${JSON.stringify(got)}`);
  };
  const {
    "expect-server-name": serverName,
    "expect-curve-id": curve,
    "expect-peer-signature-algorithm": scheme,
    "expect-peer-verify-pref": verifyPrefs,
    "expect-peer-cert-file": certificates,
    "expect-certificate-types": certificateTypes,
    "expect-client-ca-list": authorities,
    "expect-advertised-alpn": advertised,
  } = config;
  same("resumed", session.resumed, isResume && !config["expect-session-miss"]);
  same("alpn", session.alpn ?? "", (config.server ? config["select-alpn"] : config["expect-alpn"]) ?? "");
  if (serverName !== undefined) same("server name", session.serverName, serverName);
  if (config["expect-extended-master-secret"]) same("extended_master_secret", session.extendedMasterSecret, true);
  if (config["expect-secure-renegotiation"]) same("secure renegotiation", session.secureRenegotiation, true);
  if (config["expect-no-secure-renegotiation"]) same("secure renegotiation", session.secureRenegotiation, false);
  if (curve !== undefined) same("group", session.group, defaultGroups.find(({ id }) => id === curve)?.name);
  if (scheme !== undefined) same("signature scheme", peerScheme(config, session, seen), scheme);
  if (verifyPrefs) same("schemes that the peer verifies", offeredSchemes(config, seen), verifyPrefs);
  if (certificates !== undefined) {
    const wanted = parsePemCertificates(readFileSync(certificates, "utf8")).map(toHex);
    const got = (seen.body("certificate")?.certificateList ?? []) as readonly Uint8Array[];
    same("certificates of the peer", got.map(toHex), wanted);
  }
  const request = seen.body("certificate_request");
  if (certificateTypes) same("certificate_types", request?.certificateTypes, [...certificateTypes]);
  if (authorities !== undefined) {
    const got = (request?.certificateAuthorities ?? []) as readonly Uint8Array[];
    same("certificate_authorities", got.map(toHex), namesOf(authorities));
  }
  if (advertised !== undefined) {
    const offered = seen.extension("client_hello", alpn) ?? new Uint8Array(2);
    same(
      "ALPN of the client",
      protocolsOf(Buffer.from(offered.subarray(2)).toString("latin1")),
      protocolsOf(advertised),
    );
  }
}

const alpn = 16;
const signatureAlgorithms = 13;

/** What the peer signed with: a server its key exchange, a client the transcript. */
function peerScheme(config: ShimConfig, session: Session, seen: Witness): number | undefined {
  if (config.server) return seen.body("certificate_verify")?.scheme as number | undefined;
  return defaultSchemes.find(({ name }) => name === session.signatureScheme)?.id;
}

function offeredSchemes(config: ShimConfig, seen: Witness): readonly number[] {
  if (!config.server) return (seen.body("certificate_request")?.schemes ?? []) as readonly number[];
  const data = seen.extension("client_hello", signatureAlgorithms) ?? new Uint8Array(2);
  const view = new DataView(data.buffer, data.byteOffset + 2, data.length - 2);
  return Array.from({ length: view.byteLength / 2 }, (_, i) => view.getUint16(2 * i));
}
