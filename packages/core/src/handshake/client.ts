import { concat, wipe } from "../bytes/bytes.ts";
import type { Credential } from "../crypto/credential.ts";
import type { NamedGroup } from "../crypto/groups.ts";
import { type SignatureScheme, schemesOf } from "../crypto/signatures.ts";
import type { CipherSuite } from "../crypto/suites.ts";
import { TlsError } from "../errors.ts";
import { call, type Flow, settle } from "../flow.ts";
import { encode } from "../wire/codec.ts";
import {
  type CertificateRequest,
  type ClientHello,
  certificate,
  certificateRequest,
  certificateVerify,
  clientEcdhPublic,
  clientEncryptedPremaster,
  clientHello,
  finished,
  type ServerHello,
  type ServerKeyExchange,
  serverEcdhParams,
  serverHello,
  serverHelloDone,
  serverKeyExchange,
  tls12,
} from "../wire/messages.ts";
import { type VerifiedPeer, verifyPeer } from "../x509/verify.ts";
import type { ClientConfig } from "./config.ts";
import { clientExtensions } from "./extensions/client.ts";
import { type Agreement, acceptExtensions, offerExtensions } from "./extensions/extension.ts";
import { agreeOn } from "./keyExchange.ts";
import type { Peer } from "./peer.ts";
import { Secrets } from "./secrets.ts";
import type { Session } from "./session.ts";

/** The full handshake, RFC 5246 §7.3, figure 1, left column. */
export function* clientHandshake(peer: Peer, config: ClientConfig): Flow<Session> {
  const offered = offer(config);
  peer.send(clientHello, offered); //                                                  ClientHello          -->

  const hello = yield* peer.expect(serverHello); //                                                         <-- ServerHello
  const { suite, agreement } = agree(peer, config, offered, hello);
  const { certificateList } = yield* peer.expect(certificate); //                                           <-- Certificate
  const exchange = suite.keyExchange === "ecdhe" ? yield* peer.expect(serverKeyExchange) : undefined; //    <-- ServerKeyExchange*
  const request = yield* peer.optional(certificateRequest); //                                              <-- CertificateRequest*
  yield* peer.expect(serverHelloDone); //                                                                   <-- ServerHelloDone

  const server = yield* verifyServer(config, suite, certificateList);
  const signed = exchange && (yield* verifyKeyExchange(config, server, offered, hello, exchange));
  const own = request && (yield* chooseCredential(config, request));

  const secrets = new Secrets(peer, config, suite, offered.random, hello.random);
  try {
    if (request) peer.send(certificate, { certificateList: own?.credential.chain ?? [] }); // Certificate*  -->
    const premaster = signed
      ? yield* sendEcdhPublic(peer, config, signed.group, signed.public)
      : yield* sendEncryptedPremaster(peer, config, server); //                        ClientKeyExchange    -->
    secrets.derive(premaster, agreement.extendedMasterSecret ? peer.transcript.hash() : undefined);
    if (own) peer.send(certificateVerify, yield* signTranscript(peer, own)); //        CertificateVerify*   -->
    peer.transcript.forgetBytes();
    const keys = yield* secrets.protect();
    peer.sendChangeCipherSpec(keys.client); //                                         [ChangeCipherSpec]
    peer.send(finished, { verifyData: secrets.verifyData("client") }); //              Finished             -->

    yield* peer.expectChangeCipherSpec(keys.server); //                                                         [ChangeCipherSpec]
    yield* peer.expectFinished(() => secrets.verifyData("server")); //                                      <-- Finished
  } finally {
    secrets.wipe();
  }
  peer.endHandshake();
  return {
    role: "client",
    version: "TLSv1.2",
    suite: suite.name,
    ...(signed && { group: signed.group.name, signatureScheme: signed.scheme.name }),
    alpn: agreement.alpn ?? null,
    serverName: config.serverName ?? null,
    resumed: false,
    extendedMasterSecret: agreement.extendedMasterSecret,
    encryptThenMac: false,
    secureRenegotiation: agreement.secureRenegotiation,
    peer: server,
  };
}

function offer(config: ClientConfig): ClientHello {
  return {
    clientVersion: tls12,
    random: config.random(32),
    sessionId: new Uint8Array(0),
    cipherSuites: config.suites.map((suite) => suite.id),
    compressionMethods: [0],
    extensions: offerExtensions(clientExtensions, config),
  };
}

/** What ServerHello chose must be something we offered. */
function agree(
  peer: Peer,
  config: ClientConfig,
  offered: ClientHello,
  hello: ServerHello,
): { suite: CipherSuite; agreement: Agreement } {
  if (hello.serverVersion !== tls12)
    throw new TlsError(
      "protocol_version",
      `the server chose version 0x${hello.serverVersion.toString(16).padStart(4, "0")}, we speak TLS 1.2 only`,
      { advice: "enable TLS 1.2 on the server" },
    );
  const suite = config.suites.find((row) => row.id === hello.cipherSuite);
  if (!suite)
    throw new TlsError(
      "illegal_parameter",
      `the server chose suite 0x${hello.cipherSuite.toString(16).padStart(4, "0")}, which was not offered`,
      { code: "wrong_cipher_returned" },
    );
  if (hello.compressionMethod !== 0)
    throw new TlsError("illegal_parameter", "the server chose compression, which was not offered");
  const agreement = acceptExtensions(clientExtensions, offered.extensions ?? [], hello.extensions, config);
  peer.records.requireVersion();
  peer.transcript.useHash(config.provider.hashes[suite.prf]);
  peer.trace?.({
    type: "agreed",
    suite: suite.name,
    clientRandom: offered.random.slice(),
    serverRandom: hello.random.slice(),
    extendedMasterSecret: agreement.extendedMasterSecret,
  });
  return { suite, agreement };
}

