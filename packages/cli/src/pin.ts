import { createHash } from "node:crypto";
import { parseCertificate } from "@handclasp/node";

/** `sha256/` and the base64 of the SHA-256 of the certificate's SubjectPublicKeyInfo (RFC 7469 §2.4). */
export const spkiPin = (certificate: Uint8Array): string =>
  `sha256/${createHash("sha256").update(parseCertificate(certificate).spki).digest("base64")}`;
