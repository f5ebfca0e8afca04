/**
 * RFC 7366, encrypt_then_mac, and RFC 8422, elliptic curves.
 * @module
 */
import { both, by, noAnonymous, noDtls, noRenegotiation, not, ofClient, type Rfc, rfc, tests } from "./statement.ts";

const { dhe, etm, grease, hello, keyExchange, keyUsage, points, suite } = tests;
const record = "record/encryptThenMac.test.ts";

export const rfc7366: Rfc = rfc(7366, "Encrypt-then-MAC", [
  [
    "2",
    "the extension is number 22 and empty, and takes effect where both sent it",
    both({
      client: by(
        ["handshake/extensions/encryptThenMac.ts#encryptThenMacClient"],
        [
          `${etm}: encrypt_then_mac > is negotiated with CBC`,
          `${etm}: encrypt_then_mac > with content in the %s's hello is decode_error`,
          `${etm}: encrypt_then_mac > if only one side applies it, no record can be decrypted`,
        ],
      ),
      server: by(
        ["handshake/extensions/encryptThenMac.ts#encryptThenMacServer"],
        [
          `${etm}: encrypt_then_mac > is negotiated with CBC`,
          `${etm}: encrypt_then_mac > with content in the %s's hello is decode_error`,
          `${etm}: encrypt_then_mac > if only one side applies it, no record can be decrypted`,
        ],
      ),
    }),
  ],
  [
    "3",
    "the MAC covers number, header, IV and ciphertext",
    by("record/cbc.ts#EncryptThenMac", [
      `${record}: seals and opens the vector`,
      `${record}: gives the same error for another sequence number`,
    ]),
  ],
  [
    "3",
    "a server whose suite is an AEAD does not answer it; a client refuses such an answer",
    both({
      client: by(
        ["handshake/extensions/encryptThenMac.ts#encryptThenMacClient"],
        [`${etm}: encrypt_then_mac > an answer with an AEAD suite is illegal_parameter`],
      ),
      server: by(
        ["handshake/extensions/encryptThenMac.ts#encryptThenMacServer"],
        [
          `${etm}: encrypt_then_mac > is offered if a CBC suite is offered, and not answered if another suite is chosen (RFC 7366 §3)`,
        ],
      ),
    }),
  ],
  [
    "3",
    "the MAC is checked before anything is decrypted; a wrong one ends it there, with a fatal bad_record_mac",
    by("record/cbc.ts#EncryptThenMac", `${record}: gives one error for any altered bit, and decrypts nothing`),
  ],
  ["3", "in DTLS the record is dropped", noDtls],
  ["3.1", "the mechanism stays over renegotiation, and never falls back to MAC-then-encrypt", noRenegotiation],
]);

