/**
 * RFC 7366, encrypt_then_mac, and RFC 8422, elliptic curves.
 * @module
 */
import {
  bothRoles,
  clientOnly,
  doesNotApply,
  noAnonymous,
  noDtls,
  noRenegotiation,
  obeyedBy,
  type Rfc,
  rfc,
  tests,
} from "./statement.ts";

const { dhe, etm, grease, hello, keyExchange, keyUsage, points, suite } = tests;
const record = "record/encryptThenMac.test.ts";

export const rfc7366: Rfc = rfc(7366, "Encrypt-then-MAC", [
  [
    "2",
    "The extension has number 22 and is empty. It takes effect if both the client and the server sent it.",
    bothRoles({
      client: obeyedBy(
        ["handshake/extensions/encryptThenMac.ts#encryptThenMacClient"],
        [
          `${etm}: encrypt_then_mac > is negotiated with a CBC suite`,
          `${etm}: encrypt_then_mac > with content in the %s's hello is decode_error`,
          `${etm}: encrypt_then_mac > if the answer is lost, the server cannot decrypt the client's first record`,
        ],
      ),
      server: obeyedBy(
        ["handshake/extensions/encryptThenMac.ts#encryptThenMacServer"],
        [
          `${etm}: encrypt_then_mac > is negotiated with a CBC suite`,
          `${etm}: encrypt_then_mac > with content in the %s's hello is decode_error`,
          `${etm}: encrypt_then_mac > if the answer is lost, the server cannot decrypt the client's first record`,
        ],
      ),
    }),
  ],
  [
    "3",
    "The MAC covers the sequence number, the header, the IV and the ciphertext.",
    obeyedBy("record/cbc.ts#EncryptThenMac", [
      `${record}: seals and opens the vector`,
      `${record}: gives the same error for another sequence number`,
    ]),
  ],
  [
    "3",
    "A server that chose an AEAD suite does not answer the extension. A client refuses such an answer.",
    bothRoles({
      client: obeyedBy(
        ["handshake/extensions/encryptThenMac.ts#encryptThenMacClient"],
        [`${etm}: encrypt_then_mac > an answer with an AEAD suite is illegal_parameter`],
      ),
      server: obeyedBy(
        ["handshake/extensions/encryptThenMac.ts#encryptThenMacServer"],
        [
          `${etm}: encrypt_then_mac > is offered if a CBC suite is offered, and not answered if an AEAD suite is chosen (RFC 7366 §3)`,
        ],
      ),
    }),
  ],
  [
    "3",
    "The receiver checks the MAC before it decrypts anything. A wrong MAC is a fatal bad_record_mac.",
    obeyedBy("record/cbc.ts#EncryptThenMac", `${record}: gives one error for any altered bit, and decrypts nothing`),
  ],
  ["3", "In DTLS, the receiver discards a record with a wrong MAC.", noDtls],
  ["3.1", "Renegotiation keeps encrypt-then-MAC: neither side falls back to MAC-then-encrypt.", noRenegotiation],
]);

