import { createHash } from "node:crypto";
import { type Certificate, type Session, TlsError } from "@handclasp/core";
import { printable } from "@handclasp/core/unstable";
import type { Attributes } from "./events.ts";

type Mutable = Record<string, Attributes[string]>;

/** The attributes that are known before the handshake. */
export function attributesOfPeer(address: string | undefined, carrier: string): Attributes {
  const attributes: Mutable = {
    "network.transport": "tcp",
    "handclasp.carrier": carrier,
    "tls.protocol.name": "tls",
    "tls.established": false,
  };
  if (address !== undefined) attributes["client.address"] = address;
  return attributes;
}

/** A literal, and not a spread of `before`: adding properties to a spread takes a hundred times as long. */
export function attributesOfSession(before: Attributes, session: Session): Attributes {
  const { group, alpn, serverName, peer } = session;
  const attributes: Mutable = {
    "network.transport": "tcp",
    "handclasp.carrier": before["handclasp.carrier"] as string,
    "tls.protocol.name": "tls",
    "tls.protocol.version": "1.2",
    "tls.established": true,
    "tls.cipher": session.suite,
    "tls.resumed": session.resumed,
  };
  const address = before["client.address"];
  if (address !== undefined) attributes["client.address"] = address;
  if (group !== undefined) attributes["tls.curve"] = group;
  if (alpn !== null) attributes["tls.next_protocol"] = alpn;
  if (serverName !== null) attributes["server.address"] = serverName;
  return peer ? Object.assign(attributes, attributesOfClient(peer.certificate)) : attributes;
}

const attributesOfClient = (certificate: Certificate): Attributes => ({
  "tls.client.subject": printable(certificate.subject.text, 1_000),
  "tls.client.issuer": printable(certificate.issuer.text, 1_000),
  "tls.client.not_before": new Date(certificate.notBefore).toISOString(),
  "tls.client.not_after": new Date(certificate.notAfter).toISOString(),
  // Not `fingerprint`, which core computes in JavaScript.
  "tls.client.hash.sha256": createHash("sha256").update(certificate.raw).digest("hex").toUpperCase(),
});

export const attributesOfError = (before: Attributes, error: unknown): Attributes => ({
  ...before,
  "error.type": TlsError.is(error) ? error.code : "unknown",
});
