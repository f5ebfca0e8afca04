import { concat, wipe } from "../bytes/bytes.ts";
import type { KeyShare } from "../crypto/provider.ts";
import { unpadPremaster } from "../crypto/rsa.ts";
import { schemesOf } from "../crypto/signatures.ts";
import { TlsError } from "../errors.ts";
import { call, type Flow, settle } from "../flow.ts";
import { encode } from "../wire/codec.ts";
import {
  type ClientHello,
  certificate,
  certificateRequest,
  certificateVerify,
  clientEcdhPublic,
  clientEncryptedPremaster,
  clientHello,
  finished,
  serverEcdhParams,
  serverHello,
  serverHelloDone,
  serverKeyExchange,
  tls12,
} from "../wire/messages.ts";
import { type VerifiedPeer, verifyPeer } from "../x509/verify.ts";
import type { ServerConfig } from "./config.ts";
import { answerExtensions, type ClientOffer, noAgreement, readOffer } from "./extensions/extension.ts";
import { emptyRenegotiationInfoScsv } from "./extensions/renegotiationInfo.ts";
import { serverExtensions } from "./extensions/server.ts";
import { agreeOn } from "./keyExchange.ts";
import { type Choice, choose } from "./negotiate.ts";
import type { Peer } from "./peer.ts";
import { Secrets } from "./secrets.ts";
import type { Session } from "./session.ts";

/** The full handshake, RFC 5246 §7.3, figure 1, right column. */
export function* serverHandshake(peer: Peer, config: ServerConfig): Flow<Session> {
  const hello = yield* peer.expect(clientHello); //                                ClientHello         -->
  const offer = read(config, hello);
  const choice = choose(config, hello, offer);
  const { suite, credential } = choice;
  const agreement = noAgreement();
  const random = config.random(32);
  peer.records.requireVersion();

  peer.send(serverHello, {
    serverVersion: tls12,
    random,
    sessionId: new Uint8Array(0),
    cipherSuite: suite.id,
    compressionMethod: 0,
    extensions: answerExtensions(serverExtensions, offer, agreement, config),
  }); //                                                                                                <-- ServerHello
  peer.transcript.useHash(config.provider.hashes[suite.prf]);
  peer.trace?.({
    type: "agreed",
    suite: suite.name,
    ...(choice.ecdhe && { group: choice.ecdhe.group.name }),
    clientRandom: hello.random.slice(),
    serverRandom: random.slice(),
    extendedMasterSecret: agreement.extendedMasterSecret,
  });
  peer.send(certificate, { certificateList: credential.credential.chain }); //                          <-- Certificate
  const share = choice.ecdhe && (yield* sendServerKeyExchange(peer, config, choice, hello.random, random)); // <-- ServerKeyExchange*
  const secrets = new Secrets(peer, config, suite, hello.random, random);
  try {
    if (config.clientAuth !== "none") peer.send(certificateRequest, request(config)); //                <-- CertificateRequest*
    peer.send(serverHelloDone, {}); //                                                                  <-- ServerHelloDone

    const client = config.clientAuth === "none" ? undefined : yield* expectCertificate(peer, config); // Certificate*  -->
    const premaster = share
      ? yield* expectEcdhPublic(peer, choice, share)
      : yield* expectEncryptedPremaster(peer, config, choice, hello); //           ClientKeyExchange   -->
    secrets.derive(premaster.secret, agreement.extendedMasterSecret ? premaster.sessionHash : undefined);
    if (client) yield* expectCertificateVerify(peer, config, client); //           CertificateVerify*  -->
    peer.transcript.forgetBytes();
    const keys = yield* secrets.protect();
    yield* peer.expectChangeCipherSpec(keys.client); //                            [ChangeCipherSpec]
    yield* peer.expectFinished(() => secrets.verifyData("client")); //             Finished            -->
    peer.sendChangeCipherSpec(keys.server); //                                                              [ChangeCipherSpec]
    peer.send(finished, { verifyData: secrets.verifyData("server") }); //                               <-- Finished
    peer.endHandshake();

    return {
      role: "server",
      version: "TLSv1.2",
      suite: suite.name,
      ...(choice.ecdhe && { group: choice.ecdhe.group.name, signatureScheme: choice.ecdhe.scheme.name }),
      alpn: agreement.alpn ?? null,
      serverName: offer.serverName ?? null,
      resumed: false,
      extendedMasterSecret: agreement.extendedMasterSecret,
      encryptThenMac: false,
      secureRenegotiation: agreement.secureRenegotiation,
      ...(client && { peer: client }),
    };
  } finally {
    secrets.wipe();
    share?.wipe();
  }
}

function read(config: ServerConfig, hello: ClientHello): ClientOffer {
  const offer = readOffer(serverExtensions, hello.extensions, config);
  if (hello.cipherSuites.includes(emptyRenegotiationInfoScsv)) offer.secureRenegotiation = true;
  return offer;
}

