/**
 * What we have beside the six, of what hellos say.
 * @module
 */
import { both, by, noDtls, not, ofClient, ofServer, type Rfc, rfc, tests } from "./statement.ts";

const { alpn, grease, resumed, resumedHostile, status, suite } = tests;
const serverName = "handshake/extensions/serverName.test.ts";
const fragments = "handshake/extensions/maxFragmentLength.test.ts";
const sizes = "handshake/extensions/recordSizeLimit.test.ts";
const padding = "handshake/extensions/padding.test.ts";
const fallback = "handshake/fallbackScsv.test.ts";

const rfc6066: Rfc = rfc(6066, "TLS Extensions: server_name, max_fragment_length, status_request", [
  [
    "3",
    "one host_name, in ASCII, without a dot at its end, and never an address",
    ofClient("handshake/extensions/serverName.ts#serverNameClient", [
      `${serverName}: server_name > is the host name without a trailing dot, and is in the server's session`,
      `${serverName}: server_name > is not sent for the address %s`,
    ]),
  ],
  [
    "3, 11.1",
    "a list has no two names of a type, and no length in it makes anybody read beyond it; a server skips types that it does not know",
    ofServer("handshake/extensions/serverName.ts#serverNameServer", [
      `${serverName}: server_name > with %s is decode_error`,
      `${serverName}: server_name > with %s is illegal_parameter`,
      `${serverName}: server_name > %s is skipped (RFC 6066 §3)`,
    ]),
  ],
  [
    "3",
    "a server answers where it used the name to choose a certificate, and the answer is empty",
    both({
      client: by(
        "handshake/extensions/serverName.ts#serverNameClient",
        `${serverName}: server_name > an answer with content is decode_error`,
      ),
      server: by(
        "handshake/extensions/serverName.ts#serverNameServer",
        `${serverName}: server_name > %s to a server %s is answered, empty, only if the name decided: %j`,
      ),
    }),
  ],
  [
    "3",
    "a name that the server does not know is unrecognized_name, fatal, or goes on",
    by("handshake/negotiate.ts#credentialsFor", [
      `${suite}: the server's certificate > SNI: without strictSni, an unknown name gets the first certificate`,
      `${suite}: the server's certificate > SNI: with strictSni, the default, an unknown name is unrecognized_name on both sides`,
    ]),
  ],
  [
    "3",
    "a session is not resumed under another name; its ServerHello does not answer server_name",
    both({
      client: by(
        ["handshake/resumption/binding.ts#clientBinding"],
        [`${resumed}: a session is not resumed > for another server name`],
      ),
      server: by(
        ["handshake/resumption/server.ts#checkOfferedSession", "handshake/extensions/serverName.ts#serverNameServer"],
        [
          `${resumedHostile}: a client that offers a session made for something else > for another server name`,
          `${resumed}: a session is resumed > without server_name in ServerHello (RFC 6066 §3)`,
        ],
      ),
    }),
  ],
  [
    "4",
    "one of four lengths; any other, and an answer that differs, is illegal_parameter",
    both({
      client: by(
        ["handshake/extensions/maxFragmentLength.ts#maxFragmentLengthClient"],
        [`${fragments}: max_fragment_length > the answer %i to 512 bytes is illegal_parameter`],
      ),
      server: by(
        ["handshake/extensions/maxFragmentLength.ts#maxFragmentLengthServer"],
        [`${fragments}: max_fragment_length > %i is illegal_parameter to a server`],
      ),
    }),
  ],
  [
    "4",
    "it holds from ServerHello on, either way; a longer record is record_overflow, before it is decrypted; it stays with the session",
    by(
      ["record/reader.ts#RecordReader.limit", "record/writer.ts#RecordWriter.limit"],
      [
        `${tests.reader}: negotiated limits > max_fragment_length applies to every later record (RFC 6066 §4)`,
        `${tests.writer}: negotiated limits > max_fragment_length applies to every later record (RFC 6066 §4)`,
        `${fragments}: max_fragment_length > a longer record after ServerHello is record_overflow`,
        `${resumed}: a session is resumed > with its max_fragment_length; record_size_limit and encrypt_then_mac are negotiated again`,
      ],
    ),
  ],
  ["5, 6, 7", "client_certificate_url, trusted_ca_keys, truncated_hmac", not("we have none of them")],
  [
    "8",
    "the server's answer to status_request is empty, and given only where it was asked",
    both({
      client: by(
        ["handshake/extensions/statusRequest.ts#statusRequestClient"],
        [
          `${status}: status_request and signed_certificate_timestamp in a hello > a client refuses extension %i with the malformed answer 0x%s`,
        ],
      ),
      server: by(
        ["handshake/extensions/statusRequest.ts#staple"],
        [`${status}: an OCSP response > is not sent if the client does not request it, or the server has none`],
      ),
    }),
  ],
  [
    "8",
    "CertificateStatus comes right behind Certificate, and only where both hellos have status_request",
    both({
      client: by(
        ["handshake/client.ts#clientHandshake"],
        [
          `${status}: CertificateStatus on the wire > is unexpected if the client did not request it`,
          `${status}: CertificateStatus on the wire > is accepted only once, and only after Certificate`,
        ],
      ),
      server: by(
        ["handshake/server.ts#serverHandshake"],
        [`${status}: an OCSP response > follows Certificate if the client requests it and the server has one`],
      ),
    }),
  ],
  [
    "8",
    "a client checks the response, and one that is not satisfactory is a fatal bad_certificate_status_response",
    by(
      "x509/ocsp.ts#verifyOcspResponse",
      `${status}: an OCSP response > %s: the client refuses it before it sends anything else`,
    ),
  ],
  [
    "9",
    "the new alerts go only to who sent an extended hello",
    ofServer(
      ["handshake/negotiate.ts#credentialsFor", "handshake/extensions/extension.ts#readOffer"],
      `${suite}: the server's certificate > SNI: with strictSni, the default, an unknown name is unrecognized_name on both sides`,
    ),
  ],
]);

