/**
 * The RFCs on further extensions and values in ClientHello and ServerHello.
 * @module
 */
import {
  bothRoles,
  clientOnly,
  doesNotApply,
  noDtls,
  obeyedBy,
  type Rfc,
  rfc,
  serverOnly,
  tests,
} from "./statement.ts";

const { alpn, grease, resumed, resumedHostile, status, suite } = tests;
const serverName = "handshake/extensions/serverName.test.ts";
const fragments = "handshake/extensions/maxFragmentLength.test.ts";
const sizes = "handshake/extensions/recordSizeLimit.test.ts";
const padding = "handshake/extensions/padding.test.ts";
const fallback = "handshake/fallbackScsv.test.ts";

const rfc6066: Rfc = rfc(6066, "TLS Extensions: server_name, max_fragment_length, status_request", [
  [
    "3",
    "A client sends one host_name, in ASCII and without a trailing dot, and never an IP address.",
    clientOnly("handshake/extensions/serverName.ts#serverNameClient", [
      `${serverName}: server_name > is the host name without a trailing dot, and is in the server's session`,
      `${serverName}: server_name > is not sent for the address %s`,
    ]),
  ],
  [
    "3, 11.1",
    "A server refuses a list with two names of one type or with a length beyond its data. It skips name types " +
      "that it does not know.",
    serverOnly("handshake/extensions/serverName.ts#serverNameServer", [
      `${serverName}: server_name > with %s is decode_error`,
      `${serverName}: server_name > with %s is illegal_parameter`,
      `${serverName}: server_name > %s is skipped (RFC 6066 §3)`,
    ]),
  ],
  [
    "3",
    "A server answers server_name if it used the name to choose a certificate. The client accepts only an empty " +
      "answer.",
    bothRoles({
      client: obeyedBy(
        "handshake/extensions/serverName.ts#serverNameClient",
        `${serverName}: server_name > an answer with content is decode_error`,
      ),
      server: obeyedBy(
        "handshake/extensions/serverName.ts#serverNameServer",
        `${serverName}: server_name > the name %s to a server %s is answered with an empty extension only if the server used it: %j`,
      ),
    }),
  ],
  [
    "3",
    "If a server does not know the name, it either sends a fatal unrecognized_name or continues.",
    obeyedBy("handshake/negotiate.ts#credentialsFor", [
      `${suite}: the server's certificate > SNI: without strictSni, an unknown name gets the first certificate`,
      `${suite}: the server's certificate > SNI: with strictSni, the default, both sides fail with unrecognized_name for an unknown name`,
    ]),
  ],
  [
    "3",
    "The client and the server do not resume a session under another name. The ServerHello of a resumption does " +
      "not answer server_name.",
    bothRoles({
      client: obeyedBy(
        ["handshake/resumption/binding.ts#clientBinding"],
        [`${resumed}: a session is not resumed > for another server name`],
      ),
      server: obeyedBy(
        ["handshake/resumption/server.ts#checkOfferedSession", "handshake/extensions/serverName.ts#serverNameServer"],
        [
          `${resumedHostile}: a client that offers a session made with other parameters > for another server name`,
          `${resumed}: a session is resumed > without server_name in ServerHello (RFC 6066 §3)`,
        ],
      ),
    }),
  ],
  [
    "4",
    "The client offers one of four lengths. The server refuses any other length with illegal_parameter, and the " +
      "client refuses an answer that differs from its offer.",
    bothRoles({
      client: obeyedBy(
        ["handshake/extensions/maxFragmentLength.ts#maxFragmentLengthClient"],
        [`${fragments}: max_fragment_length > the code %i as the answer to 512 bytes is illegal_parameter`],
      ),
      server: obeyedBy(
        ["handshake/extensions/maxFragmentLength.ts#maxFragmentLengthServer"],
        [`${fragments}: max_fragment_length > the code %i in ClientHello is illegal_parameter`],
      ),
    }),
  ],
  [
    "4",
    "The limit applies in both directions to each record after ServerHello. A longer record causes record_overflow " +
      "before decryption. A resumed session keeps the limit.",
    obeyedBy(
      ["record/reader.ts#RecordReader.setLimit", "record/writer.ts#RecordWriter.setLimit"],
      [
        `${tests.reader}: negotiated limits > max_fragment_length applies to every later record (RFC 6066 §4)`,
        `${tests.writer}: negotiated limits > max_fragment_length applies to every later record (RFC 6066 §4)`,
        `${fragments}: max_fragment_length > a record after ServerHello that exceeds the limit is record_overflow`,
        `${resumed}: a session is resumed > with its max_fragment_length; record_size_limit may change; encrypt_then_mac is negotiated again`,
      ],
    ),
  ],
  [
    "5, 6, 7",
    "A client may send client_certificate_url, trusted_ca_keys and truncated_hmac, and a server may answer them.",
    doesNotApply("We support none of these extensions."),
  ],
  [
    "8",
    "The server's answer to status_request is empty. A server answers only if the client offered the extension.",
    bothRoles({
      client: obeyedBy(
        ["handshake/extensions/statusRequest.ts#statusRequestClient"],
        [
          `${status}: status_request and signed_certificate_timestamp in a hello > a client refuses extension %i with the malformed answer 0x%s`,
        ],
      ),
      server: obeyedBy(
        ["handshake/extensions/statusRequest.ts#ocspResponseFor"],
        [`${status}: an OCSP response > is not sent if the client does not request it, or the server has none`],
      ),
    }),
  ],
  [
    "8",
    "The server sends CertificateStatus directly after Certificate, and only if the hellos of client and server " +
      "have status_request.",
    bothRoles({
      client: obeyedBy(
        ["handshake/client.ts#clientHandshake"],
        [
          `${status}: CertificateStatus on the wire > is unexpected if the client did not request it`,
          `${status}: CertificateStatus on the wire > is accepted only once, and only after Certificate`,
        ],
      ),
      server: obeyedBy(
        ["handshake/server.ts#serverHandshake"],
        [`${status}: an OCSP response > follows Certificate if the client requests it and the server has one`],
      ),
    }),
  ],
  [
    "8",
    "A client verifies the OCSP response. If the response is not satisfactory, the client sends a fatal " +
      "bad_certificate_status_response.",
    obeyedBy(
      "x509/ocsp.ts#verifyOcspResponse",
      `${status}: an OCSP response > %s: the client refuses the handshake with an alert`,
    ),
  ],
  [
    "9",
    "A server sends the new alerts only to a client that sent an extended hello.",
    serverOnly(
      ["handshake/negotiate.ts#credentialsFor", "handshake/extensions/extension.ts#readOffer"],
      `${suite}: the server's certificate > SNI: with strictSni, the default, both sides fail with unrecognized_name for an unknown name`,
    ),
  ],
]);