/** An ephemeral key, signed together with both randoms (RFC 8422 §5.4). */
function* sendServerKeyExchange(
  peer: Peer,
  config: ServerConfig,
  { credential, ecdhe }: Choice,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
): Flow<KeyShare> {
  const agreement = ecdhe && config.provider.groups[ecdhe.group.name];
  if (!agreement) throw new Error("a group that the provider lacks got past the configuration");
  const share = yield* settle(agreement(config.random));
  try {
    const namedCurve = 3;
    const params = { curveType: namedCurve, namedCurve: ecdhe.group.id, public: share.publicKey };
    const content = concat(clientRandom, serverRandom, encode(serverEcdhParams, params));
    const signature = yield* call(() => credential.credential.sign(ecdhe.scheme, content));
    peer.send(serverKeyExchange, { params, signed: { scheme: ecdhe.scheme.id, signature } });
    return share;
  } catch (error) {
    share.wipe();
    throw error;
  }
}

function request(config: ServerConfig): {
  certificateTypes: number[];
  schemes: number[];
  certificateAuthorities: Uint8Array[];
} {
  const rsaSign = 1;
  const ecdsaSign = 64;
  return {
    certificateTypes: [ecdsaSign, rsaSign],
    schemes: config.schemes.map((scheme) => scheme.id),
    certificateAuthorities: config.clientTrust?.anchors.map((anchor) => anchor.subject.der) ?? [],
  };
}

function* expectCertificate(peer: Peer, config: ServerConfig): Flow<VerifiedPeer | undefined> {
  const { certificateList } = yield* peer.expect(certificate);
  if (!certificateList.length) {
    if (config.clientAuth === "require")
      throw new TlsError("handshake_failure", "the client showed no certificate, and one is required", {
        code: "no_client_certificate",
        advice: "give the client a credential",
      });
    return undefined;
  }
  if (!config.clientTrust) throw new Error("clientAuth without clientTrust got past the configuration");
  const client = yield* verifyPeer({
    chain: certificateList,
    policy: config.clientTrust,
    purpose: "client",
    now: config.now(),
    provider: config.provider,
  });
  const { keyUsage } = client.certificate;
  if (keyUsage && !keyUsage.has("digitalSignature"))
    throw new TlsError("unsupported_certificate", "keyUsage of the client's certificate lacks digitalSignature", {
      code: "key_usage",
    });
  return client;
}

/** The client holds the key of its certificate: it signs all messages so far (RFC 5246 §7.4.8). */
function* expectCertificateVerify(peer: Peer, config: ServerConfig, client: VerifiedPeer): Flow<void> {
  const transcript = peer.transcript.bytes();
  const { scheme: id, signature } = yield* peer.expect(certificateVerify);
  const { publicKey, pssHash } = client.certificate;
  const scheme = schemesOf(publicKey, config.schemes, pssHash).find((row) => row.id === id);
  if (!scheme)
    throw new TlsError(
      "illegal_parameter",
      `the client signed with scheme 0x${id.toString(16).padStart(4, "0")}, which was not asked for or does not fit its key`,
      { code: "wrong_signature_type" },
    );
  if (!(yield* settle(config.provider.verify(scheme.algorithm, publicKey, transcript, signature))))
    throw new TlsError(
      "decrypt_error",
      "the client's CertificateVerify is wrong: it does not hold its certificate's key, or the handshake was altered",
      { code: "bad_signature" },
    );
}

interface Premaster {
  readonly secret: Uint8Array;
  /** Snapshot right after ClientKeyExchange, before anything settles (RFC 7627 §3). */
  readonly sessionHash: Uint8Array;
}

function* expectEcdhPublic(peer: Peer, { ecdhe }: Choice, share: KeyShare): Flow<Premaster> {
  if (!ecdhe) throw new Error("an ECDHE share without ECDHE");
  const message = yield* peer.expect(clientEcdhPublic);
  const sessionHash = peer.transcript.hash();
  return { secret: yield* agreeOn(share, message.public, ecdhe.group), sessionHash };
}

/** Whatever is wrong with the ciphertext, the handshake goes on with random bytes and fails at Finished (RFC 5246 §7.4.7.1). */
function* expectEncryptedPremaster(
  peer: Peer,
  config: ServerConfig,
  { credential }: Choice,
  hello: ClientHello,
): Flow<Premaster> {
  const { encryptedPremasterSecret } = yield* peer.expect(clientEncryptedPremaster);
  const sessionHash = peer.transcript.hash();
  const fallback = config.random(48);
  const { publicKey } = credential.certificate;
  const own = credential.credential;
  if (publicKey.type !== "rsa" || !own.rsaDecryptRaw)
    throw new Error("an RSA suite without an RSA key got past the choice");
  const length = publicKey.modulus.length;
  // A wrong length is public, and so may be told apart; it still goes the same way.
  const ciphertext = encryptedPremasterSecret.length === length ? encryptedPremasterSecret : new Uint8Array(length);
  let block: Uint8Array = new Uint8Array(length);
  try {
    block = yield* call(() => own.rsaDecryptRaw?.(ciphertext) ?? block);
  } catch {
    // A ciphertext that is not below the modulus; the empty block above is not a valid one.
  }
  try {
    return { secret: unpadPremaster(block, hello.clientVersion, fallback), sessionHash };
  } finally {
    wipe(block, fallback);
  }
}
