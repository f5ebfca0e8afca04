/**
 * What we have beside the six: the status of certificates, and what is made of the keys.
 * @module
 */
import { both, by, noRenegotiation, type Rfc, rfc, tests } from "./statement.ts";

const { exporter, ocsp, status } = tests;

const rfc5705: Rfc = rfc(5705, "Keying Material Exporters", [
  [
    "4",
    "the value is the PRF's, over the master secret, the label, both randoms, and the context with its length where there is one",
    by(
      "handshake/exporter.ts#Exporter.export",
      `${exporter}: exported keying material > is the PRF of the label, both randoms, and the context with its length (RFC 5705 §4)`,
    ),
  ],
  [
    "4",
    "labels are ASCII, and none that TLS uses itself; a context has less than 2^16 bytes",
    by("handshake/exporter.ts#reserved", `${exporter}: exported keying material > of %s bytes under %j is refused`),
  ],
  [
    "4, 5",
    "there is nothing to export before the handshake is done",
    by(
      "connection/connection.ts#TlsConnection",
      `${exporter}: exported keying material > is refused without extended_master_secret`,
    ),
  ],
]);

const rfc6960: Rfc = rfc(6960, "Online Certificate Status Protocol", [
  [
    "3.2",
    "a response is about the certificate that was asked, signed by its issuer or by whom it authorised, and in date",
    by("x509/ocsp.ts#verifyOcspResponse", [
      `${ocsp}: the status of a certificate > matches the serial number, the issuer's name and the issuer's key`,
      `${ocsp}: the signer of a status > is the issuer, and no other certificate`,
      `${ocsp}: the time of a status > nextUpdate is inclusive, in whole seconds`,
    ]),
  ],
  [
    "4.2.1",
    "the basic response type is understood",
    by("x509/ocspResponse.ts#parseOcspResponse", `${ocsp}: the form of a response > is read into an OcspResponse`),
  ],
  [
    "4.2.2.2",
    "a responder's certificate has id-kp-OCSPSigning, and is issued directly by the CA that issued the certificate in question",
    by(
      "x509/ocsp.ts#delegationFault",
      `${ocsp}: the signer of a status > must be certified by the issuer, with the right extendedKeyUsage, dates, keyUsage and signature`,
    ),
  ],
]);

const rfc6962: Rfc = rfc(6962, "Certificate Transparency", [
  [
    "3.3.1",
    "the client's extension is empty; a server answers only where it was asked",
    both({
      client: by(
        ["handshake/extensions/signedCertificateTimestamp.ts#signedCertificateTimestampClient"],
        [`${status}: signed certificate timestamps > are sent unchanged to a client that requests them`],
      ),
      server: by(
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
    "a server does what its certificate, or a CA's above it, lists as a feature, where the client offers it",
    by("x509/ocsp.ts#checkStapled", [
      `${ocsp}: a client's policy > every policy refuses a must-staple certificate without a response`,
      `${ocsp}: a client's policy > must-staple of a CA holds for the certificates below it`,
    ]),
  ],
]);

const rfc9266: Rfc = rfc(9266, "Channel Bindings for TLS 1.3: tls-exporter", [
  [
    "2",
    "32 bytes exported under EXPORTER-Channel-Binding and an empty context; below TLS 1.3 only with extended_master_secret",
    by("handshake/exporter.ts#Exporter.channelBinding", [
      `${exporter}: channel binding > tls-exporter is 32 bytes, with its label and an empty context (RFC 9266 §2)`,
      `${exporter}: exported keying material > is refused without extended_master_secret`,
    ]),
  ],
  ["4", "none of a connection that may renegotiate", noRenegotiation],
]);

/** In the order of their numbers. */
export const beside: readonly Rfc[] = [rfc5705, rfc6960, rfc6962, rfc7633, rfc9266];