const rfc7301: Rfc = rfc(7301, "Application-Layer Protocol Negotiation", [
  [
    "3.1",
    "Neither the client's list nor the server's answer contains an empty name. The answer contains exactly one name, " +
      "which the client offered.",
    bothRoles({
      client: obeyedBy(
        ["handshake/extensions/alpn.ts#alpnClient"],
        [
          `${alpn}: application_layer_protocol_negotiation > an answer of %s is refused (RFC 7301 §3.1)`,
          `${alpn}: application_layer_protocol_negotiation > the protocol %j is a configuration error`,
        ],
      ),
      server: obeyedBy(
        ["handshake/extensions/alpn.ts#alpnServer"],
        [`${alpn}: application_layer_protocol_negotiation > an offer of %s is decode_error`],
      ),
    }),
  ],
  [
    "3.2",
    "The server chooses its most preferred protocol that the client offers. If they have no protocol in common, the " +
      "server sends a fatal no_application_protocol.",
    serverOnly("handshake/extensions/alpn.ts#alpnServer", [
      `${suite}: agreement > ALPN: the server's first protocol that the client offers is agreed`,
      `${suite}: agreement > ALPN: without a common protocol, both sides fail with no_application_protocol`,
      `${suite}: agreement > ALPN: with requireAlpn and no common protocol or offer, both sides fail with no_application_protocol`,
    ]),
  ],
  [
    "3.2",
    "The protocol belongs to the connection, not to the session. A resumed handshake negotiates it again.",
    obeyedBy(
      ["handshake/session.ts#sessionOf", "handshake/resumption/binding.ts#digest"],
      [
        `${suite}: agreement > ALPN: the server's first protocol that the client offers is agreed`,
        `${resumed}: a session is resumed > with %s: ALPN is negotiated again`,
        `${resumed}: a session is resumed > but the handshake fails if there is no protocol in common`,
      ],
    ),
  ],
]);

const rfc7507: Rfc = rfc(7507, "TLS Fallback Signaling Cipher Suite Value", [
  [
    "3",
    "A server that supports a higher version than client_version answers the SCSV with a fatal " +
      "inappropriate_fallback. Otherwise the SCSV has no effect.",
    obeyedBy("handshake/negotiate.ts#checkHello", [
      `${fallback}: TLS_FALLBACK_SCSV > with fallbackScsv %s, a ClientHello of TLS 1.1 is refused with %s (RFC 7507 §3)`,
      `${fallback}: TLS_FALLBACK_SCSV > is sent after the suites, and changes nothing if the server's highest version is TLS 1.2`,
    ]),
  ],
  [
    "4",
    "A client that retries with a lower version adds the SCSV after its suites. A client that resumes a " +
      "session, or offers its highest version, does not add it.",
    obeyedBy("handshake/client.ts#makeClientHello", [
      `${fallback}: TLS_FALLBACK_SCSV > is not sent without the option`,
      `${fallback}: TLS_FALLBACK_SCSV > is sent after the suites, and changes nothing if the server's highest version is TLS 1.2`,
      `${fallback}: TLS_FALLBACK_SCSV > is not sent with a session that is to be resumed (RFC 7507 §4)`,
    ]),
  ],
  ["4", "The same rules apply to DTLS.", noDtls],
]);

