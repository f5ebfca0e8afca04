/**
 * What the RFCs demand (MUST, MUST NOT, REQUIRED, SHALL), in our words, and where it is obeyed. `docs/rfc-coverage.md` is
 * made from it.
 * @module
 */

export interface Statement {
  readonly rfc: number;
  readonly section: string;
  readonly demand: string;
  /** Under packages/core/src. */
  readonly code?: string;
  /** `file: title`, the file under packages/core/test. */
  readonly test?: string;
  /** Why there is no code: it does not apply, or is still to be done. */
  readonly reason?: string;
}

type Row = readonly [section: string, demand: string, where: { code: string; test?: string } | { reason: string }];
const rows = (rfc: number, list: readonly Row[]): readonly Statement[] =>
  list.map(([section, demand, where]) => ({ rfc, section, demand, ...where }));
const by = (code: string, test?: string): { code: string; test?: string } => ({ code, ...(test && { test }) });
const not = (reason: string): { reason: string } => ({ reason });

const noRenegotiation = not("we never renegotiate: HelloRequest and a second ClientHello are declined (§4.2, §4.3)");
const noSsl = not("we speak TLS 1.2 only");
const noAnonymous = not("no anonymous or static (EC)DH suite exists here");
const noCompression = not("the null method is the only one");
const pending = not("to be filled in with resumption");

const order = "handshake/order.test.ts";
const layer = "record/layer.test.ts";
const rsa = "crypto/rsa.test.ts";
const required = "handshake/extensions/required.test.ts";
const etm = "handshake/extensions/encryptThenMac.test.ts";
const usage = "handshake/keyUsage.test.ts";
const status = "handshake/statusRequest.test.ts";
const ocsp = "x509/ocsp.test.ts";

