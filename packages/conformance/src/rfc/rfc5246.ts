/**
 * RFC 5246, TLS 1.2.
 * @module
 */
import {
  bothRoles,
  clientOnly,
  deviates,
  doesNotApply,
  noAnonymous,
  noCompression,
  noSsl,
  obeyedBy,
  type Rfc,
  rfc,
  serverOnly,
  tests,
  untestable,
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
    "DigestInfo is encoded in DER with NULL parameters. A verifier also accepts absent parameters.",
    obeyedBy(
      "crypto/rsa.ts#verifyPkcs1",
      `${rsa}: PKCS#1 v1.5 with forged blocks > accepts the correct block, with and without NULL (RFC 5246 §4.7)`,
    ),
  ],
  [
    "5",
    "Each suite specifies its PRF, with SHA-256 or a stronger hash.",
    obeyedBy("crypto/prf.ts#prf", [
      "crypto/prf.test.ts: prf > computes the published output with $name",
      "crypto/prf.test.ts: ACVP",
    ]),
  ],
  [
    "6",
    "A side sends only record types that are defined.",
    obeyedBy("record/writer.ts#RecordWriter.send", `${suite}: the trace > is complete and in order on both sides`),
  ],
  [
    "6",
    "A side answers an unexpected record type with unexpected_message.",
    obeyedBy(
      ["record/reader.ts#RecordReader.takeRawRecord", "engine/established.ts#EstablishedConnection.receive"],
      [
        `${reader}: a reader refuses > a record of type %i`,
        `${established}: limits and the order of messages > a ChangeCipherSpec after the handshake is refused`,
      ],
    ),
  ],
  [
    "6.1",
    "The state changes with each record: sequence numbers start at 0 in each state and increase by one.",
    obeyedBy("record/protection.ts#Counter", [
      `${reader}: a reader refuses > a record that is repeated, reordered, or has another type`,
      `${suite}: the trace > is complete and in order on both sides`,
    ]),
  ],
  [
    "6.1",
    "Sequence numbers do not wrap.",
    obeyedBy("record/protection.ts#Counter.take", "record/exhausted.test.ts: a key of $name at its limit of records"),
  ],
  [
    "6.2.1",
    "A plaintext fragment has at most 2^14 bytes.",
    obeyedBy(
      ["record/writer.ts#RecordWriter.setLimit", "record/reader.ts#RecordReader.takeRawRecord"],
      [
        `${reader}: a reader refuses > plaintext of more than 2^14 bytes, as soon as the header is read`,
        `${writer}: fragments > have at most %i bytes, and a reader returns them all`,
      ],
    ),
  ],
  [
    "6.2.1",
    "A record may hold several messages of one type, and a message may span several records. This includes " +
      "alerts, but no message spans a change of keys.",
    obeyedBy(
      [
        "handshake/handshakeReader.ts#HandshakeReader",
        "handshake/alerts.ts#Alerts.handleAlert",
        "handshake/link.ts#HandshakeLink.expectChangeCipherSpec",
      ],
      [
        `${order}: fragmented messages > do not prevent the handshake`,
        `${order}: fragmented alerts (RFC 5246 §6.2.1) > an alert in two records, and several alerts in one record, are read`,
        `${order}: fragmented alerts (RFC 5246 §6.2.1) > half an alert before the %s is refused: the rest would be encrypted`,
        `${established}: limits and the order of messages > a close_notify in two records of one byte closes the connection cleanly (RFC 5246 §6.2.1)`,
      ],
    ),
  ],
  [
    "6.2.1",
    "No fragment of type handshake, alert or change_cipher_spec is empty.",
    obeyedBy(
      ["record/reader.ts#RecordReader.countEmpty", "handshake/link.ts#HandshakeLink.expectChangeCipherSpec"],
      [
        "record/flood.test.ts: an empty handshake record is refused",
        `${order}: ChangeCipherSpec > with the content %j is refused`,
        `${order}: alerts during a handshake > the malformed alert %j is refused with %s`,
        `${suite}: if a handshake message spans many records`,
      ],
    ),
  ],
  [
    "6.2.1",
    "A side sends records in the order in which it protected them.",
    obeyedBy(
      "record/writer.ts#RecordWriter.take",
      `${writer}: promises that settle out of order > do not change the order in which records are sent and traced`,
    ),
  ],
  [
    "6.2.1",
    "A side processes application data that arrives between the messages of a later handshake.",
    doesNotApply("We never renegotiate. Application data between the fragments of such a request is refused."),
  ],
  [
    "6.2.2",
    "A record that decompresses to more than 2^14 bytes causes a fatal decompression_failure. A compressed fragment " +
      "has at most 2^14 + 1024 bytes.",
    noCompression,
  ],
  [
    "6.2.3",
    "The ciphertext of a record has at most 2^14 + 2048 bytes.",
    obeyedBy(
      "record/reader.ts#RecordReader.takeRawRecord",
      `${reader}: a reader refuses > ciphertext of more than 2^14 + 2048 bytes, as soon as the header is read`,
    ),
  ],
  [
    "6.2.3.2",
    "The IV of a CBC record is random and unpredictable.",
    obeyedBy("record/cbc.ts#encrypt", `${cbc}: opens the records that it seals, each with a fresh IV`),
  ],
  [
    "6.2.3.2",
    "Each padding byte is the length of the padding, and the padded record is a multiple of the block length.",
    obeyedBy("record/cbc.ts#encrypt", `${cbc}: opens the records that it seals, each with a fresh IV`),
  ],
  [
    "6.2.3.2",
    "The receiver checks the padding, and sends bad_record_mac if it is wrong.",
    obeyedBy("record/cbc.ts#paddingMask", [
      `${cbc}: bytes: opens every padding; faults give one error after the same number of compressions`,
      `${cbc}: gives the same error for ciphertext that does not consist of whole blocks, or is too short for a MAC`,
    ]),
  ],
  [
    "6.2.3.2",
    "The processing time does not reveal whether the padding was right.",
    obeyedBy("record/cbc.ts#MacThenEncrypt", [
      `${cbc}: refuses wrong padding and a wrong MAC after as many hash compressions as an intact record takes`,
      `${cbc}: bytes: opens every padding; faults give one error after the same number of compressions`,
    ]),
  ],
  [
    "6.2.3.3",
    "An AEAD suite specifies how its nonce is formed, and expands a record by at most 1024 bytes.",
    obeyedBy("record/aead.ts#AeadProtection", [
      `${tests.suites}: the cipher suites > with an AEAD have nonces of 12 bytes, and add no more than 1024 bytes (RFC 5246 §6.2.3.3)`,
      "handshake/golden.test.ts: golden transcripts: the bytes do not change (HANDCLASP_UPDATE_GOLDEN=1 rewrites them)",
    ]),
  ],
  [
    "6.2.3.3",
    "An AEAD record that fails authentication causes a fatal bad_record_mac.",
    obeyedBy("record/aead.ts#requireAuthentic", [
      `${reader}: a reader refuses > a record with any bit of its body altered`,
      `${suite}: the end > an altered record makes both sides fail with bad_record_mac`,
    ]),
  ],
  [
    "6.3",
    "Each side divides the key block into the keys in the specified order, and discards the bytes after the last key.",
    obeyedBy(
      "crypto/keySchedule.ts#keyBlock",
      "crypto/prf.test.ts: keyBlock > divides the block for %s in the order of RFC 5246 §6.3",
    ),
  ],
  [
    "7.1",
    "A side uses the new write state directly after its own ChangeCipherSpec, and the new read state directly " +
      "after the peer's.",
    obeyedBy(
      [
        "handshake/link.ts#HandshakeLink.sendChangeCipherSpec",
        "handshake/link.ts#HandshakeLink.expectChangeCipherSpec",
      ],
      [
        `${order}: ChangeCipherSpec > must not be followed by a plaintext record`,
        `${order}: ChangeCipherSpec > is refused after a fragment of a message`,
      ],
    ),
  ],
  [
    "7.2, 7.2.2",
    "The client and the server do not resume a session whose connection ended with a fatal alert. They delete the " +
      "session's identifier, keys and secrets.",
    bothRoles({
      client: obeyedBy(
        ["connection/connection.ts#TlsConnection.finish", "handshake/resumption/client.ts#makeSessionKeeper"],
        [
          `${resumedHostile}: a session ends with a fatal alert (RFC 5246 §7.2.2) > that the %s sends: neither side resumes it`,
          `${tests.exporter}: exported keying material > is derived from a copy of the master secret, so that the original can be wiped`,
        ],
      ),
      server: obeyedBy(
        ["connection/connection.ts#TlsConnection.finish", "handshake/resumption/server.ts#cacheSession"],
        [
          `${resumedHostile}: a session ends with a fatal alert (RFC 5246 §7.2.2) > that the %s sends: neither side resumes it`,
          `${tests.exporter}: exported keying material > is derived from a copy of the master secret, so that the original can be wiped`,
        ],
      ),
    }),
  ],
  [
    "7.2, 7.2.2",
    "The server accepts no ticket of a session whose connection ended with a fatal alert.",
    deviates(
      "A stateless server cannot know that the alert was sent, and RFC 5077 §5.1 permits such a server to accept the " +
        "ticket. Our client deletes the ticket. Another client may offer its ticket again until the ticket expires.",
      "handshake/resumption/tickets.ts#Tickets",
    ),
  ],
  [
    "7.2",
    "A fatal alert ends the connection at once.",
    obeyedBy(
      "handshake/alerts.ts#Alerts.handleAlert",
      `${order}: alerts during a handshake > a fatal alert ends the handshake, even one with an unknown number`,
    ),
  ],
  [
    "7.2.1",
    "A side sends close_notify before it closes its write side, and ignores data after the peer's close_notify. " +
      "A connection that ends without close_notify is truncated.",
    obeyedBy(
      [
        "engine/engine.ts#Engine.close",
        "engine/engine.ts#Engine.receive",
        "engine/engine.ts#Engine.receiveTransportEnd",
      ],
      [
        `${suite}: the end > if the client closes first, both sides end cleanly`,
        `${established}: limits and the order of messages > data after close_notify is ignored (RFC 5246 §7.2.1)`,
        `${suite}: the end > if a transport ends without close_notify, reads and closed reject with truncated`,
      ],
    ),
  ],
  [
    "7.2.1",
    "A side answers the peer's close_notify with its own at once, and discards pending writes.",
    deviates(
      "We send the pending writes before our close_notify, as RFC 8446 §6.1 permits (docs/adr/0002).",
      "connection/connection.ts#TlsConnection.closeAfterEndRead",
      [
        `${suite}: the end > half-close: bytes that the other side still sends arrive`,
        `${suite}: the end > if the server closes first, both sides end cleanly`,
      ],
    ),
  ],
  [
    "7.2.2",
    "A side reports a fatal error with its alert, at the fatal level, before it closes the connection.",
    obeyedBy("engine/engine.ts#Engine.abort", [
      `${established}: renegotiation > %s is refused with a warning, and the fourth is fatal`,
      "handshake/byteflip.test.ts: $name with a client certificate: the handshake",
      `${suite}: the end > an altered record makes both sides fail with bad_record_mac`,
    ]),
  ],
  [
    "7.2.2",
    "A side answers each fault in the ciphertext with bad_record_mac, including a wrong block length or wrong padding.",
    obeyedBy(
      "record/protection.ts#badRecordError",
      `${cbc}: gives the same error for ciphertext that does not consist of whole blocks, or is too short for a MAC`,
    ),
  ],
  [
    "7.2.2",
    "No side sends decryption_failed, no_certificate or export_restriction.",
    obeyedBy(
      ["errors.ts#alertDescriptions", "connection/connection.ts#TlsConnection.abort"],
      "errors.test.ts: the reserved alerts are known by name, and never sent (RFC 5246 §7.2.2)",
    ),
  ],
  [
    "7.2.2",
    "A side that does not continue after a warning ends the connection with a fatal alert.",
    obeyedBy(
      "handshake/alerts.ts#Alerts.handleAlert",
      `${established}: limits and the order of messages > four warnings in a row are accepted, five are not`,
    ),
  ],
  [
    "7.3",
    "The premaster secret contains at least 46 random bytes.",
    obeyedBy(
      "handshake/keyExchange/rsa.ts#rsa",
      `${rsa}: encrypt > encrypts a premaster secret that unpadPremaster returns`,
    ),
  ],
  [
    "7.3",
    "A client that receives CertificateRequest sends Certificate.",
    obeyedBy(
      "handshake/client.ts#clientHandshake",
      `${suite}: the client's certificate > request: a client without a certificate connects`,
    ),
  ],
  [
    "7.3",
    "Neither side sends or accepts application data before the first handshake is complete.",
    obeyedBy(
      ["engine/engine.ts#Engine.write", "handshake/link.ts#HandshakeLink.expect"],
      [
        `${established}: limits and the order of messages > data written before the handshake is done waits for it (RFC 5246 §7.3)`,
        `${order}: application data during a handshake > before %s is refused`,
      ],
    ),
  ],
  [
    "7.3",
    "The client and the server send Finished directly after ChangeCipherSpec. In an abbreviated handshake " +
      "(figure 2), the server sends both messages first.",
    bothRoles({
      client: obeyedBy(
        ["handshake/client.ts#clientHandshake", "handshake/resumption/client.ts#makeSessionKeeper"],
        [
          `${order}: the handshake fails > without %s`,
          `${order}: a resumed handshake > succeeds unaltered, in the order of RFC 5077 figure 2`,
        ],
      ),
      server: obeyedBy(
        ["handshake/server.ts#serverHandshake", "handshake/resumption/server.ts#resumeSession"],
        [
          `${order}: the handshake fails > without %s`,
          `${order}: a resumed handshake > succeeds unaltered, in the order of RFC 5077 figure 2`,
          `${resumed}: a session is resumed > by ticket, without certificate and key exchange`,
        ],
      ),
    }),
  ],
  [
    "7.4",
    "The handshake messages have the order of figures 1 and 2. Any other order is a fatal error.",
    obeyedBy("handshake/link.ts#HandshakeLink.expect", [
      `${order}: the handshake fails > without %s`,
      `${order}: the handshake fails with > %s sent twice`,
      `${order}: two messages in the wrong order > %s after %s is refused`,
      `${order}: a resumed handshake > fails without %s`,
    ]),
  ],
  [
    "7.4, 7.4.1.1",
    "A client ignores a HelloRequest during a handshake, and leaves it out of the handshake hashes.",
    obeyedBy("handshake/link.ts#HandshakeLink.skipHelloRequest", [
      `${order}: HelloRequest during a handshake > before %s is skipped, and does not enter the transcript`,
      `${order}: HelloRequest during a handshake > is skipped up to four times, and the fifth is refused`,
    ]),
  ],
  [
    "7.4.1.1",
    "A server does not send HelloRequest directly after a handshake, nor repeatedly.",
    doesNotApply("Our server never sends HelloRequest."),
  ],
  [
    "7.4.1.2",
    "client_version is the highest version that the client supports.",
    obeyedBy(
      "handshake/client.ts#makeClientHello",
      `${hello}: ClientHello > offers TLS 1.2 and no compression, without a session, and with new random bytes each time`,
    ),
  ],
  [
    "7.4.1.2",
    "The server puts no confidential data into session identifiers, and a forged identifier does no harm.",
    serverOnly(
      ["handshake/resumption/server.ts#newSessionId", "handshake/resumption/server.ts#checkOfferedSession"],
      [
        `${resumedHostile}: a client that offers a session made with other parameters > %s gets a full handshake`,
        `${resumedHostile}: a client refuses a server that resumes > with an echoed session_id, and then sends a certificate`,
      ],
    ),
  ],
  [
    "7.4.1.2",
    "The server ignores suites that it does not know.",
    obeyedBy("handshake/negotiate.ts#choose", [
      `${hello}: ClientHello > may have unknown suites, which the server ignores`,
      `${grease}: a peer's GREASE is ignored > suites`,
    ]),
  ],
  [
    "7.4.1.2",
    "A client that resumes a session offers the suite and the compression method of the session again.",
    obeyedBy(
      "handshake/resumption/client.ts#makeSessionKeeper",
      `${resumed}: a session is not resumed > with a suite that the client no longer offers`,
    ),
  ],
  [
    "7.4.1.2",
    "The client offers the null compression method, and the server supports it.",
    bothRoles({
      client: obeyedBy(
        ["handshake/client.ts#makeClientHello"],
        [
          `${hello}: ClientHello > offers TLS 1.2 and no compression, without a session, and with new random bytes each time`,
        ],
      ),
      server: obeyedBy(
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
    "A side that parses ClientHello accepts it with and without extensions. Any other length causes decode_error.",
    obeyedBy("wire/codec.ts#trailing", [
      `${hello}: ClientHello > is accepted without extensions if no signature is needed, and answered without extensions`,
      "wire/messages.test.ts: causes a decode_error if it has a byte too many or is truncated (the error then names a field)",
    ]),
  ],
  [
    "7.4.1.3",
    "The server's random is independent of the client's.",
    serverOnly(
      "handshake/server.ts#serverHandshake",
      `${hello}: ServerHello > has random bytes that do not depend on the client's`,
    ),
  ],
  [
    "7.4.1.3",
    "The server chooses only values that the client offered, and a resumed session keeps its suite.",
    clientOnly(
      ["handshake/client.ts#checkServerHello", "handshake/resumption/client.ts#resumedAgreement"],
      [
        `${hello}: ServerHello > is refused with %s`,
        `${hello}: ServerHello > is refused with compression`,
        `${resumedHostile}: a client refuses a server that resumes > with another suite`,
      ],
    ),
  ],
  [
    "7.4.1.3",
    "A client that asks to resume a session is prepared for a full handshake.",
    obeyedBy("handshake/client.ts#clientHandshake", [
      `${resumedHostile}: a client that offers a session made with other parameters > %s gets a full handshake`,
      `${resumed}: a session is resumed > with ticket keys that a function returns, until they change`,
    ]),
  ],
  [
    "7.4.1.4",
    "A server answers only extensions that the client offered. The client refuses any other with " +
      "unsupported_extension.",
    obeyedBy(
      ["handshake/extensions/extension.ts#answerExtensions", "handshake/extensions/extension.ts#acceptExtensions"],
      [
        `${tests.required}: an unknown extension > is refused by a client, which did not offer it`,
        `${tests.etm}: encrypt_then_mac > is not sent to a client that did not offer it`,
        "handshake/extensions/maxFragmentLength.test.ts: max_fragment_length > an answer to a client that did not offer it is unsupported_extension",
      ],
    ),
  ],
  [
    "7.4.1.4",
    "No hello contains the same extension twice.",
    obeyedBy("handshake/extensions/extension.ts#extensionsByType", [
      `${tests.required}: an extension twice in the %s's hello is decode_error`,
      `${grease}: GREASE that the client sends > with random bytes of %i, no extension occurs twice`,
    ]),
  ],
  [
    "7.4.1.4",
    "A client that resumes a session sends the same extensions as in a full handshake.",
    obeyedBy(
      "handshake/extensions/extension.ts#offerExtensions",
      `${resumed}: a session is resumed > without server_name in ServerHello (RFC 6066 §3)`,
    ),
  ],
  [
    "7.4.1.4.1",
    "The client sends signature_algorithms without anonymous schemes. The server never answers this extension.",
    bothRoles({
      client: obeyedBy(
        ["handshake/extensions/signatureAlgorithms.ts#signatureAlgorithmsClient"],
        [
          `${hello}: ClientHello > has signature_algorithms, extended_master_secret and an empty renegotiation_info, but no SCSV`,
          `${hello}: ClientHello > offers no anonymous, MD5 or SHA-1 scheme`,
          `${hello}: ServerHello > never has signature_algorithms, and is refused with it`,
        ],
      ),
      server: obeyedBy(
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
    "If a client does not send signature_algorithms, the server assumes that it can verify SHA-1.",
    deviates(
      "SHA-1 signatures are no longer secure. RFC 9155 §2 and §5 forbid them, so such a handshake fails.",
      "handshake/extensions/signatureAlgorithms.ts#signatureAlgorithmsServer",
      `${hello}: ClientHello > is accepted without extensions if no signature is needed, and answered without extensions`,
    ),
  ],
  [
    "7.4.1.4.1",
    "Clients that offer only earlier versions do not send signature_algorithms.",
    doesNotApply("We offer only TLS 1.2. (Servers of earlier versions must ignore the extension.)"),
  ],
  [
    "7.4.2",
    "The server sends a certificate if the key exchange of the suite uses one. The client requires that certificate.",
    bothRoles({
      client: obeyedBy(
        ["handshake/client.ts#verifyCertificate"],
        [
          `${order}: the handshake fails > without %s`,
          `${order}: a server that sends an empty certificate list is refused`,
        ],
      ),
      server: obeyedBy(
        ["handshake/server.ts#serverHandshake"],
        [`${suite}: the trace > is complete and in order on both sides`],
      ),
    }),
  ],
  [
    "7.4.2",
    "The key of the server's certificate fits the negotiated suite, and the keyUsage extension permits the key " +
      "exchange: keyEncipherment for RSA, digitalSignature for DHE and ECDHE.",
    bothRoles({
      client: obeyedBy(
        ["handshake/client.ts#verifyCertificate"],
        [
          `${keyUsage}: keyUsage of the server's certificate > must contain digitalSignature for ECDHE`,
          `${keyUsage}: keyUsage of the server's certificate > must contain keyEncipherment for RSA key exchange`,
          `${keyExchange}: the server's certificate > must have a key that fits the suite (RFC 5246 §7.4.2)`,
        ],
      ),
      server: obeyedBy(
        ["handshake/negotiate.ts#canServe"],
        [
          "connection/credential.test.ts: a server's certificate is refused at configuration > if its keyUsage or its kind of key fits none of the suites",
        ],
      ),
    }),
  ],
  [
    "7.4.2",
    "The sender's certificate comes first, and each further certificate certifies the one before it.",
    obeyedBy("x509/chain.ts#readOwnChain", "x509/chain.test.ts: a chain of our own > must be in order and complete"),
  ],
  [
    "7.4.2, 7.4.6",
    "Certificates are X.509v3.",
    obeyedBy(
      "x509/path.ts#checkNonAnchor",
      "x509/path.test.ts: a path that is valid > may contain version 1 only as its anchor",
    ),
  ],
  ["7.4.2", "Certificates for static DH, static ECDH and DSS have the matching key usage.", noAnonymous],
  [
    "7.4.2",
    "All certificates that the server sends are signed with algorithms in the client's signature_algorithms.",
    deviates(
      "We choose the certificate by the scheme of its key, and do not check the signatures in the chain. Under " +
        "RFC 8446 §4.4.2.2, the server sends the chain that it has, and the client decides.",
      "handshake/negotiate.ts#signingScheme",
      `${suite}: the server's certificate > RSA and ECDSA: the server chooses a certificate that the client can verify`,
    ),
  ],
  [
    "7.4.2",
    "A server with one certificate checks at its start that one of its suites can use the certificate.",
    obeyedBy(
      "handshake/negotiate.ts#canServe",
      "connection/credential.test.ts: a server's certificate is refused at configuration > if its keyUsage or its kind of key fits none of the suites",
    ),
  ],
  [
    "7.4.3",
    "The signature scheme of the server's ServerKeyExchange is one that the client offered, and it fits the server's " +
      "key. The server considers the client's schemes when it chooses the suite.",
    bothRoles({
      client: obeyedBy(
        ["handshake/client.ts#verifyKeyExchangeSignature"],
        [
          `${keyExchange}: the server's parameters > are refused if the signature scheme belongs to another kind of key`,
          `${grease}: GREASE that the client sends > a client refuses a server that chooses a GREASE value as %s`,
        ],
      ),
      server: obeyedBy(
        ["handshake/negotiate.ts#signingScheme"],
        [
          `${suite}: the server's certificate > RSA and ECDSA: the server chooses a certificate that the client can verify`,
        ],
      ),
    }),
  ],
  [
    "7.4.3",
    "The server's signature covers both randoms and the parameters, and the client verifies it.",
    bothRoles({
      client: obeyedBy(
        ["handshake/client.ts#verifyKeyExchangeSignature"],
        [`${order}: signatures > in the server's key exchange, with %s altered, are refused by the client at once`],
      ),
      server: obeyedBy(["handshake/server.ts#signParams"], [`${suite}: suite, certificate and group`]),
    }),
  ],
  [
    "7.4.4, 7.4.6",
    "The client's certificate has a key of a type in certificate_types, and one of the listed schemes fits that key.",
    obeyedBy("handshake/client.ts#chooseCredential", [
      "connection/clientCredentials.test.ts: from a list of credentials > none is sent if no certificate leads to a named authority, or the server cannot verify its key",
      "connection/clientCredentials.test.ts: a single credential > is not sent to a server that cannot verify its kind of key",
    ]),
  ],
  [
    "7.4.4, 7.4.6",
    "All certificates that the client sends are signed with algorithms that CertificateRequest lists.",
    deviates(
      "As with the server's chain, we choose the certificate by the scheme of its key. The server decides " +
        "whether it accepts the signatures in the chain (RFC 8446 §4.4.2.2, §4.4.2.3).",
      "handshake/client.ts#chooseCredential",
      "connection/clientCredentials.test.ts: a single credential > is not sent to a server that cannot verify its kind of key",
    ),
  ],
  [
    "7.4.5",
    "After ServerHelloDone, the client verifies the server's certificate and the server's choices before it sends " +
      "its next message.",
    clientOnly("handshake/client.ts#clientHandshake", [
      `${tests.status}: an OCSP response > %s: the client refuses the handshake with an alert`,
      `${suite}: the server's certificate > a certificate from an unknown CA`,
    ]),
  ],
  [
    "7.4.6",
    "A client without a suitable certificate sends an empty list.",
    obeyedBy("handshake/client.ts#clientHandshake", [
      `${suite}: the client's certificate > request: a client without a certificate connects`,
      `${suite}: the client's certificate > require: without a client certificate, both sides fail with handshake_failure`,
    ]),
  ],
  [
    "7.4.6",
    "The client's certificate is permitted to sign (digitalSignature), and the server checks this.",
    bothRoles({
      client: obeyedBy(
        ["x509/credential.ts#readCredential"],
        [
          "connection/credential.test.ts: a client's certificate is refused before anything is sent > if it is for another purpose, may not sign, or has a broken chain",
        ],
      ),
      server: obeyedBy(
        ["handshake/server.ts#expectCertificate"],
        [`${keyUsage}: keyUsage of the client's certificate must contain digitalSignature`],
      ),
    }),
  ],
  [
    "7.4.6",
    "If CertificateRequest names authorities, one of them issued a certificate in the chain that the client sends.",
    obeyedBy("connection/clientCredentials.ts#credentialSelector", [
      "connection/clientCredentials.test.ts: from a list of credentials > a client sends the first certificate whose chain leads to an authority that the server names",
    ]),
  ],
  [
    "7.4.6",
    "A client with a single certificate does not send it if none of the authorities in CertificateRequest issued it.",
    deviates(
      "This is a SHOULD. A user who configures one credential wants the client to send that credential. If it is " +
        "unsuitable, the alert that the server sends names the reason. After an empty list, it would not.",
      "connection/clientCredentials.ts#credentialSelector",
      "connection/clientCredentials.test.ts: a single credential > is sent whatever authorities the server names",
    ),
  ],
  [
    "7.4.6, 7.4.7",
    "Certificates with static DH parameters permit an empty or implicit ClientKeyExchange.",
    noAnonymous,
  ],
  [
    "7.4.7",
    "The client sends ClientKeyExchange directly after its Certificate, or as its first message after the " +
      "server's ServerHelloDone if it sends no Certificate.",
    bothRoles({
      client: obeyedBy(
        ["handshake/client.ts#clientHandshake"],
        [`${suite}: the trace > is complete and in order on both sides`],
      ),
      server: obeyedBy(
        ["handshake/server.ts#serverHandshake"],
        [`${order}: two messages in the wrong order > %s after %s is refused`],
      ),
    }),
  ],
  [
    "7.4.7.1",
    "The premaster secret begins with the version that the client offered, not with the negotiated one.",
    obeyedBy(
      "handshake/keyExchange/rsa.ts#rsa",
      `${rsa}: unpadPremaster > requires the version that it is given, which must be that of ClientHello`,
    ),
  ],
  [
    "7.4.7.1",
    "If a premaster secret cannot be decrypted or has a wrong version, the receiver replaces it with random bytes, " +
      "and sends no alert.",
    obeyedBy("crypto/premaster.ts#unpadPremaster", [
      `${rsa}: unpadPremaster > returns the fallback for every other value of each byte that must have one value`,
      `${rsa}: unpadPremaster > reads the same bytes in the same order for any contents`,
      "handshake/byteflip.test.ts: $name with a client certificate: the handshake > fails if any byte of %s is altered",
    ]),
  ],
  [
    "7.4.7.1",
    "EncryptedPreMasterSecret begins with a length field.",
    obeyedBy(
      "wire/messages.ts#clientEncryptedPremaster",
      "wire/messages.test.ts: causes a decode_error if it has a byte too many or is truncated (the error then names a field)",
    ),
  ],
  [
    "7.4.7.1",
    "Operations with an RSA private key are blinded, or resist timing attacks by other means.",
    doesNotApply(
      "In Node.js, OpenSSL does these operations with blinding. In a browser, we do no such operations. Our code " +
        "only removes the padding.",
    ),
  ],
  ["7.4.7.2", "A client with a static DH certificate sends an empty key exchange.", noAnonymous],
  [
    "7.4.8",
    "The client sends CertificateVerify directly after ClientKeyExchange, with a scheme that CertificateRequest " +
      "lists and that fits the client's key. The server verifies the signature.",
    bothRoles({
      client: obeyedBy(
        ["handshake/client.ts#chooseCredential", "handshake/client.ts#signMessages"],
        [`${suite}: the trace > is complete and in order on both sides`],
      ),
      server: obeyedBy(
        ["handshake/server.ts#expectCertificateVerify"],
        [
          `${keyExchange}: CertificateVerify with a scheme that %s is refused (RFC 5246 §7.4.8)`,
          `${order}: signatures > in the client's CertificateVerify, with the last byte altered, are refused by the server at once`,
          `${order}: two messages in the wrong order > %s after %s is refused`,
        ],
      ),
    }),
  ],
  [
    "7.4.9",
    "Each side verifies that Finished contains 12 bytes of the PRF over the hash of all handshake messages before it.",
    obeyedBy(
      ["handshake/link.ts#HandshakeLink.expectFinished", "crypto/keySchedule.ts#verifyData"],
      [
        `${established}: the handshake fails if a Finished message > of the %s has wrong verify_data: the other side refuses it with decrypt_error`,
        "crypto/prf.test.ts: verifyData > returns the first 12 bytes of the PRF with the label of the role",
      ],
    ),
  ],
  [
    "7.4.9",
    "New suites and key exchanges specify their PRF, the hash and length of Finished, and their messages (also " +
      "§5, §6.2.3.3 and §7.4.3).",
    doesNotApply("This binds the authors of new suites. The suites that we support specify these details."),
  ],
  [
    "8.1",
    "Each side deletes the premaster secret after it has derived the master secret.",
    obeyedBy(
      "handshake/secrets.ts#Secrets.derive",
      `${keyExchange}: the premaster secret is wiped when the master secret has been derived (RFC 5246 §8.1)`,
    ),
  ],
  [
    "8.1.2",
    "Both sides strip the leading zero bytes of a DH shared secret.",
    obeyedBy(
      "handshake/keyExchange/dhe.ts#dhSharedSecret",
      `${dhe}: leading zeros of the shared secret > DHE strips them (RFC 5246 §8.1.2)`,
    ),
  ],
  [
    "9",
    "An implementation supports TLS_RSA_WITH_AES_128_CBC_SHA.",
    obeyedBy("handshake/suites.ts#TLS_RSA_WITH_AES_128_CBC_SHA", [
      `${tests.suites}: the cipher suites > include those that RFC 5246 §9 and RFC 8422 §6 name; the default is only forward secret AEADs`,
      `${suite}: suite, certificate and group`,
    ]),
  ],
  [
    "A.5",
    "No side negotiates TLS_NULL_WITH_NULL_NULL, or an anonymous suite that the user did not request explicitly.",
    obeyedBy("handshake/suites.ts#CipherSuite", [
      `${tests.suites}: the cipher suites > encrypt and authenticate: none is NULL, anonymous, of export grade, or broken (RFC 5246 §A.5)`,
      `${hello}: ServerHello > is refused with %s`,
    ]),
  ],
  [
    "D.1",
    "Random bytes come from a cryptographically secure generator.",
    untestable(
      "connection/options.ts#systemRandom",
      "We use the host's `crypto.getRandomValues`. Our tests cannot measure the quality of its output.",
    ),
  ],
  [
    "E.1",
    "A client that does not support the version that the server chose sends a fatal protocol_version.",
    clientOnly(
      "handshake/client.ts#checkServerHello",
      `${order}: versions > a ServerHello with another version is refused`,
    ),
  ],
  [
    "E.1",
    "A server answers a higher version with its own highest version, and a lower version with protocol_version.",
    obeyedBy("handshake/negotiate.ts#checkHello", [
      `${order}: versions > a ClientHello with a later version is answered with TLS 1.2; the signature reveals the change`,
      `${order}: versions > a ClientHello with a version below TLS 1.2 is refused`,
    ]),
  ],
  [
    "E.1",
    "The record of a ClientHello may have any version 3.x.",
    obeyedBy(
      "record/reader.ts#RecordReader.takeRawRecord",
      `${order}: versions > the first record may have version %i`,
    ),
  ],
  ["E.2, E.3", "A server accepts the hello of SSL 2.0, and a client may fall back to it.", noSsl],
  [
    "F.1.1.3",
    "Each handshake uses a new DH exponent. The receiver checks the group and the public value.",
    obeyedBy(
      ["handshake/keyExchange/dhe.ts#generateShare", "handshake/keyExchange/dhe.ts#fieldOf"],
      [
        `${keyExchange}: the peer's public key > is new in each handshake`,
        `${dhe}: the public value > %s is refused by both sides`,
        `${dhe}: the group > a client refuses a group %s`,
      ],
    ),
  ],
  [
    "F.1.4",
    "A session is not resumed after 24 hours.",
    obeyedBy(
      "handshake/resumption/state.ts#expiry",
      `${resumed}: a session is resumed > and gets a new ticket in the second half of its lifetime, but expires after a day`,
    ),
  ],
]);