const rfc7685: Rfc = rfc(7685, "ClientHello Padding", [
  [
    "3",
    "The padding consists of zero bytes, and a server does not answer the extension.",
    obeyedBy("handshake/extensions/padding.ts#addPadding", [
      `${padding}: padding > a ClientHello of %i bytes becomes one of %i (RFC 7685 §4)`,
      `${padding}: padding > an answer is unsupported_extension`,
    ]),
  ],
]);

const rfc8449: Rfc = rfc(8449, "Record Size Limit Extension", [
  [
    "4",
    "A limit below 64 bytes causes illegal_parameter. A limit above the maximum of the version causes " +
      "illegal_parameter in the server's answer, but is permitted in the client's offer.",
    bothRoles({
      client: obeyedBy(
        ["handshake/extensions/recordSizeLimit.ts#recordSizeLimitClient"],
        [
          `${sizes}: record_size_limit > the limit %i is illegal_parameter to either side`,
          `${sizes}: record_size_limit > a limit that only later versions of TLS allow is accepted by a server, and refused by a client`,
        ],
      ),
      server: obeyedBy(
        ["handshake/extensions/recordSizeLimit.ts#recordSizeLimitServer"],
        [
          `${sizes}: record_size_limit > the limit %i is illegal_parameter to either side`,
          `${sizes}: record_size_limit > a limit that only later versions of TLS allow is accepted by a server, and refused by a client`,
        ],
      ),
    }),
  ],
  [
    "4",
    "Each direction has its own limit, for the plaintext of protected records. A longer plaintext causes " +
      "record_overflow. A resumed handshake negotiates the limits again.",
    obeyedBy(
      ["record/reader.ts#RecordReader.setLimit", "record/writer.ts#RecordWriter.setLimit"],
      [
        `${tests.reader}: negotiated limits > record_size_limit applies only to protected records (RFC 8449 §4)`,
        `${tests.writer}: negotiated limits > record_size_limit applies only to protected records (RFC 8449 §4)`,
        `${resumed}: a session is resumed > with its max_fragment_length; record_size_limit may change; encrypt_then_mac is negotiated again`,
      ],
    ),
  ],
  [
    "5",
    "A server that answers record_size_limit ignores max_fragment_length. A client that receives both answers " +
      "sends a fatal illegal_parameter.",
    bothRoles({
      client: obeyedBy(
        [
          "handshake/extensions/maxFragmentLength.ts#maxFragmentLengthClient",
          "handshake/extensions/recordSizeLimit.ts#recordSizeLimitClient",
        ],
        [
          `${sizes}: record_size_limit > a ServerHello with max_fragment_length %s record_size_limit is illegal_parameter`,
        ],
      ),
      server: obeyedBy(
        ["handshake/extensions/maxFragmentLength.ts#maxFragmentLengthServer"],
        [`${sizes}: record_size_limit > a server ignores max_fragment_length if both are offered (RFC 8449 §5)`],
      ),
    }),
  ],
]);

const rfc8701: Rfc = rfc(8701, "GREASE", [
  [
    "3.1",
    "A client refuses each GREASE value that a server chooses: a suite, an extension, a group or a scheme.",
    clientOnly("handshake/client.ts#checkServerHello", [
      `${grease}: GREASE that the client sends > a client refuses a server that chooses a GREASE suite or extension`,
      `${grease}: GREASE that the client sends > a client refuses a server that chooses a GREASE value as %s`,
    ]),
  ],
  [
    "3.2",
    "A server treats a GREASE value as any unknown value: it ignores the value and never chooses it.",
    obeyedBy("handshake/extensions/extension.ts#readOffer", [
      `${grease}: a peer's GREASE is ignored > suites`,
      `${grease}: a peer's GREASE is ignored > extensions`,
      `${grease}: a peer's GREASE is ignored > groups`,
    ]),
  ],
  [
    "4.1",
    "A server refuses a GREASE value of its own that a client chooses.",
    doesNotApply("Our server sends no GREASE."),
  ],
  [
    "4.2",
    "A client treats a GREASE value in CertificateRequest as any unknown value.",
    obeyedBy(
      "handshake/client.ts#chooseCredential",
      `${grease}: a peer's GREASE is ignored > in a server's CertificateRequest`,
    ),
  ],
  [
    "5",
    "The sender chooses the values at random, and sends no extension twice.",
    obeyedBy("handshake/grease.ts#grease", [
      `${grease}: GREASE that the client sends > differs from hello to hello`,
      `${grease}: GREASE that the client sends > with random bytes of %i, no extension occurs twice`,
    ]),
  ],
  [
    "7",
    "A client whose handshake fails because of GREASE does not retry without it.",
    doesNotApply("`connect` never retries by itself, and the user sets `grease`."),
  ],
]);

/** Sorted by number. */
export const helloExtensions: readonly Rfc[] = [rfc6066, rfc7301, rfc7507, rfc7685, rfc8449, rfc8701];
