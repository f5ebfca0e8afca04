import { createHash } from "node:crypto";
import { type Certificate, type Session, TlsError } from "@handclasp/core";
import { printable } from "@handclasp/core/unstable";
import type { Attributes } from "./events.ts";

/** The attributes that are known before the handshake. */
export const attributesOfPeer = (address: string | undefined, carrier: string): Attributes => ({
  "network.transport": "tcp",
  "handclasp.carrier": carrier,
  ...(address !== undefined && { "client.address": address }),
  "tls.protocol.name": "tls",
  "tls.established": false,
});

export const attributesOfSession = (before: Attributes, session: Session): Attributes => ({
  ...before,
  "tls.protocol.version": "1.2",
  "tls.cipher": session.suite,
  "tls.resumed": session.resumed,
  "tls.established": true,
  ...(session.group !== undefined && { "tls.curve": session.group }),
  ...(session.alpn !== null && { "tls.next_protocol": session.alpn }),
  ...(session.serverName !== null && { "server.address": session.serverName }),
  ...(session.peer && attributesOfClient(session.peer.certificate)),
});

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