export const rfc8422: Rfc = rfc(8422, "Elliptic Curve Cryptography Cipher Suites", [
  [
    "2.1, 5.3",
    "In ECDHE_ECDSA, the server's certificate has an ECDSA or EdDSA key, and the server signs the parameters with it.",
    bothRoles({
      client: obeyedBy(
        ["handshake/client.ts#verifyCertificate"],
        [
          `${keyExchange}: the server's certificate > must have a key that fits the suite (RFC 5246 §7.4.2)`,
          `${suite}: suite, certificate and group`,
        ],
      ),
      server: obeyedBy(["handshake/negotiate.ts#signingScheme"], [`${suite}: suite, certificate and group`]),
    }),
  ],
  [
    "2.2, 5.3",
    "In ECDHE_RSA, the server's certificate has an RSA key that may sign, and the server signs the parameters with it.",
    bothRoles({
      client: obeyedBy(
        ["handshake/client.ts#verifyCertificate"],
        [
          `${keyUsage}: keyUsage of the server's certificate > must contain digitalSignature for ECDHE`,
          `${suite}: suite, certificate and group`,
        ],
      ),
      server: obeyedBy(
        ["handshake/negotiate.ts#signingScheme"],
        [
          "connection/credential.test.ts: a server's certificate is refused at configuration > if its keyUsage or its kind of key fits none of the suites",
          `${suite}: suite, certificate and group`,
        ],
      ),
    }),
  ],
  [
    "2.3",
    "With ECDH_anon, the server sends no certificate and signs nothing. Its users authenticate by other means (§2).",
    noAnonymous,
  ],
  [
    "3",
    "A client without a suitable certificate sends an empty list, and then no CertificateVerify.",
    obeyedBy("handshake/client.ts#clientHandshake", [
      `${suite}: the client's certificate > request: a client without a certificate connects`,
      "connection/clientCredentials.test.ts: a single credential > is not sent to a server that cannot verify its kind of key",
    ]),
  ],
  [
    "3.1, 5.6",
    "If CertificateRequest lists only ecdsa_sign, the client's certificate has an ECDSA or EdDSA key.",
    obeyedBy(
      "handshake/client.ts#chooseCredential",
      `${keyExchange}: CertificateVerify with a scheme that %s is refused (RFC 5246 §7.4.8)`,
    ),
  ],
  [
    "4, 5.1",
    "A client that offers ECC suites sends supported_groups and ec_point_formats. A client that offers no ECC suite " +
      "sends neither extension.",
    obeyedBy(
      [
        "handshake/extensions/supportedGroups.ts#supportedGroupsClient",
        "handshake/extensions/ecPointFormats.ts#ecPointFormatsClient",
      ],
      `${hello}: ClientHello > names curves and the uncompressed format only with an ECC suite (RFC 8422 §4)`,
    ),
  ],
  [
    "4, 5.1, 5.3",
    "A server respects supported_groups and ec_point_formats, both for ECDHE and for the curve of its certificate. " +
      "If it cannot do so, it chooses no ECC suite.",
    obeyedBy(
      ["handshake/negotiate.ts#groupFor", "handshake/negotiate.ts#signingScheme"],
      [
        `${suite}: the server's certificate > an ECDSA certificate on a curve that the client does not offer is not chosen`,
        `${keyExchange}: a server that has no curve in common with the client chooses no ECC suite (RFC 8422 §5.1)`,
        `${grease}: a peer's GREASE is ignored > groups`,
      ],
    ),
  ],
  [
    "5.1, 5.1.2",
    "Each side supports the uncompressed point format and lists no other. A client's list without it is " +
      "illegal_parameter.",
    bothRoles({
      client: obeyedBy(
        ["handshake/extensions/ecPointFormats.ts#ecPointFormatsClient"],
        [
          `${hello}: ClientHello > names curves and the uncompressed format only with an ECC suite (RFC 8422 §4)`,
          `${keyExchange}: the peer's public key > %s is refused by both sides (RFC 8422 §5.11)`,
        ],
      ),
      server: obeyedBy(
        ["handshake/extensions/ecPointFormats.ts#ecPointFormatsServer"],
        [
          `${points}: ec_point_formats > a server refuses a list without the uncompressed format (RFC 8422 §5.1.2)`,
          `${keyExchange}: the peer's public key > %s is refused by both sides (RFC 8422 §5.11)`,
        ],
      ),
    }),
  ],
  [
    "5.2",
    "A server that chose an ECC suite answers the client's list of formats with its own list, which contains " +
      "uncompressed. The client respects that list.",
    bothRoles({
      client: obeyedBy(
        ["handshake/extensions/ecPointFormats.ts#ecPointFormatsClient"],
        [`${points}: ec_point_formats > a client refuses a list without the uncompressed format`],
      ),
      server: obeyedBy(
        ["handshake/extensions/ecPointFormats.ts#ecPointFormatsServer"],
        [
          `${points}: ec_point_formats > is answered with the uncompressed format if an ECC suite is chosen (RFC 8422 §5.2)`,
          `${points}: ec_point_formats > is not sent to a client that did not send it`,
          `${points}: ec_point_formats > is not answered if the suite is not an ECC suite`,
        ],
      ),
    }),
  ],
  [
    "5.3",
    "The key in the server's certificate is on a curve that the client offered.",
    clientOnly(
      "handshake/client.ts#verifyCertificate",
      `${keyExchange}: the server's certificate > must have its key on a curve that the client offered (RFC 8422 §5.3)`,
    ),
  ],
  [
    "5.4",
    "The server's parameters name a curve that the client offered, and do not define a curve explicitly.",
    obeyedBy(
      "handshake/keyExchange/ecdheCommon.ts#groupOf",
      `${keyExchange}: the server's parameters > are refused with %s`,
    ),
  ],
  [
    "5.4, 5.8",
    "An EdDSA signature is the octet string of RFC 8032, not a structure of two integers.",
    obeyedBy(
      "crypto/noble.ts#noble",
      "crypto/noble.test.ts: verify > accepts Ed25519's test 2 of RFC 8032 §7.1, and no other message",
    ),
  ],
  [
    "5.9",
    "Certificates with EC and EdDSA keys follow RFC 3279 and RFC 8410. An Ed25519 key signs with ed25519, never " +
      "with ECDSA.",
    obeyedBy(
      ["x509/key.ts#readPublicKey", "crypto/signatures.ts#schemesForKey"],
      [
        "x509/algorithms.test.ts: a path is accepted with > %s",
        "x509/algorithms.test.ts: a key is refused > as malformed: %s",
        "crypto/noble.test.ts: verify > returns false for a key of another kind, curve or encoding",
      ],
    ),
  ],
  [
    "5.10",
    "An ECDH shared secret keeps its leading zeros.",
    obeyedBy(
      "handshake/keyExchange/ecdhe.ts#ecdhe",
      `${dhe}: leading zeros of the shared secret > ECDHE never strips them (RFC 8422 §5.10)`,
    ),
  ],
  [
    "5.10",
    "ECDSA follows X9.62, with SHA-256 or a stronger hash.",
    obeyedBy("crypto/signatures.ts#defaultSchemes", [
      "crypto/noble.test.ts: verify > accepts the standard's signature by ECDSA on P-256 with %s, and no other",
      `${hello}: ClientHello > offers no anonymous, MD5 or SHA-1 scheme`,
    ]),
  ],
  [
    "5.10",
    "EdDSA follows RFC 8032, and its HashAlgorithm is 8.",
    obeyedBy(
      ["crypto/noble.ts#noble", "crypto/signatures.ts#ed25519"],
      [
        "crypto/noble.test.ts: verify > verifies Ed25519 by RFC 8032, not ZIP 215: a key of small order accepts no signature",
        `${suite}: suite, certificate and group`,
      ],
    ),
  ],
  ["5.10", "The context of Ed448 is empty.", doesNotApply("We support neither Ed448 nor X448.")],
  [
    "5.10, 5.11",
    "An all-zero X25519 shared secret ends the handshake, and so does a public key that is not a point of its NIST " +
      "curve. Both the client and the server check this.",
    obeyedBy(
      ["handshake/keyExchange/ecdheCommon.ts#ecdhSharedSecret", "crypto/noble.ts#agreeX25519"],
      [
        `${keyExchange}: the peer's public key > %s is refused by both sides (RFC 8422 §5.11)`,
        "crypto/noble.test.ts: key agreement > %s: refuses keys of another length or encoding, or off the curve",
        "crypto/wycheproof.test.ts: noble gives the results of Wycheproof's vectors",
      ],
    ),
  ],
  [
    "6",
    "A server supports ECDHE_ECDSA and ECDHE_RSA with AES-128, in GCM and in CBC with SHA-1.",
    obeyedBy(
      "handshake/suites.ts#legacySuites",
      `${tests.suites}: the cipher suites > include those that RFC 5246 §9 and RFC 8422 §6 name; the default is only forward secret AEADs`,
    ),
  ],
]);
