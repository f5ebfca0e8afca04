/**
 * The flags that begin with `-expect`: checks of a connection after its handshake.
 * @module
 */

import { readFileSync } from "node:fs";
import { defaultGroups, defaultSchemes, type Session } from "@handclasp/core";
import { parsePemCertificates, toHex } from "@handclasp/core/unstable";

import type { ShimConfig } from "./flags.ts";
import type { MessageLog } from "./messageLog.ts";
import type { Task } from "./options.ts";
import { namesOf, protocolsOf } from "./rows.ts";

/** The connection does not match an `-expect` flag. No test expects this failure. */
export class ExpectationError extends Error {}

export function checkExpectations({ config, mustResume, messages }: Task, session: Session): void {
  expectEqual("resumed", session.resumed, mustResume);
  expectEqual("alpn", session.alpn ?? "", (config.server ? config["select-alpn"] : config["expect-alpn"]) ?? "");
  if (config["expect-server-name"] !== undefined)
    expectEqual("server name", session.serverName, config["expect-server-name"]);
  if (config["expect-extended-master-secret"])
    expectEqual("extended_master_secret", session.extendedMasterSecret, true);
  if (config["expect-secure-renegotiation"]) expectEqual("secure renegotiation", session.secureRenegotiation, true);
  if (config["expect-no-secure-renegotiation"]) expectEqual("secure renegotiation", session.secureRenegotiation, false);
  checkNegotiation(config, session, messages);
  checkPeer(config, session, messages);
  checkSession(config, session, messages);
}

/** Ignores alerts of the shim, because it sends close_notify and BoringSSL's shim closes without an alert. */
export function checkMessages({ config, messages }: Task): void {
  const { "expect-msg-callback": lines } = config;
  if (lines === undefined) return;
  const got = messages.lines.filter((line) => !line.startsWith("write alert"));
  expectEqual("messages", got, lines.trimEnd().split("\n"));
}

function expectEqual(what: string, got: unknown, expected: unknown): void {
  if (JSON.stringify(got) !== JSON.stringify(expected))
    throw new ExpectationError(`${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(got)}`);
}

/** Skips the group and the signature scheme of a resumed session, because Handclasp does not keep them. */
function checkNegotiation(config: ShimConfig, session: Session, messages: MessageLog): void {
  const { "expect-curve-id": curve, "expect-peer-signature-algorithm": scheme } = config;
  const { "expect-advertised-alpn": protocols, "expect-peer-verify-pref": verifyPrefs } = config;
  if (curve !== undefined && !session.resumed)
    expectEqual("group", session.group, defaultGroups.find(({ id }) => id === curve)?.name);
  if (scheme !== undefined && !session.resumed)
    expectEqual("signature scheme", peerScheme(config, session, messages), scheme);
  if (verifyPrefs) expectEqual("schemes that the peer verifies", verifiable(config, messages), verifyPrefs);
  if (protocols !== undefined) {
    const offered = Buffer.from(messages.offered(alpn)?.subarray(2) ?? []).toString("latin1");
    expectEqual("ALPN of the client", protocolsOf(offered), protocolsOf(protocols));
  }
}

const alpn = 16;
const signatureAlgorithms = 13;

/** The scheme of the peer's signature: over the key exchange from a server, over the transcript from a client. */
function peerScheme(config: ShimConfig, session: Session, messages: MessageLog): number | undefined {
  if (config.server) return messages.received("certificate_verify")?.scheme as number | undefined;
  return defaultSchemes.find(({ name }) => name === session.signatureScheme)?.id;
}

function verifiable(config: ShimConfig, messages: MessageLog): readonly number[] {
  if (!config.server) return (messages.received("certificate_request")?.schemes ?? []) as readonly number[];
  const list = Buffer.from(messages.offered(signatureAlgorithms)?.subarray(2) ?? []);
  return Array.from({ length: list.length / 2 }, (_, i) => list.readUInt16BE(2 * i));
}

function checkPeer(config: ShimConfig, session: Session, messages: MessageLog): void {
  const { "expect-peer-cert-file": certificates, "expect-certificate-types": types } = config;
  if (certificates !== undefined) {
    const got = (messages.received("certificate")?.certificateList ?? []) as readonly Uint8Array[];
    expectEqual(
      "certificates of the peer",
      got.map(toHex),
      parsePemCertificates(readFileSync(certificates, "utf8")).map(toHex),
    );
  }
  checkStatus(config, session);
  const request = messages.received("certificate_request");
  if (types) expectEqual("certificate_types", request?.certificateTypes, [...types]);
  if (config["expect-client-ca-list"] !== undefined) {
    const got = (request?.certificateAuthorities ?? []) as readonly Uint8Array[];
    expectEqual("certificate_authorities", got.map(toHex), namesOf(config["expect-client-ca-list"]));
  }
}

/** Skips the OCSP response and the timestamps of a resumed session, because Handclasp does not keep them. */
function checkStatus(config: ShimConfig, session: Session): void {
  if (session.resumed) return;
  const { "expect-ocsp-response": response, "expect-signed-cert-timestamps": timestamps } = config;
  if (response) expectEqual("OCSP response", hexOf(session.ocspResponse), toHex(response));
  if (timestamps) expectEqual("certificate timestamps", hexOf(session.signedCertificateTimestamps), toHex(timestamps));
}

const hexOf = (bytes: Uint8Array | undefined): string => (bytes ? toHex(bytes) : "none");

/** The session ID and the ticket of the handshake. */
function checkSession(config: ShimConfig, session: Session, messages: MessageLog): void {
  const server = config.server ? messages.sent("server_hello") : messages.received("server_hello");
  const id = (server?.sessionId ?? new Uint8Array(0)) as Uint8Array;
  const ticket = messages.received("new_session_ticket")?.ticket as Uint8Array | undefined;
  const hasTicket = ticket !== undefined && ticket.length > 0;
  if (config["expect-no-session"]) expectEqual("a session to keep", id.length > 0 || hasTicket, false);
  if (config["expect-ticket-renewal"] && session.resumed) expectEqual("a new ticket", hasTicket, true);
  if (session.resumed) return;
  if (config["expect-session-id"]) expectEqual("a session ID", id.length > 0, true);
  if (config["expect-no-session-id"]) expectEqual("a session ID", id.length > 0, false);
}
