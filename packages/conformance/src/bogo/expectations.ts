/**
 * The flags that begin with `-expect`: what must have come of a handshake.
 * @module
 */

import { readFileSync } from "node:fs";
import { defaultGroups, defaultSchemes, type Session } from "@handclasp/core";
import { parsePemCertificates, toHex } from "@handclasp/core/unstable";

import type { ShimConfig } from "./flags.ts";
import type { Task } from "./options.ts";
import { namesOf, protocolsOf } from "./rows.ts";
import type { Witness } from "./witness.ts";

/** An expectation of the runner's that was not met: never the failure that a test wants to see. */
export class Unexpected extends Error {}

export function checkExpectations({ config, resumes, seen }: Task, session: Session): void {
  same("resumed", session.resumed, resumes);
  same("alpn", session.alpn ?? "", (config.server ? config["select-alpn"] : config["expect-alpn"]) ?? "");
  if (config["expect-server-name"] !== undefined) same("server name", session.serverName, config["expect-server-name"]);
  if (config["expect-extended-master-secret"]) same("extended_master_secret", session.extendedMasterSecret, true);
  if (config["expect-secure-renegotiation"]) same("secure renegotiation", session.secureRenegotiation, true);
  if (config["expect-no-secure-renegotiation"]) same("secure renegotiation", session.secureRenegotiation, false);
  checkNegotiation(config, session, seen);
  checkPeer(config, seen);
  checkSession(config, session, seen);
}

function same(what: string, got: unknown, wanted: unknown): void {
  if (JSON.stringify(got) !== JSON.stringify(wanted))
    throw new Unexpected(`${what}: expected ${JSON.stringify(wanted)}, got ${JSON.stringify(got)}`);
}

/** Of a resumed session we do not tell what made it: there, BoringSSL still knows. */
function checkNegotiation(config: ShimConfig, session: Session, seen: Witness): void {
  const { "expect-curve-id": curve, "expect-peer-signature-algorithm": scheme } = config;
  const { "expect-advertised-alpn": protocols, "expect-peer-verify-pref": verifyPrefs } = config;
  if (curve !== undefined && !session.resumed)
    same("group", session.group, defaultGroups.find(({ id }) => id === curve)?.name);
  if (scheme !== undefined && !session.resumed) same("signature scheme", peerScheme(config, session, seen), scheme);
  if (verifyPrefs) same("schemes that the peer verifies", verifiable(config, seen), verifyPrefs);
  if (protocols !== undefined) {
    const offered = Buffer.from(seen.offered(alpn)?.subarray(2) ?? []).toString("latin1");
    same("ALPN of the client", protocolsOf(offered), protocolsOf(protocols));
  }
}

const alpn = 16;
const signatureAlgorithms = 13;

/** What the peer signed with: a server its key exchange, a client the transcript. */
function peerScheme(config: ShimConfig, session: Session, seen: Witness): number | undefined {
  if (config.server) return seen.received("certificate_verify")?.scheme as number | undefined;
  return defaultSchemes.find(({ name }) => name === session.signatureScheme)?.id;
}

function verifiable(config: ShimConfig, seen: Witness): readonly number[] {
  if (!config.server) return (seen.received("certificate_request")?.schemes ?? []) as readonly number[];
  const list = Buffer.from(seen.offered(signatureAlgorithms)?.subarray(2) ?? []);
  return Array.from({ length: list.length / 2 }, (_, i) => list.readUInt16BE(2 * i));
}

function checkPeer(config: ShimConfig, seen: Witness): void {
  const { "expect-peer-cert-file": certificates, "expect-certificate-types": types } = config;
  if (certificates !== undefined) {
    const got = (seen.received("certificate")?.certificateList ?? []) as readonly Uint8Array[];
    same(
      "certificates of the peer",
      got.map(toHex),
      parsePemCertificates(readFileSync(certificates, "utf8")).map(toHex),
    );
  }
  const request = seen.received("certificate_request");
  if (types) same("certificate_types", request?.certificateTypes, [...types]);
  if (config["expect-client-ca-list"] !== undefined) {
    const got = (request?.certificateAuthorities ?? []) as readonly Uint8Array[];
    same("certificate_authorities", got.map(toHex), namesOf(config["expect-client-ca-list"]));
  }
}

/** What a client got to keep, and what a server keeps by itself. */
function checkSession(config: ShimConfig, session: Session, seen: Witness): void {
  const server = config.server ? seen.sent("server_hello") : seen.received("server_hello");
  const id = (server?.sessionId ?? new Uint8Array(0)) as Uint8Array;
  const ticket = seen.received("new_session_ticket")?.ticket as Uint8Array | undefined;
  const hasTicket = ticket !== undefined && ticket.length > 0;
  if (config["expect-no-session"]) same("a session to keep", id.length > 0 || hasTicket, false);
  if (config["expect-ticket-renewal"] && session.resumed) same("a new ticket", hasTicket, true);
  if (session.resumed) return;
  if (config["expect-session-id"]) same("a session ID", id.length > 0, true);
  if (config["expect-no-session-id"]) same("a session ID", id.length > 0, false);
}