/** The path and the name, then what this suite needs of the key (RFC 5246 §7.4.2, RFC 8422 §5.3). */
function* verifyServer(config: ClientConfig, suite: CipherSuite, chain: readonly Uint8Array[]): Flow<VerifiedPeer> {
  const server = yield* verifyPeer({
    chain,
    policy: config.trust,
    purpose: "server",
    ...(config.serverName !== undefined && { reference: config.serverName }),
    now: config.now(),
    provider: config.provider,
  });
  const { publicKey, keyUsage } = server.certificate;
  if ((publicKey.type === "rsa") !== (suite.authentication === "rsa"))
    throw new TlsError("illegal_parameter", `the server's ${publicKey.type} key does not fit ${suite.name}`, {
      code: "wrong_certificate_type",
    });
  const usage = suite.keyExchange === "rsa" ? "keyEncipherment" : "digitalSignature";
  if (keyUsage && !keyUsage.has(usage))
    throw new TlsError(
      "unsupported_certificate",
      `keyUsage of the server's certificate lacks ${usage}, which ${suite.name} needs`,
      { code: "key_usage" },
    );
  if (publicKey.type === "ec" && !config.groups.some((group) => group.name === publicKey.curve))
    throw new TlsError("illegal_parameter", `the server's key is on ${publicKey.curve}, which was not offered`, {
      code: "wrong_curve",
    });
  return server;
}

/** The server's ephemeral key, signed together with both randoms (RFC 8422 §5.4). */
function* verifyKeyExchange(
  config: ClientConfig,
  server: VerifiedPeer,
  offered: ClientHello,
  hello: ServerHello,
  { params, signed }: ServerKeyExchange,
): Flow<{ group: NamedGroup; scheme: SignatureScheme; public: Uint8Array }> {
  const namedCurve = 3;
  const group = params.curveType === namedCurve ? config.groups.find((row) => row.id === params.namedCurve) : undefined;
  if (!group)
    throw new TlsError("illegal_parameter", `the server chose curve ${params.namedCurve}, which was not offered`, {
      code: "wrong_curve",
    });
  const { publicKey, pssHash } = server.certificate;
  const scheme = schemesOf(publicKey, config.schemes, pssHash).find((row) => row.id === signed.scheme);
  if (!scheme)
    throw new TlsError(
      "illegal_parameter",
      `the server signed with scheme 0x${signed.scheme.toString(16).padStart(4, "0")}, which was not offered or does not fit its key`,
      { code: "wrong_signature_type" },
    );
  const content = concat(offered.random, hello.random, encode(serverEcdhParams, params));
  if (!(yield* settle(config.provider.verify(scheme.algorithm, publicKey, content, signed.signature))))
    throw new TlsError("decrypt_error", "the server's signature of its key exchange is wrong", {
      code: "bad_signature",
    });
  return { group, scheme, public: params.public };
}

interface OwnCredential {
  readonly credential: Credential;
  readonly scheme: SignatureScheme;
}

/** ClientCertificateType, RFC 8422 §5.5: ecdsa_sign goes for EdDSA too. */
const certificateTypes = { rsa: 1, rsa_pss: 1, ec: 64, ed25519: 64 } as const;

/** Our certificate, if we have one that the server can verify; none is an answer too (RFC 5246 §7.4.6). */
function* chooseCredential(config: ClientConfig, request: CertificateRequest): Flow<OwnCredential | undefined> {
  const schemes = config.schemes.filter(
    (row) => request.schemes.includes(row.id) && request.certificateTypes.includes(certificateTypes[row.key]),
  );
  const credential = yield* call(() =>
    config.selectCredential({ schemes, certificateAuthorities: request.certificateAuthorities }),
  );
  const scheme = credential?.schemes.find((row) => schemes.some(({ id }) => id === row.id));
  return credential && scheme && { credential, scheme };
}

function* signTranscript(
  peer: Peer,
  { credential, scheme }: OwnCredential,
): Flow<{ scheme: number; signature: Uint8Array }> {
  const transcript = peer.transcript.bytes();
  return { scheme: scheme.id, signature: yield* call(() => credential.sign(scheme, transcript)) };
}

/** ECDHE: the shared x coordinate is the premaster secret (RFC 8422 §5.10). */
function* sendEcdhPublic(
  peer: Peer,
  config: ClientConfig,
  group: NamedGroup,
  serverPublic: Uint8Array,
): Flow<Uint8Array> {
  const agreement = config.provider.groups[group.name];
  if (!agreement) throw new Error("a group that the provider lacks got past the configuration");
  const share = yield* settle(agreement(config.random));
  try {
    const premaster = yield* agreeOn(share, serverPublic, group);
    peer.send(clientEcdhPublic, { public: share.publicKey });
    return premaster;
  } finally {
    share.wipe();
  }
}

/** RSA: 48 bytes that only the server's key can read, the offered version in front against rollback (RFC 5246 §7.4.7.1). */
function* sendEncryptedPremaster(peer: Peer, config: ClientConfig, server: VerifiedPeer): Flow<Uint8Array> {
  const { publicKey } = server.certificate;
  if (publicKey.type !== "rsa" || publicKey.pssOnly)
    throw new TlsError("illegal_parameter", "the server's key cannot decrypt", { code: "wrong_certificate_type" });
  const premaster = config.random(48);
  premaster[0] = tls12 >> 8;
  premaster[1] = tls12 & 255;
  try {
    peer.send(clientEncryptedPremaster, {
      encryptedPremasterSecret: yield* settle(config.provider.rsaEncrypt(publicKey, premaster, config.random)),
    });
  } catch (error) {
    wipe(premaster);
    throw error;
  }
  return premaster;
}
