/**
 * RFC 5246, TLS 1.2.
 * @module
 */
import {
  both,
  by,
  noAnonymous,
  noCompression,
  noSsl,
  not,
  ofClient,
  ofServer,
  otherwise,
  type Rfc,
  rfc,
  tests,
  untested,
} from "./statement.ts";

const {
  cbc,
  dhe,
  established,
  grease,
  hello,
  keyExchange,
  keyUsage,
  order,
  reader,
  resumed,
  resumedHostile,
  rsa,
  suite,
  writer,
} = tests;

export const rfc5246: Rfc = rfc(5246, "The Transport Layer Security (TLS) Protocol Version 1.2", [
  [
    "4.7",
    "DigestInfo is DER, its parameters are NULL; absent ones are accepted too",
    by(
      "crypto/rsa.ts#verifyPkcs1",
      `${rsa}: PKCS#1 v1.5 with forged blocks > accepts the correct block, with and without NULL (RFC 5246 §4.7)`,
    ),
  ],
  [
    "5",
    "a suite names its PRF, with SHA-256 or better",
    by("crypto/prf.ts#prf", [
      "crypto/prf.test.ts: prf > gives the published output with $name",
      "crypto/prf.test.ts: ACVP",
    ]),
  ],
  [
    "6",
    "no record type is sent that is not defined",
    by("record/writer.ts#RecordWriter.send", `${suite}: the trace > is complete and in order on both sides`),
  ],
  [
    "6",
    "an unexpected record type is answered with unexpected_message",
    by(
      ["record/reader.ts#RecordReader.cut", "engine/established.ts#EstablishedConnection.receive"],
      [`${reader}: a reader refuses > a record of type %i`, `${established}: limits > ChangeCipherSpec is refused`],
    ),
  ],
  [
    "6.1",
    "the state changes with each record; numbers begin at 0 with each state and rise by one",
    by("record/protection.ts#Counter", [
      `${reader}: a reader refuses > a record that is repeated, reordered, or has another type`,
      `${suite}: the trace > is complete and in order on both sides`,
    ]),
  ],
  [
    "6.1",
    "numbers do not wrap",
    by("record/protection.ts#Counter.take", "record/exhausted.test.ts: a key of $name at its limit of records"),
  ],
  [
    "6.2.1",
    "a fragment has at most 2^14 bytes",
    by(
      ["record/writer.ts#RecordWriter.limit", "record/reader.ts#RecordReader.cut"],
      [
        `${reader}: a reader refuses > plaintext of more than 2^14 bytes, after its header`,
        `${writer}: fragments > have at most %i bytes, and a reader joins them again`,
      ],
    ),
  ],
  [
    "6.2.1",
    "messages of one type may share a record, and one may be spread over several: alerts too, but not over a change of keys",
    by(
      [
        "handshake/handshakeReader.ts#HandshakeReader",
        "handshake/alerts.ts#Alerts.take",
        "handshake/peer.ts#Peer.expectChangeCipherSpec",
      ],
      [
        `${order}: fragmented messages > the handshake succeeds`,
        `${order}: fragmented alerts (RFC 5246 §6.2.1) > an alert in two records, and several alerts in one record, are read`,
        `${order}: fragmented alerts (RFC 5246 §6.2.1) > half an alert before the %s is refused: the rest would be encrypted with other keys`,
        `${established}: limits > a peer with records of one byte closes in order (RFC 5246 §6.2.1)`,
      ],
    ),
  ],
  [
    "6.2.1",
    "no empty fragments of handshake, alert or ChangeCipherSpec",
    by(
      ["record/reader.ts#RecordReader.countEmpty", "handshake/peer.ts#Peer.expectChangeCipherSpec"],
      [
        "record/flood.test.ts: an empty handshake record is refused",
        `${order}: ChangeCipherSpec > with the content %j is refused`,
        `${order}: alerts during a handshake > the malformed alert %j is refused with %s`,
        `${suite}: one handshake message over many records`,
      ],
    ),
  ],
  [
    "6.2.1",
    "records go out in the order in which they were protected",
    by(
      "record/writer.ts#RecordWriter.take",
      `${writer}: promises that settle out of order > do not change the order in which records are sent and traced`,
    ),
  ],
  [
    "6.2.1",
    "application data between the messages of a later handshake is processed",
    not("there is no later handshake; data in the midst of a message that asks for one is refused"),
  ],
  [
    "6.2.2",
    "what decompresses to more than 2^14 bytes is a fatal decompression_failure; compressed it has at most 2^14 + 1024",
    noCompression,
  ],
  [
    "6.2.3",
    "ciphertext has at most 2^14 + 2048 bytes",
    by(
      "record/reader.ts#RecordReader.cut",
      `${reader}: a reader refuses > ciphertext of more than 2^14 + 2048 bytes, after its header`,
    ),
  ],
  [
    "6.2.3.2",
    "the IV of a CBC record is random, and cannot be predicted",
    by("record/cbc.ts#encrypt", `${cbc}: opens the records that it seals, each with a fresh IV`),
  ],
  [
    "6.2.3.2",
    "each byte of padding is the padding's length, and the whole is a multiple of the block",
    by("record/cbc.ts#encrypt", `${cbc}: opens the records that it seals, each with a fresh IV`),
  ],
  [
    "6.2.3.2",
    "padding is checked, and wrong padding is bad_record_mac",
    by("record/cbc.ts#paddingMask", [
      `${cbc}: bytes: opens every padding, and each fault gives the same error after as many compressions`,
      `${cbc}: gives the same error for ciphertext that is not whole blocks, or too short for a MAC`,
    ]),
  ],
  [
    "6.2.3.2",
    "the time does not tell whether padding was right",
    by("record/cbc.ts#MacThenEncrypt", [
      `${cbc}: refuses wrong padding without a matching MAC after as many compressions`,
      `${cbc}: bytes: opens every padding, and each fault gives the same error after as many compressions`,
    ]),
  ],
  [
    "6.2.3.3",
    "an AEAD's suite says how its nonce is made, and it adds at most 1024 bytes",
    by("record/aead.ts#AeadProtection", [
      `${tests.suites}: the cipher suites > have nonces of 12 bytes, and add no more than 1024 bytes (RFC 5246 §6.2.3.3)`,
      "handshake/golden.test.ts: golden transcripts: the bytes do not change (HANDCLASP_UPDATE_GOLDEN=1 rewrites them)",
    ]),
  ],
  [
    "6.2.3.3",
    "an AEAD record that does not open is a fatal bad_record_mac",
    by("record/aead.ts#requireAuthentic", [
      `${reader}: a reader refuses > a record with any bit altered`,
      `${suite}: the end > an altered record is bad_record_mac on both sides`,
    ]),
  ],
  [
    "6.3",
    "the key block is cut into the keys in the order given, and never used beyond",
    by(
      "crypto/keySchedule.ts#keyBlock",
      "crypto/prf.test.ts: keyBlock > divides the block for %s in the order of RFC 5246 §6.3",
    ),
  ],
  [
    "7.1",
    "the new write state is used at once behind our ChangeCipherSpec, the new read state behind the peer's",
    by(
      ["handshake/peer.ts#Peer.sendChangeCipherSpec", "handshake/peer.ts#Peer.expectChangeCipherSpec"],
      [
        `${order}: ChangeCipherSpec > must not be followed by a plaintext record`,
        `${order}: ChangeCipherSpec > is refused after a fragment of a message`,
      ],
    ),
  ],
  [
    "7.2, 7.2.2",
    "a session whose connection ended with a fatal alert is not resumed; its identifier, keys and secrets are forgotten",
    both({
      client: by(
        ["connection/connection.ts#TlsConnection.finish", "handshake/resumption/client.ts#sessionsIn"],
        [
          `${resumedHostile}: a session ends with a fatal alert (RFC 5246 §7.2.2) > that either side sends: neither side resumes it`,
          `${tests.exporter}: exported keying material > keeps a copy of the master secret, and wipes it`,
        ],
      ),
      server: by(
        ["connection/connection.ts#TlsConnection.finish", "handshake/resumption/server.ts#cacheSession"],
        [
          `${resumedHostile}: a session ends with a fatal alert (RFC 5246 §7.2.2) > that either side sends: neither side resumes it`,
          `${tests.exporter}: exported keying material > keeps a copy of the master secret, and wipes it`,
        ],
      ),
    }),
  ],
  [
    "7.2, 7.2.2",
    "and so the server takes no ticket of such a session",
    otherwise(
      "a server without state cannot know it (RFC 5077 §5.1 allows that): our client forgets the ticket, another's may come back with it, for as long as it lives",
      "handshake/resumption/tickets.ts#Tickets",
    ),
  ],
  [
    "7.2",
    "a fatal alert ends the connection at once",
    by(
      "handshake/alerts.ts#Alerts.take",
      `${order}: alerts during a handshake > a fatal alert ends the handshake, known or not`,
    ),
  ],
  [
    "7.2.1",
    "close_notify is sent before our side is closed; what comes behind the peer's is ignored; its absence is a truncation",
    by(
      ["engine/engine.ts#Engine.close", "engine/engine.ts#Engine.receive", "engine/engine.ts#Engine.receiveEnd"],
      [
        `${suite}: the end > the client closes first`,
        `${established}: limits > data after close_notify is ignored (RFC 5246 §7.2.1)`,
        `${suite}: the end > a transport that ends without close_notify is a truncation, for reads and for closed`,
      ],
    ),
  ],
  [
    "7.2.1",
    "the peer's close_notify is answered with our own at once, and pending writes are discarded",
    otherwise(
      "it is answered, but behind what was written already: RFC 8446 §6.1 has made that the rule (docs/adr/0002)",
      "connection/connection.ts#TlsConnection.closeWhenIdle",
      [
        `${suite}: the end > half-close: bytes that the other side still sends arrive`,
        `${suite}: the end > the server closes first`,
      ],
    ),
  ],
  [
    "7.2.2",
    "a fatal condition is told with its alert before the connection is closed, and then at the fatal level",
    by("engine/engine.ts#Engine.abort", [
      `${established}: renegotiation > %s is refused with a warning, and the fourth is fatal`,
      "handshake/byteflip.test.ts: $name, with a client certificate: a byte flipped in transit",
      `${suite}: the end > an altered record is bad_record_mac on both sides`,
    ]),
  ],
  [
    "7.2.2",
    "bad_record_mac is the alert for whatever is wrong with ciphertext, block length and padding included",
    by(
      "record/protection.ts#badRecord",
      `${cbc}: gives the same error for ciphertext that is not whole blocks, or too short for a MAC`,
    ),
  ],
  [
    "7.2.2",
    "decryption_failed, no_certificate and export_restriction are never sent",
    by(
      ["errors.ts#alertDescriptions", "connection/connection.ts#TlsConnection.abort"],
      "errors.test.ts: the reserved alerts are known by name, and never sent (RFC 5246 §7.2.2)",
    ),
  ],
  [
    "7.2.2",
    "who does not go on after a warning ends the connection with a fatal alert",
    by("handshake/alerts.ts#Alerts.take", `${established}: limits > four warnings in a row are accepted, five are not`),
  ],
  [
    "7.3",
    "the premaster secret is long: 46 bytes of random and more",
    by("handshake/keyExchange/rsa.ts#rsa", `${rsa}: encrypt > encrypts a premaster secret that unpadPremaster returns`),
  ],
  [
    "7.3",
    "asked for a certificate, the client sends Certificate",
    by(
      "handshake/client.ts#clientHandshake",
      `${suite}: the client's certificate > request: a client without a certificate connects`,
    ),
  ],
  [
    "7.3",
    "no application data before the first handshake is complete, neither sent nor taken",
    by(
      ["engine/engine.ts#Engine.write", "handshake/peer.ts#Peer.expect"],
      [
        `${established}: limits > data written before the handshake is done waits for it (RFC 5246 §7.3)`,
        `${order}: application data during a handshake > before %s is refused`,
      ],
    ),
  ],
  [
    "7.3",
    "both sides send ChangeCipherSpec and then at once Finished; figure 2 the server first",
    both({
      client: by(
        ["handshake/client.ts#clientHandshake", "handshake/resumption/client.ts#sessionsIn"],
        [
          `${order}: a message left out > %s`,
          `${order}: a resumed handshake > succeeds unaltered, in the order of RFC 5246 figure 2`,
        ],
      ),
      server: by(
        ["handshake/server.ts#serverHandshake", "handshake/resumption/server.ts#resumeSession"],
        [
          `${order}: a message left out > %s`,
          `${order}: a resumed handshake > succeeds unaltered, in the order of RFC 5246 figure 2`,
          `${resumed}: a session is resumed > by ticket: without certificate and key exchange, and the server's Finished comes first`,
        ],
      ),
    }),
  ],
  [
    "7.4",
    "messages come in the order of the figures; any other order is fatal",
    by("handshake/peer.ts#Peer.expect", [
      `${order}: a message left out > %s`,
      `${order}: a message sent twice > %s`,
      `${order}: two messages in the wrong order > %s after %s is refused`,
      `${order}: a resumed handshake > fails without %s`,
    ]),
  ],
  [
    "7.4, 7.4.1.1",
    "a client ignores a HelloRequest in the midst of a handshake, and it is no part of the hashes",
    by("handshake/peer.ts#Peer.skipHelloRequest", [
      `${order}: HelloRequest during a handshake > before %s is skipped, and not in the transcript`,
      `${order}: HelloRequest during a handshake > is skipped up to four times, and the fifth is refused`,
    ]),
  ],
  ["7.4.1.1", "a server does not send HelloRequest at once, nor again and again", not("our server never sends one")],
  [
    "7.4.1.2",
    "client_version is the highest that the client speaks",
    by(
      "handshake/client.ts#offer",
      `${hello}: ClientHello > offers TLS 1.2 and no compression, without a session, and with new random bytes each time`,
    ),
  ],
  [
    "7.4.1.2",
    "session identifiers hold nothing confidential, and a forged one does no harm",
    ofServer(
      ["handshake/resumption/server.ts#newSessionId", "handshake/resumption/server.ts#checkOfferedSession"],
      [
        `${resumedHostile}: a client that offers a session made for something else > %s: a full handshake`,
        `${resumedHostile}: a server that resumes wrongly > with an echoed session_id, and then sends a certificate`,
      ],
    ),
  ],
  [
    "7.4.1.2",
    "suites that the server does not know are ignored",
    by("handshake/negotiate.ts#choose", [
      `${hello}: ClientHello > may have unknown suites, which the server ignores`,
      `${grease}: a peer's GREASE is ignored > suites`,
    ]),
  ],
  [
    "7.4.1.2",
    "a client that resumes offers the session's suite and compression again",
    by(
      "handshake/resumption/client.ts#sessionsIn",
      `${resumed}: a session is not resumed > with a suite that the client no longer offers`,
    ),
  ],
  [
    "7.4.1.2",
    "the null compression method is offered, and supported by all",
    both({
      client: by(
        ["handshake/client.ts#offer"],
        [
          `${hello}: ClientHello > offers TLS 1.2 and no compression, without a session, and with new random bytes each time`,
        ],
      ),
      server: by(
        ["handshake/negotiate.ts#checkHello"],
        [
          `${hello}: ClientHello > is refused without the null compression method`,
          `${grease}: a peer's GREASE is ignored > compression methods`,
        ],
      ),
    }),
  ],
  [
    "7.4.1.2",
    "ClientHello with and without extensions is read; any other length is decode_error",
    by("wire/codec.ts#trailing", [
      `${hello}: ClientHello > is accepted without extensions if no signature is needed, and answered without extensions`,
      "wire/messages.test.ts: is a decode_error that names a field if it is truncated anywhere or has a byte too many",
    ]),
  ],
  [
    "7.4.1.3",
    "the server's random owes nothing to the client's",
    ofServer(
      "handshake/server.ts#serverHandshake",
      `${hello}: ServerHello > has random bytes that do not depend on the client's`,
    ),
  ],
  [
    "7.4.1.3",
    "what the server chooses was offered; a resumed session keeps its suite",
    ofClient(
      ["handshake/client.ts#agree", "handshake/resumption/client.ts#resumedAgreement"],
      [
        `${hello}: ServerHello > is refused with %s`,
        `${hello}: ServerHello > is refused with compression`,
        `${resumedHostile}: a server that resumes wrongly > with another suite`,
      ],
    ),
  ],
  [
    "7.4.1.3",
    "a client that asks to resume is ready for a full handshake",
    by("handshake/client.ts#clientHandshake", [
      `${resumedHostile}: a client that offers a session made for something else > %s: a full handshake`,
      `${resumed}: a session is resumed > with ticket keys that a function returns, until they change`,
    ]),
  ],
  [
    "7.4.1.4",
    "no extension is answered that was not offered; the client refuses one with unsupported_extension",
    by(
      ["handshake/extensions/extension.ts#answerExtensions", "handshake/extensions/extension.ts#acceptExtensions"],
      [
        `${tests.required}: an unknown extension > is refused by a client, which did not ask for it`,
        `${tests.etm}: encrypt_then_mac > is not sent to a client that did not offer it`,
        "handshake/extensions/maxFragmentLength.test.ts: max_fragment_length > an answer to a client that did not offer it is unsupported_extension",
      ],
    ),
  ],
  [
    "7.4.1.4",
    "no extension comes twice",
    by("handshake/extensions/extension.ts#byType", [
      `${tests.required}: an unknown extension > twice in the %s's hello is decode_error`,
      `${grease}: GREASE that the client sends > with random bytes 0x%x, no extension occurs twice`,
    ]),
  ],
  [
    "7.4.1.4",
    "a client that resumes sends the extensions that it would send otherwise",
    by(
      "handshake/extensions/extension.ts#offerExtensions",
      `${resumed}: a session is resumed > without server_name in ServerHello (RFC 6066 §3)`,
    ),
  ],
  [
    "7.4.1.4.1",
    "signature_algorithms is sent, without anonymous; servers read it and never answer it",
    both({
      client: by(
        ["handshake/extensions/signatureAlgorithms.ts#signatureAlgorithmsClient"],
        [
          `${hello}: ClientHello > has signature_algorithms, extended_master_secret and an empty renegotiation_info, but no SCSV`,
          `${hello}: ClientHello > offers no anonymous, MD5 or SHA-1 scheme`,
          `${hello}: ServerHello > never has signature_algorithms, and is refused with it`,
        ],
      ),
      server: by(
        [
          "handshake/extensions/signatureAlgorithms.ts#signatureAlgorithmsServer",
          "handshake/negotiate.ts#signingScheme",
        ],
        [
          `${hello}: ServerHello > never has signature_algorithms, and is refused with it`,
          `${suite}: the server's certificate > RSA and ECDSA: the server chooses a certificate that the client can verify`,
        ],
      ),
    }),
  ],
  [
    "7.4.1.4.1",
    "a client without signature_algorithms is taken to verify SHA-1",
    otherwise(
      "SHA-1 signatures are worth nothing any more: RFC 9155 §2 and §5 forbid them, and have such a handshake end",
      "handshake/extensions/signatureAlgorithms.ts#signatureAlgorithmsServer",
      `${hello}: ClientHello > is accepted without extensions if no signature is needed, and answered without extensions`,
    ),
  ],
  [
    "7.4.1.4.1",
    "clients that offer earlier versions do not send signature_algorithms",
    not("we offer TLS 1.2 alone (the RFC itself lets servers of earlier versions ignore it)"),
  ],
  [
    "7.4.2",
    "the server shows a certificate whenever the suite's key exchange has one",
    both({
      client: by(
        ["handshake/client.ts#verifyCertificate"],
        [`${order}: a message left out > %s`, `${order}: a server that sends an empty certificate list is refused`],
      ),
      server: by(
        ["handshake/server.ts#serverHandshake"],
        [`${suite}: the trace > is complete and in order on both sides`],
      ),
    }),
  ],
  [
    "7.4.2",
    "its key fits the suite, and may be used for what the suite does with it: keyEncipherment for RSA, digitalSignature for DHE and ECDHE",
    both({
      client: by(
        ["handshake/client.ts#verifyCertificate"],
        [
          `${keyUsage}: keyUsage of the server's certificate > must contain digitalSignature for ECDHE`,
          `${keyUsage}: keyUsage of the server's certificate > must contain keyEncipherment for RSA key exchange`,
          `${keyExchange}: the server's certificate > must have a key that fits the suite (RFC 5246 §7.4.2)`,
        ],
      ),
      server: by(
        ["handshake/negotiate.ts#canServe"],
        [
          "connection/credential.test.ts: a server's certificate is refused at configuration > if its keyUsage or its kind of key serves none of the suites",
        ],
      ),
    }),
  ],
  [
    "7.4.2",
    "the sender's certificate is first, and each next one certifies the one before",
    by("x509/chain.ts#readOwnChain", "x509/chain.test.ts: a chain of our own > must be in order and complete"),
  ],
  [
    "7.4.2, 7.4.6",
    "certificates are X.509v3",
    by("x509/path.ts#checkIssued", "x509/path.test.ts: a path that is valid > may have version 1 in its anchor only"),
  ],
  ["7.4.2", "certificates for static DH, static ECDH and DSS have their usages", noAnonymous],
  [
    "7.4.2",
    "all certificates that the server sends are signed with what the client's signature_algorithms has",
    otherwise(
      "the key's own scheme is chosen by it, the signatures above are not looked at: RFC 8446 §4.4.2.2 has the server send the chain it has, and the client decides",
      "handshake/negotiate.ts#signingScheme",
      `${suite}: the server's certificate > RSA and ECDSA: the server chooses a certificate that the client can verify`,
    ),
  ],
  [
    "7.4.2",
    "a server with one certificate checks at the start that it serves",
    by(
      "handshake/negotiate.ts#canServe",
      "connection/credential.test.ts: a server's certificate is refused at configuration > if its keyUsage or its kind of key serves none of the suites",
    ),
  ],
  [
    "7.4.3",
    "the scheme of ServerKeyExchange was offered and fits the key; suites are chosen with it in mind",
    both({
      client: by(
        ["handshake/client.ts#verifySignature"],
        [
          `${keyExchange}: the server's parameters > are refused if the signature scheme belongs to another kind of key`,
          `${grease}: GREASE that the client sends > a client refuses a server that chooses it as %s`,
        ],
      ),
      server: by(
        ["handshake/negotiate.ts#signingScheme"],
        [
          `${suite}: the server's certificate > RSA and ECDSA: the server chooses a certificate that the client can verify`,
        ],
      ),
    }),
  ],
  [
    "7.4.3",
    "the signature covers both randoms and the parameters, and is verified",
    both({
      client: by(
        ["handshake/client.ts#verifySignature"],
        [`${order}: signatures > in the server's key exchange, with %s altered, are refused by the client at once`],
      ),
      server: by(["handshake/server.ts#signParams"], [`${suite}: suite, certificate and group`]),
    }),
  ],
  [
    "7.4.4, 7.4.6",
    "the client's certificate has a key of one of certificate_types that one of the schemes can verify",
    by("handshake/client.ts#chooseCredential", [
      "connection/clientCredentials.test.ts: from a list of credentials > a client sends none if none fits or the server cannot verify its kind of key",
      "connection/clientCredentials.test.ts: a single credential > is not sent to a server that cannot verify its kind of key",
    ]),
  ],
  [
    "7.4.4, 7.4.6",
    "all certificates that the client sends are signed with what CertificateRequest has",
    otherwise(
      "as for the server's chain: the key's own scheme is chosen by it, the signatures above are the server's to judge (RFC 8446 §4.4.2.2, §4.4.2.3)",
      "handshake/client.ts#chooseCredential",
      "connection/clientCredentials.test.ts: a single credential > is not sent to a server that cannot verify its kind of key",
    ),
  ],
  [
    "7.4.5",
    "at ServerHelloDone the client has verified the certificate, and all that the server chose, before it goes on",
    ofClient("handshake/client.ts#clientHandshake", [
      `${tests.status}: an OCSP response > %s: the client refuses it before it sends anything else`,
      `${suite}: the server's certificate > a certificate from an unknown CA`,
    ]),
  ],
  [
    "7.4.6",
    "a client without a suitable certificate sends an empty list",
    by("handshake/client.ts#clientHandshake", [
      `${suite}: the client's certificate > request: a client without a certificate connects`,
      `${suite}: the client's certificate > require: no certificate is handshake_failure on both sides`,
    ]),
  ],
  [
    "7.4.6",
    "the client's certificate may sign (digitalSignature)",
    both({
      client: by(
        ["x509/credential.ts#readCredential"],
        [
          "connection/credential.test.ts: a client's certificate is refused before anything is sent > if it is for another purpose, or may not sign",
        ],
      ),
      server: by(
        ["handshake/server.ts#expectCertificate"],
        [`${keyUsage}: keyUsage of the client's certificate must contain digitalSignature`],
      ),
    }),
  ],
  [
    "7.4.6",
    "where the server names authorities, the chain is issued by one of them",
    by("connection/clientCredentials.ts#credentialSelector", [
      "connection/clientCredentials.test.ts: from a list of credentials > a client sends the first one whose chain leads to an authority that the server names",
    ]),
  ],
  [
    "7.4.6",
    "and where there is a single certificate, it is not shown to others",
    otherwise(
      "a SHOULD: who configures one credential means that one, and an unfit one is refused with an alert that says so, where an empty list would not",
      "connection/clientCredentials.ts#credentialSelector",
      "connection/clientCredentials.test.ts: a single credential > is sent whatever authorities the server names",
    ),
  ],
  [
    "7.4.6, 7.4.7",
    "certificates with static DH parameters, and an empty or implicit ClientKeyExchange for them",
    noAnonymous,
  ],
  [
    "7.4.7",
    "ClientKeyExchange comes right behind the client's Certificate, or else first behind ServerHelloDone",
    both({
      client: by(
        ["handshake/client.ts#clientHandshake"],
        [`${suite}: the trace > is complete and in order on both sides`],
      ),
      server: by(
        ["handshake/server.ts#serverHandshake"],
        [`${order}: two messages in the wrong order > %s after %s is refused`],
      ),
    }),
  ],
  [
    "7.4.7.1",
    "the premaster secret begins with the version that the client offered, not with the one agreed on",
    by(
      "handshake/keyExchange/rsa.ts#rsa",
      `${rsa}: unpadPremaster > requires the version of ClientHello, not the negotiated one`,
    ),
  ],
  [
    "7.4.7.1",
    "a premaster secret that does not decrypt, or is of another version, is replaced by random bytes, without an alert",
    by("crypto/premaster.ts#unpadPremaster", [
      `${rsa}: unpadPremaster > returns the fallback for every other value of every checked byte`,
      `${rsa}: unpadPremaster > reads the same bytes in the same order for any contents`,
      "handshake/byteflip.test.ts: $name, with a client certificate: a byte flipped in transit > %s",
    ]),
  ],
  [
    "7.4.7.1",
    "EncryptedPreMasterSecret has its length in front",
    by(
      "wire/messages.ts#clientEncryptedPremaster",
      "wire/messages.test.ts: is a decode_error that names a field if it is truncated anywhere or has a byte too many",
    ),
  ],
  [
    "7.4.7.1",
    "RSA private operations are blinded, or resist timing otherwise",
    not("they are OpenSSL's, which blinds; in a browser there are none. Ours is the unpadding alone, see above"),
  ],
  ["7.4.7.2", "a client with a static DH certificate sends an empty key exchange", noAnonymous],
  [
    "7.4.8",
    "CertificateVerify comes right behind ClientKeyExchange; its scheme was asked for and fits the key; its signature is verified",
    both({
      client: by(
        ["handshake/client.ts#chooseCredential", "handshake/client.ts#signMessages"],
        [`${suite}: the trace > is complete and in order on both sides`],
      ),
      server: by(
        ["handshake/server.ts#expectCertificateVerify"],
        [
          `${keyExchange}: CertificateVerify with a scheme that %s is refused (RFC 5246 §7.4.8)`,
          `${order}: signatures > in the client's CertificateVerify are refused by the server at once`,
          `${order}: two messages in the wrong order > %s after %s is refused`,
        ],
      ),
    }),
  ],
  [
    "7.4.9",
    "Finished is verified, with the PRF's hash over all messages, 12 bytes of it",
    by(
      ["handshake/peer.ts#Peer.expectFinished", "crypto/keySchedule.ts#verifyData"],
      [
        `${established}: Finished > a %s with wrong verify_data is refused with decrypt_error`,
        "crypto/prf.test.ts: verifyData > is 12 bytes of the PRF with the label of the role",
      ],
    ),
  ],
  [
    "7.4.9",
    "new suites and key exchanges say their PRF, the hash and length of Finished, and their messages (§5, §6.2.3.3 and §7.4.3 alike)",
    not("a demand on who defines them; those that we have do"),
  ],
  [
    "8.1",
    "the premaster secret is deleted once the master secret is made",
    by(
      "handshake/secrets.ts#Secrets.derive",
      `${keyExchange}: the premaster secret is wiped when the master secret has been derived (RFC 5246 §8.1)`,
    ),
  ],
  [
    "8.1.2",
    "leading zeros of a DH secret are stripped",
    by(
      "handshake/keyExchange/dhe.ts#dhSharedSecret",
      `${dhe}: leading zeros of the shared secret > DHE strips them (RFC 5246 §8.1.2)`,
    ),
  ],
  [
    "9",
    "TLS_RSA_WITH_AES_128_CBC_SHA is implemented",
    by("handshake/suites.ts#TLS_RSA_WITH_AES_128_CBC_SHA", [
      `${tests.suites}: the cipher suites > include those that RFC 5246 §9 and RFC 8422 §6 require; the default is only forward secret AEADs`,
      `${suite}: suite, certificate and group`,
    ]),
  ],
  [
    "A.5",
    "TLS_NULL_WITH_NULL_NULL is never negotiated, anonymous suites not unless asked for",
    by("handshake/suites.ts#CipherSuite", [
      `${tests.suites}: the cipher suites > encrypt and authenticate: none is NULL, anonymous, of export grade, or broken (RFC 5246 §A.5)`,
      `${hello}: ServerHello > is refused with %s`,
    ]),
  ],
  [
    "D.1",
    "random bytes come from a cryptographically secure generator",
    untested(
      "connection/options.ts#systemRandom",
      "it is the host's crypto.getRandomValues; whether that is good no test of ours can tell",
    ),
  ],
  [
    "E.1",
    "a version chosen by the server that the client does not speak is a fatal protocol_version",
    ofClient("handshake/client.ts#agree", `${order}: versions > a ServerHello with another version is refused`),
  ],
  [
    "E.1",
    "a server answers a higher version with its own, and a lower one with protocol_version",
    by("handshake/negotiate.ts#checkHello", [
      `${order}: versions > a ClientHello with a later version is answered with TLS 1.2; the signature reveals the change`,
      `${order}: versions > a ClientHello with a version below TLS 1.2 is refused`,
    ]),
  ],
  [
    "E.1",
    "the record of a ClientHello may say any 3.x",
    by("record/reader.ts#RecordReader.cut", `${order}: versions > the first record may have version %i`),
  ],
  ["E.2, E.3", "the hello of SSL 2.0, and falling back to it", noSsl],
  [
    "F.1.1.3",
    "a new DH exponent for each handshake; the client looks at the group and at the public value",
    by(
      ["handshake/keyExchange/dhe.ts#newShare", "handshake/keyExchange/dhe.ts#fieldOf"],
      [
        `${keyExchange}: the peer's public key > is new in each handshake`,
        `${dhe}: the public value > %s is refused by both sides`,
        `${dhe}: the group > a client refuses a group %s`,
      ],
    ),
  ],
  [
    "F.1.4",
    "sessions are not resumed after 24 hours",
    by(
      "handshake/resumption/state.ts#expiry",
      `${resumed}: a session is resumed > and gets a new ticket in the second half of its lifetime, but expires after a day`,
    ),
  ],
]);