export const statements: readonly Statement[] = [
  ...rows(5246, [
    [
      "4.7",
      "DigestInfo is DER, parameters NULL; absent ones are accepted too",
      by("crypto/rsa.ts", `${rsa}: the one right block, with NULL and without (RFC 5246 §4.7)`),
    ],
    ["6", "send no record type that is not defined", by("wire/record.ts")],
    [
      "6",
      "an unexpected record type is answered with unexpected_message",
      by("record/layer.ts", `${layer}: a record of type %i`),
    ],
    [
      "6.1",
      "the state is updated with each record; sequence numbers begin at 0 with each state and rise by one",
      by("record/protection.ts", `${layer}: a record twice, in the wrong order, or of another type`),
    ],
    [
      "6.2.1",
      "a fragment has at most 2^14 bytes",
      by("record/layer.ts", `${layer}: plaintext of more than 2^14 bytes, by its header alone`),
    ],
    [
      "6.2.1",
      "no empty fragments of handshake, alert or ChangeCipherSpec",
      by("record/layer.ts", "record/flood.test.ts: an empty handshake record is refused"),
    ],
    [
      "6.2.1",
      "records go out in the order in which they were protected",
      by("record/layer.ts", `${layer}: what is sealed goes out in order, and is traced so`),
    ],
    [
      "6.2.1",
      "application data between handshake messages after the first handshake is processed",
      not("there is no handshake after the first; data within a message is refused"),
    ],
    [
      "6.2.2",
      "decompression beyond 2^14 bytes is a fatal decompression_failure; compressed at most 2^14 + 1024",
      noCompression,
    ],
    [
      "6.2.3",
      "ciphertext has at most 2^14 + 2048 bytes",
      by("record/layer.ts", `${layer}: ciphertext of more than 2^14 + 2048 bytes, by its header alone`),
    ],
    [
      "6.2.3.2",
      "the IV of a CBC record cannot be predicted",
      by("record/protection.ts", "record/cbc.test.ts: what it seals, it opens, with a fresh IV for each record"),
    ],
    [
      "6.2.3.2",
      "padding bytes hold the padding's length, the whole is a multiple of the block",
      by("record/protection.ts"),
    ],
    [
      "6.2.3.2",
      "padding is checked, and wrong padding is bad_record_mac",
      by(
        "record/protection.ts",
        "record/cbc.test.ts: ciphertext that is no whole blocks, or too short for a MAC, is the same error",
      ),
    ],
    [
      "6.2.3.2",
      "the time does not tell whether padding was right",
      by(
        "record/protection.ts",
        "record/cbc.test.ts: padding that is wrong under a MAC that is right for none is refused, and as dearly",
      ),
    ],
    ["6.2.3.3", "an AEAD suite says how its nonce is made", by("record/protection.ts")],
    [
      "6.2.3.3",
      "an AEAD record that does not open is a fatal bad_record_mac",
      by("record/protection.ts", `${layer}: any bit of a record altered`),
    ],
    [
      "7.1",
      "after ChangeCipherSpec the new state is used at once",
      by("record/layer.ts", `${order}: a plaintext record behind it is refused`),
    ],
    ["7.2.1", "close_notify is answered with our own, and the connection closed", by("connection/engine.ts")],
    ["7.2, 7.2.2", "a session of a connection that ended with a fatal alert is forgotten", pending],
    [
      "7.2.2",
      "a fatal condition is told with its alert, at the fatal level, before closing",
      by("connection/engine.ts"),
    ],
    ["7.2.2", "decryption_failed, no_certificate and export_restriction are never sent", by("errors.ts")],
    ["7.3", "no application data before the first handshake is complete", by("connection/engine.ts")],
    [
      "7.3",
      "both sides send ChangeCipherSpec, then Finished",
      by("handshake/client.ts", `${order}: early, before the key exchange, is refused`),
    ],
    [
      "7.4",
      "messages come in the order of figure 1; any other order is fatal",
      by("handshake/peer.ts", `${order}: early, before the key exchange, is refused`),
    ],
    [
      "7.4.1.1",
      "HelloRequest is no part of the hashes",
      by("handshake/peer.ts", `${order}: four are skipped, the fifth is one too many`),
    ],
    ["7.4.1.2", "session identifiers hold nothing confidential, and a forged one does no harm", pending],
    ["7.4.1.2", "unknown suites are ignored", by("handshake/negotiate.ts")],
    ["7.4.1.2", "a client that resumes offers the session's suite and compression again", pending],
    ["7.4.1.2", "the null compression method is offered and supported", by("handshake/client.ts")],
    [
      "7.4.1.2",
      "ClientHello with and without extensions is read; another length is decode_error",
      by(
        "wire/messages.ts",
        "wire/messages.test.ts: cut anywhere, or with a byte too many, it is a decode_error at a field",
      ),
    ],
    ["7.4.1.3", "the server's random is independent of the client's", by("handshake/server.ts")],
    [
      "7.4.1.4",
      "no extension is answered that was not offered; the client refuses one with unsupported_extension",
      by("handshake/extensions/extension.ts"),
    ],
    ["7.4.1.4", "no extension comes twice", by("handshake/extensions/extension.ts")],
    [
      "7.4.1.4.1",
      "signature_algorithms is sent, read by servers, and never sent by them",
      by("handshake/extensions/signatureAlgorithms.ts"),
    ],
    ["7.4.1.4.1", "anonymous does not stand in it", by("crypto/signatures.ts")],
    [
      "7.4.2",
      "the server's certificate fits the suite, and its key what the suite does with it",
      by("handshake/keyExchange/exchange.ts", `${usage}: must have digitalSignature for ECDHE`),
    ],
    [
      "7.4.2",
      "RSA key exchange needs keyEncipherment where there is a keyUsage",
      by("handshake/keyExchange/rsa.ts", `${usage}: must have keyEncipherment for RSA key exchange`),
    ],
    ["7.4.2", "the sender's certificate is first, each next one certifies the one before", by("x509/chain.ts")],
    ["7.4.2", "certificates are X.509v3", by("x509/certificate.ts")],
    ["7.4.2", "static DH and DSS certificates have their usages", noAnonymous],
    ["7.4.3", "the scheme of ServerKeyExchange was offered, and fits the key", by("handshake/keyExchange/exchange.ts")],
    [
      "7.4.4, 7.4.6",
      "the client's certificate fits certificate_types and the schemes; digitalSignature is needed",
      by("handshake/server.ts", `${usage}: keyUsage of the client's certificate must have digitalSignature`),
    ],
    ["7.4.6", "a client without a suitable certificate sends an empty list", by("handshake/client.ts")],
    ["7.4.7", "ClientKeyExchange follows the client's Certificate, or else ServerHelloDone", by("handshake/server.ts")],
    [
      "7.4.7.1",
      "the premaster secret begins with the version that was offered, not the one agreed on",
      by("handshake/keyExchange/rsa.ts", `${rsa}: the version is ClientHello's, not the one negotiated`),
    ],
    [
      "7.4.7.1",
      "a premaster secret that does not decrypt, or is of another version, is replaced by random bytes, without an alert",
      by("crypto/rsa.ts", `${rsa}: every other value of every checked byte gives the fallback`),
    ],
    [
      "7.4.7.1",
      "RSA private operations resist timing",
      not("they are OpenSSL's or WebCrypto's, which blind; ours is the unpadding alone, see crypto/rsa.ts"),
    ],
    ["7.4.7.2", "a static DH client sends an empty key exchange", noAnonymous],
    [
      "7.4.8",
      "CertificateVerify follows ClientKeyExchange; its scheme was asked for and fits the key",
      by("handshake/server.ts"),
    ],
    [
      "7.4.9",
      "Finished is verified; its hash is the PRF's; 12 bytes",
      by("handshake/peer.ts", "crypto/prf.test.ts: is the PRF under the role's label, 12 bytes"),
    ],
    [
      "8.1.2",
      "leading zeros of a DH secret are stripped",
      by("handshake/keyExchange/dhe.ts", "handshake/dhe.test.ts: DHE strips them (RFC 5246 §8.1.2)"),
    ],
    ["9", "TLS_RSA_WITH_AES_128_CBC_SHA is implemented", by("handshake/suites.ts")],
    [
      "E.1",
      "a server answers a higher version with its own, and the first record may say any 3.x",
      by(
        "handshake/server.ts",
        `${order}: a ClientHello above is answered with TLS 1.2, and the change found at Finished`,
      ),
    ],
    ["E.2, E.3", "SSL 2.0 hellos and fallback", noSsl],
  ]),
  ...rows(5746, [
    ["3.4", "the client sends renegotiation_info or the SCSV", by("handshake/extensions/renegotiationInfo.ts")],
    [
      "3.4",
      "the client checks the answer: it must be empty, else handshake_failure",
      by(
        "handshake/extensions/renegotiationInfo.ts",
        `${required}: with content in the %s's hello is handshake_failure`,
      ),
    ],
    [
      "3.6",
      "the server looks for the SCSV and the extension, which must be empty, and answers with an empty one",
      by(
        "handshake/extensions/renegotiationInfo.ts",
        `${required}: a server says it to the SCSV too, and to nobody who says neither`,
      ),
    ],
    [
      "3.6",
      "a server ignores unknown extensions",
      by("handshake/extensions/extension.ts", `${required}: is ignored by a server`),
    ],
    [
      "3.6",
      "a server ignores higher versions",
      by(
        "handshake/server.ts",
        `${order}: a ClientHello above is answered with TLS 1.2, and the change found at Finished`,
      ),
    ],
    ["3.5, 3.7, 4.4", "the rules for renegotiation", noRenegotiation],
    [
      "4.1",
      "a client that insists on the extension ends the handshake with handshake_failure",
      by("handshake/extensions/renegotiationInfo.ts", `${required}: a server without it is refused, with advice`),
    ],
    [
      "4.2",
      "a HelloRequest that is not followed is answered with a warning no_renegotiation",
      by("handshake/peer.ts", "connection/established.test.ts: %s is refused with a warning, and the fourth is fatal"),
    ],
    [
      "4.3",
      "a server that does not renegotiate answers the extension all the same",
      by("handshake/extensions/renegotiationInfo.ts"),
    ],
    ["4.5", "SSL 3.0", noSsl],
  ]),
  ...rows(7627, [
    ["5.1", "both use the extended master secret where they agreed on it", by("crypto/keySchedule.ts")],
    [
      "5.2",
      "the client offers it in every handshake; a server that gets it answers it",
      by("handshake/extensions/extendedMasterSecret.ts"),
    ],
    [
      "5.2",
      "a side that goes on without it uses the standard derivation",
      by(
        "handshake/secrets.ts",
        "connection/established.test.ts: extended_master_secret: a client goes without it, and both derive the classic one",
      ),
    ],
    [
      "5.2, 5.3",
      "a side that insists on it ends the handshake",
      by(
        "handshake/extensions/extendedMasterSecret.ts",
        `${required}: a client without it is refused where the server requires it, and else is not`,
      ),
    ],
    ["5.3", "resumption: never from without to with it, never from with to without it", pending],
    ["5.4", "without it: no exporters and no tls-unique on a resumed session", pending],
    ["6.4", "SSL 3.0 sessions", noSsl],
  ]),
  ...rows(5077, [
    ["3.2-3.4", "the extension, NewSessionTicket and the session id's meaning", pending],
    ["4", "a client does not look into a ticket", pending],
    ["5.2, 5.7", "tickets are encrypted and authenticated with strong algorithms", pending],
  ]),
  ...rows(7366, [
    [
      "2",
      "extension 22, empty, and used only where both sent it",
      by("handshake/extensions/encryptThenMac.ts", `${etm}: is agreed on with CBC`),
    ],
    [
      "3",
      "no answer for an AEAD suite; a client refuses one",
      by("handshake/extensions/encryptThenMac.ts", `${etm}: answered with an AEAD is illegal_parameter`),
    ],
    [
      "3",
      "the MAC covers number, header, IV and ciphertext",
      by("record/protection.ts", "record/encryptThenMac.test.ts: the vector, both ways"),
    ],
    [
      "3",
      "the MAC is checked before anything is decrypted, and a wrong one is bad_record_mac",
      by(
        "record/protection.ts",
        "record/encryptThenMac.test.ts: any bit altered is one error, and nothing is decrypted",
      ),
    ],
    ["3", "DTLS", not("we speak TLS only")],
    ["3.1", "no downgrade by renegotiation", noRenegotiation],
  ]),
  ...rows(8422, [
    [
      "2.1, 5.3",
      "ECDHE_ECDSA has an ECDSA or EdDSA key, ECDHE_RSA an RSA one, on a curve that the client offered",
      by("handshake/negotiate.ts"),
    ],
    ["2.3", "ECDH_anon", noAnonymous],
    [
      "4, 5.1",
      "a server minds supported_groups and ec_point_formats, and takes another suite where it cannot",
      by("handshake/negotiate.ts"),
    ],
    ["4", "a client without ECC suites sends neither extension", by("handshake/extensions/supportedGroups.ts")],
    [
      "5.1.2, 5.2",
      "the uncompressed format is supported and listed, no other; a list without it is illegal_parameter",
      by("handshake/extensions/ecPointFormats.ts"),
    ],
    [
      "5.10",
      "leading zeros of an ECDH secret stay",
      by("handshake/keyExchange/ecdhe.ts", "handshake/dhe.test.ts: ECDHE never does (RFC 8422 §5.10)"),
    ],
    [
      "5.10, 5.11",
      "an X25519 secret of zeros ends the handshake; NIST points are on their curve",
      by("handshake/keyExchange/ephemeral.ts"),
    ],
    ["5.10", "EdDSA is RFC 8032's", by("crypto/noble.ts", "crypto/noble.test.ts: Ed25519, RFC 8032 §7.1 test 2")],
    ["5.10", "Ed448's context is empty", not("we have no Ed448")],
  ]),
  ...rows(6066, [
    [
      "8",
      "the server's answer to status_request is empty, and given only where it was asked",
      by("handshake/extensions/statusRequest.ts", `${status}: malformed answer, %i with 0x%s: the client refuses it`),
    ],
    [
      "8",
      "CertificateStatus comes right behind Certificate, and only where both hellos have status_request",
      by("handshake/server.ts", `${status}: does not come where nobody asks, or there is none`),
    ],
    [
      "8",
      "a client checks the response, and ends the handshake with bad_certificate_status_response where it is not satisfactory",
      by("x509/ocsp.ts", `${status}: %s: the client refuses before it sends anything else`),
    ],
    ["8", "the alert is always fatal", by("connection/engine.ts")],
  ]),
  ...rows(6960, [
    [
      "3.2",
      "a response is about the certificate that was asked, signed by its issuer or by whom it authorised, and in date",
      by("x509/ocsp.ts", `${ocsp}: is of this certificate: serial number, issuer's name and issuer's key`),
    ],
    [
      "4.2.2.2",
      "a responder's certificate has id-kp-OCSPSigning, and is issued directly by the CA that issued the certificate in question",
      by(
        "x509/ocsp.ts",
        `${ocsp}: a responder is held to extendedKeyUsage, dates, keyUsage, signature, and to its issuer`,
      ),
    ],
    [
      "4.2.1",
      "the basic response type is understood",
      by("x509/ocspResponse.ts", `${ocsp}: is read into what it says`),
    ],
  ]),
  ...rows(7633, [
    [
      "4.2.2, 4.3",
      "a server does what its certificate, or a CA's above it, lists as a feature, where the client offers it",
      by(
        "x509/ocsp.ts",
        `${ocsp}: must-staple: a certificate that says so is refused without a response, however it was asked`,
      ),
    ],
  ]),
  ...rows(6962, [
    [
      "3.3.1",
      "the client's extension is empty; a server answers only where it was asked",
      by(
        "handshake/extensions/signedCertificateTimestamp.ts",
        `${status}: do not come to one that does not, or where there are none`,
      ),
    ],
  ]),
];

export function coverage(list: readonly Statement[]): string {
  const line = ({ rfc, section, demand, code, test, reason }: Statement): string =>
    `| ${rfc} §${section} | ${demand} | ${code ? `\`${code}\`` : reason} | ${test ?? ""} |`;
  const count = (has: (one: Statement) => unknown): number => list.filter(has).length;
  return `# RFC coverage

Made from \`packages/conformance/src/rfc/statements.ts\`; do not edit (\`HANDCLASP_RFC_COVERAGE=write\` with its test
writes it). What RFC 5246, 5746, 7627, 5077, 7366 and 8422 demand, and of RFC 6066, 6960, 6962 and 7633 what concerns the
status of a certificate, in our words and grouped where one place obeys several sentences, with the code under
packages/core/src and a test under packages/core/test. A first pass: a row without a test may well have one that nobody
has named here yet.

${list.length} rows: ${count(({ code, test }) => code && test)} with code and a test of that name, ${count(({ code, test }) => code && !test)} with code and no test named yet, ${count(({ reason }) => reason)} with a reason why not or why not yet.

| RFC | demand | code, or why not | test |
|---|---|---|---|
${list.map(line).join("\n")}
`;
}
