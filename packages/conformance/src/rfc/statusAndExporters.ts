/**
 * The RFCs on certificate status, exported keying material and channel bindings.
 * @module
 */
import { bothRoles, noRenegotiation, obeyedBy, type Rfc, rfc, tests } from "./statement.ts";

const { exporter, ocsp, status } = tests;

const rfc5705: Rfc = rfc(5705, "Keying Material Exporters", [
  [
    "4",
    "An exported value is the PRF of the master secret, the label, both randoms and, if a context is given, its " +
      "length and bytes.",
    obeyedBy(
      "handshake/exporter.ts#Exporter.export",
      `${exporter}: exported keying material > is the PRF of the label, both randoms, and the context with its length (RFC 5705 §4)`,
    ),
  ],
  [
    "4",
    "A label is ASCII and is not one that TLS itself uses. A context is shorter than 2^16 bytes.",
    obeyedBy(
      "handshake/exporter.ts#reserved",
      `${exporter}: exported keying material > is refused for an invalid length, label or context (%s bytes, %j)`,
    ),
  ],
  [
    "4, 5",
    "A side exports nothing before the handshake is complete.",
    obeyedBy(
      "connection/connection.ts#TlsConnection",
      `${exporter}: exported keying material > is refused without extended_master_secret`,
    ),
  ],
]);

const rfc6960: Rfc = rfc(6960, "Online Certificate Status Protocol", [
  [
    "3.2",
    "The client accepts a response only if it is for the certificate in question, is signed by the certificate's " +
      "issuer or by a responder that the issuer authorised, and is within its validity period.",
    obeyedBy("x509/ocsp.ts#verifyOcspResponse", [
      `${ocsp}: the status of a certificate > matches the serial number, the issuer's name and the issuer's key`,
      `${ocsp}: the signer of a status > may be the issuer, but neither another CA nor the server`,
      `${ocsp}: the time of a status > nextUpdate is inclusive, in whole seconds`,
    ]),
  ],
  [
    "4.2.1",
    "An OCSP client can process the basic response type.",
    obeyedBy(
      "x509/ocspResponse.ts#parseOcspResponse",
      `${ocsp}: the form of a response > is read into an OcspResponse`,
    ),
  ],
  [
    "4.2.2.2",
    "A responder's certificate has id-kp-OCSPSigning. The CA that issued the certificate in question also issued " +
      "the responder's certificate, directly.",
    obeyedBy(
      "x509/ocsp.ts#delegationFault",
      `${ocsp}: the signer of a status > must, if not the issuer, be certified by it: extendedKeyUsage, dates, keyUsage, signature`,
    ),
  ],
]);

const rfc6962: Rfc = rfc(6962, "Certificate Transparency", [
  [
    "3.3.1",
    "The client's extension is empty. A server sends timestamps only to a client that offered the extension.",
    bothRoles({
      client: obeyedBy(
        ["handshake/extensions/signedCertificateTimestamp.ts#signedCertificateTimestampClient"],
        [`${status}: signed certificate timestamps > are sent unchanged to a client that requests them`],
      ),
      server: obeyedBy(
        ["handshake/extensions/signedCertificateTimestamp.ts#signedCertificateTimestampServer"],
        [
          `${status}: signed certificate timestamps > are not sent to a client that does not request them, or if the server has none`,
          `${status}: status_request and signed_certificate_timestamp in a hello > a server refuses extension %i with the malformed content 0x%s`,
        ],
      ),
    }),
  ],
]);

const rfc7633: Rfc = rfc(7633, "TLS Feature Extension", [
  [
    "4.2.2, 4.3",
    "A server provides the features that its certificate or a CA certificate above it lists, if the client " +
      "offers them.",
    obeyedBy("x509/ocsp.ts#checkStapled", [
      `${ocsp}: a client's policy > every policy refuses a must-staple certificate without a response`,
      `${ocsp}: a client's policy > must-staple of a CA applies to the certificates below it`,
    ]),
  ],
]);

const rfc9266: Rfc = rfc(9266, "Channel Bindings for TLS 1.3: tls-exporter", [
  [
    "2",
    "The binding is 32 bytes that are exported under EXPORTER-Channel-Binding with an empty context. Before TLS " +
      "1.3 it needs extended_master_secret.",
    obeyedBy("handshake/exporter.ts#Exporter.channelBinding", [
      `${exporter}: channel binding > tls-exporter is 32 bytes, with its label and an empty context (RFC 9266 §2)`,
      `${exporter}: exported keying material > is refused without extended_master_secret`,
    ]),
  ],
  ["4", "A connection that may renegotiate has no such binding.", noRenegotiation],
]);

/** Sorted by number. */
export const statusAndExporters: readonly Rfc[] = [rfc5705, rfc6960, rfc6962, rfc7633, rfc9266];