const rfc7301: Rfc = rfc(7301, "Application-Layer Protocol Negotiation", [
  [
    "3.1",
    "a list has no empty name; the answer has exactly one, of those that were offered",
    both({
      client: by(
        ["handshake/extensions/alpn.ts#alpnClient"],
        [
          `${alpn}: application_layer_protocol_negotiation > an answer of %s is refused (RFC 7301 §3.1)`,
          `${alpn}: application_layer_protocol_negotiation > the protocol %j is a configuration error`,
        ],
      ),
      server: by(
        ["handshake/extensions/alpn.ts#alpnServer"],
        [`${alpn}: application_layer_protocol_negotiation > an offer of %s is decode_error`],
      ),
    }),
  ],
  [
    "3.2",
    "the server takes its most preferred that the client offers; none in common is a fatal no_application_protocol",
    ofServer("handshake/extensions/alpn.ts#alpnServer", [
      `${suite}: agreement > ALPN: the server's first protocol that the client offers is agreed`,
      `${suite}: agreement > ALPN: no common protocol is no_application_protocol on both sides`,
      `${suite}: agreement > ALPN: with requireAlpn, no common protocol or no offer is no_application_protocol on both sides`,
    ]),
  ],
  [
    "3.2",
    "what ServerHello says holds for the connection, and not for the session: a resumed one agrees anew",
    by(
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
    "a server that speaks more than client_version says answers the SCSV with a fatal inappropriate_fallback; else it changes nothing",
    by("handshake/negotiate.ts#checkHello", [
      `${fallback}: TLS_FALLBACK_SCSV > with fallbackScsv %s, a ClientHello of TLS 1.1 is refused with %s (RFC 7507 §3)`,
      `${fallback}: TLS_FALLBACK_SCSV > changes nothing in TLS 1.2, our highest version, and is sent after the suites`,
    ]),
  ],
  [
    "4",
    "a client that tries again with less sends it, behind its suites; none that resumes a session does, nor one whose best this is",
    by("handshake/client.ts#offer", [
      `${fallback}: TLS_FALLBACK_SCSV > is not sent without the option`,
      `${fallback}: TLS_FALLBACK_SCSV > changes nothing in TLS 1.2, our highest version, and is sent after the suites`,
      `${fallback}: TLS_FALLBACK_SCSV > is not sent with a session that is to be resumed (RFC 7507 §4)`,
    ]),
  ],
  ["4", "the same in DTLS", noDtls],
]);

const rfc7685: Rfc = rfc(7685, "ClientHello Padding", [
  [
    "3",
    "the padding is zeros; a server does not answer it",
    by("handshake/extensions/padding.ts#padded", [
      `${padding}: padding > a ClientHello of %i bytes becomes one of %i (RFC 7685 §4)`,
      `${padding}: padding > an answer is unsupported_extension`,
    ]),
  ],
]);

const rfc8449: Rfc = rfc(8449, "Record Size Limit Extension", [
  [
    "4",
    "at least 64, and less is illegal_parameter; more than the version has is illegal_parameter in an answer, and not in an offer",
    both({
      client: by(
        ["handshake/extensions/recordSizeLimit.ts#recordSizeLimitClient"],
        [
          `${sizes}: record_size_limit > %i is illegal_parameter to either side`,
          `${sizes}: record_size_limit > a limit above TLS 1.2's maximum: a server takes it for a later version's, a client refuses it`,
        ],
      ),
      server: by(
        ["handshake/extensions/recordSizeLimit.ts#recordSizeLimitServer"],
        [
          `${sizes}: record_size_limit > %i is illegal_parameter to either side`,
          `${sizes}: record_size_limit > a limit above TLS 1.2's maximum: a server takes it for a later version's, a client refuses it`,
        ],
      ),
    }),
  ],
  [
    "4",
    "it is of the plaintext of protected records, each way its own; a longer one is record_overflow; it is said anew where a session is resumed",
    by(
      ["record/reader.ts#RecordReader.limit", "record/writer.ts#RecordWriter.limit"],
      [
        `${tests.reader}: negotiated limits > record_size_limit applies only to protected records (RFC 8449 §4)`,
        `${tests.writer}: negotiated limits > record_size_limit applies only to protected records (RFC 8449 §4)`,
        `${resumed}: a session is resumed > with its max_fragment_length; record_size_limit and encrypt_then_mac are negotiated again`,
      ],
    ),
  ],
  [
    "5",
    "a server that answers it ignores max_fragment_length; a client that gets both answers ends with illegal_parameter",
    both({
      client: by(
        [
          "handshake/extensions/maxFragmentLength.ts#maxFragmentLengthClient",
          "handshake/extensions/recordSizeLimit.ts#recordSizeLimitClient",
        ],
        [`${sizes}: record_size_limit > an answer with both, max_fragment_length %s it, is illegal_parameter`],
      ),
      server: by(
        ["handshake/extensions/maxFragmentLength.ts#maxFragmentLengthServer"],
        [`${sizes}: record_size_limit > a server ignores max_fragment_length if both are offered (RFC 8449 §5)`],
      ),
    }),
  ],
]);

const rfc8701: Rfc = rfc(8701, "GREASE", [
  [
    "3.1",
    "a client refuses each GREASE value that a server chooses: a suite, an extension, a group, a scheme",
    ofClient("handshake/client.ts#agree", [
      `${grease}: GREASE that the client sends > a client refuses a server that chooses a GREASE suite or extension`,
      `${grease}: GREASE that the client sends > a client refuses a server that chooses it as %s`,
    ]),
  ],
  [
    "3.2",
    "a server treats GREASE as any unknown value: it is ignored, and never chosen",
    by("handshake/extensions/extension.ts#readOffer", [
      `${grease}: a peer's GREASE is ignored > suites`,
      `${grease}: a peer's GREASE is ignored > extensions`,
      `${grease}: a peer's GREASE is ignored > groups`,
    ]),
  ],
  ["4.1", "a server refuses GREASE of its own that a client chooses", not("our server sends none")],
  [
    "4.2",
    "a client treats GREASE in CertificateRequest as any unknown value",
    by(
      "handshake/client.ts#chooseCredential",
      `${grease}: a peer's GREASE is ignored > in a server's CertificateRequest`,
    ),
  ],
  [
    "5",
    "values are random, and no extension stands twice",
    by("handshake/grease.ts#grease", [
      `${grease}: GREASE that the client sends > differs from hello to hello`,
      `${grease}: GREASE that the client sends > with random bytes 0x%x, no extension occurs twice`,
    ]),
  ],
  [
    "7",
    "who fails with GREASE does not try again without",
    not("connect never tries again by itself; what `grease` is, the user says"),
  ],
]);

/** In the order of their numbers. */
export const hellos: readonly Rfc[] = [rfc6066, rfc7301, rfc7507, rfc7685, rfc8449, rfc8701];