export const rfc8422: Rfc = rfc(8422, "Elliptic Curve Cryptography Cipher Suites", [
  [
    "2.1, 5.3",
    "ECDHE_ECDSA has an ECDSA or EdDSA key, which signs the parameters",
    both({
      client: by(
        ["handshake/client.ts#verifyCertificate"],
        [
          `${keyExchange}: the server's certificate > must have a key that fits the suite (RFC 5246 §7.4.2)`,
          `${suite}: suite, certificate and group`,
        ],
      ),
      server: by(["handshake/negotiate.ts#signingScheme"], [`${suite}: suite, certificate and group`]),
    }),
  ],
  [
    "2.2, 5.3",
    "ECDHE_RSA has an RSA key that may sign, which does",
    both({
      client: by(
        ["handshake/client.ts#verifyCertificate"],
        [
          `${keyUsage}: keyUsage of the server's certificate > must contain digitalSignature for ECDHE`,
          `${suite}: suite, certificate and group`,
        ],
      ),
      server: by(
        ["handshake/negotiate.ts#signingScheme"],
        [
          "connection/credential.test.ts: a server's certificate is refused at configuration > if its keyUsage or its kind of key serves none of the suites",
          `${suite}: suite, certificate and group`,
        ],
      ),
    }),
  ],
  ["2.3", "ECDH_anon shows no certificates and signs nothing; who uses it authenticates otherwise (§2)", noAnonymous],
  [
    "3",
    "a client whose certificate does not fit shows none, and then sends no CertificateVerify",
    by("handshake/client.ts#clientHandshake", [
      `${suite}: the client's certificate > request: a client without a certificate connects`,
      "connection/clientCredentials.test.ts: a single credential > is not sent to a server that cannot verify its kind of key",
    ]),
  ],
  [
    "3.1, 5.6",
    "for ecdsa_sign the client's certificate has an ECDSA or EdDSA key",
    by(
      "handshake/client.ts#chooseCredential",
      `${keyExchange}: CertificateVerify with a scheme that %s is refused (RFC 5246 §7.4.8)`,
    ),
  ],
  [
    "4, 5.1",
    "a client with ECC suites sends both extensions, and one without sends neither",
    by(
      [
        "handshake/extensions/supportedGroups.ts#supportedGroupsClient",
        "handshake/extensions/ecPointFormats.ts#ecPointFormatsClient",
      ],
      `${hello}: ClientHello > names curves and the uncompressed format only with an ECC suite (RFC 8422 §4)`,
    ),
  ],
  [
    "4, 5.1, 5.3",
    "a server heeds both extensions, for ECDHE and for the certificate's curve, and takes no ECC suite where it cannot",
    by(
      ["handshake/negotiate.ts#groupFor", "handshake/negotiate.ts#signingScheme"],
      [
        `${suite}: the server's certificate > an ECDSA certificate on a curve that the client does not offer is not chosen`,
        `${keyExchange}: a server without a curve in common chooses no ECC suite (RFC 8422 §5.1)`,
        `${grease}: a peer's GREASE is ignored > groups`,
      ],
    ),
  ],
  [
    "5.1, 5.1.2",
    "the uncompressed format is supported and listed, and no other; a client's list without it is illegal_parameter",
    both({
      client: by(
        ["handshake/extensions/ecPointFormats.ts#ecPointFormatsClient"],
        [
          `${hello}: ClientHello > names curves and the uncompressed format only with an ECC suite (RFC 8422 §4)`,
          `${keyExchange}: the peer's public key > %s is refused by both sides (RFC 8422 §5.11)`,
        ],
      ),
      server: by(
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
    "a server that chose an ECC suite answers a client's formats with a list of its own, which has the uncompressed one; the client heeds it",
    both({
      client: by(
        ["handshake/extensions/ecPointFormats.ts#ecPointFormatsClient"],
        [`${points}: ec_point_formats > a client refuses a list without the uncompressed format`],
      ),
      server: by(
        ["handshake/extensions/ecPointFormats.ts#ecPointFormatsServer"],
        [
          `${points}: ec_point_formats > is answered with uncompressed only if an ECC suite is chosen (RFC 8422 §5.2)`,
          `${points}: ec_point_formats > is not sent to a client that did not send it`,
          `${points}: ec_point_formats > is not answered if the suite is not an ECC suite`,
        ],
      ),
    }),
  ],
  [
    "5.3",
    "the server's key is on a curve that the client offered",
    ofClient(
      "handshake/client.ts#verifyCertificate",
      `${keyExchange}: the server's certificate > must have its key on a curve that the client offered (RFC 8422 §5.3)`,
    ),
  ],
  [
    "5.4",
    "the parameters name a curve that the client offered, and do not spell one out",
    by("handshake/keyExchange/ephemeral.ts#groupOf", `${keyExchange}: the server's parameters > are refused with %s`),
  ],
  [
    "5.4, 5.8",
    "an EdDSA signature is its octets, and no structure of two integers",
    by(
      "crypto/noble.ts#noble",
      "crypto/noble.test.ts: verify > accepts Ed25519's test 2 of RFC 8032 §7.1, and no other message",
    ),
  ],
  [
    "5.9",
    "certificates with EC and EdDSA keys are as RFC 3279 and RFC 8410 have them; Ed25519 keys sign as ed25519, and never as ECDSA",
    by(
      ["x509/key.ts#readPublicKey", "crypto/signatures.ts#schemesForKey"],
      [
        "x509/algorithms.test.ts: a path is accepted with > %s",
        "x509/algorithms.test.ts: a key is refused > as malformed: %s",
        "crypto/noble.test.ts: verify > gives false for a key of another kind, curve or encoding",
      ],
    ),
  ],
  [
    "5.10",
    "leading zeros of an ECDH secret stay",
    by(
      "handshake/keyExchange/ecdhe.ts#ecdhe",
      `${dhe}: leading zeros of the shared secret > ECDHE never does (RFC 8422 §5.10)`,
    ),
  ],
  [
    "5.10",
    "ECDSA is X9.62's, with SHA-256 or better",
    by("crypto/signatures.ts#defaultSchemes", [
      "crypto/noble.test.ts: verify > accepts the standard's signature by ECDSA on P-256 with %s, and no other",
      `${hello}: ClientHello > offers no anonymous, MD5 or SHA-1 scheme`,
    ]),
  ],
  [
    "5.10",
    "EdDSA is RFC 8032's, and its HashAlgorithm is 8",
    by(
      ["crypto/noble.ts#noble", "crypto/signatures.ts#ed25519"],
      [
        "crypto/noble.test.ts: verify > verifies Ed25519 by RFC 8032, not ZIP 215: a key of small order accepts no signature",
        `${suite}: suite, certificate and group`,
      ],
    ),
  ],
  ["5.10", "the context of Ed448 is empty", not("there is no Ed448 here, and no X448")],
  [
    "5.10, 5.11",
    "an X25519 secret of zeros ends the handshake; a NIST point is on its curve; both sides check",
    by(
      ["handshake/keyExchange/ephemeral.ts#ecdhSharedSecret", "crypto/noble.ts#agreeX25519"],
      [
        `${keyExchange}: the peer's public key > %s is refused by both sides (RFC 8422 §5.11)`,
        "crypto/noble.test.ts: key agreement > %s: refuses public keys of another length or encoding",
        "crypto/wycheproof.test.ts: noble against Wycheproof",
      ],
    ),
  ],
  [
    "6",
    "the suites that a server should have: ECDHE with ECDSA and with RSA, AES-128 in GCM, and in CBC with SHA-1",
    by(
      "handshake/suites.ts#legacySuites",
      `${tests.suites}: the cipher suites > include those that RFC 5246 §9 and RFC 8422 §6 require; the default is only forward secret AEADs`,
    ),
  ],
]);
