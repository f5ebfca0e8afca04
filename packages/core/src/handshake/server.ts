import { concat } from "../bytes/bytes.ts";
import { schemesForKey } from "../crypto/signatures.ts";
import { TlsError } from "../errors.ts";
import { callHook, type Flow, waitFor } from "../flow.ts";
import {
  type ClientHello,
  certificate,
  certificateRequest,
  certificateStatus,
  certificateVerify,
  clientHello,
  type DigitallySigned,
  finished,
  ocspStatus,
  serverHello,
  serverHelloDone,
  tls12,
} from "../wire/messages.ts";
import { type VerifiedPeer, verifyPeer } from "../x509/verify.ts";
import { applyAgreement } from "./agreement.ts";
import { chooseCredentials } from "./chooseCredentials.ts";
import type { ServerConfig } from "./config.ts";
import { serverExtensions } from "./extensions/all.ts";
import { answerExtensions, readOffer } from "./extensions/extension.ts";
import { emptyRenegotiationInfoScsv } from "./extensions/renegotiationInfo.ts";
import { staple } from "./extensions/statusRequest.ts";
import { type Choice, checkAlpn, checkHello, choose, isOurs } from "./negotiate.ts";
import type { Peer } from "./peer.ts";
import {
  cacheSession,
  findOfferedSession,
  newSessionId,
  resumeSession,
  sendTicket,
  serverState,
} from "./resumption/server.ts";
import { Secrets } from "./secrets.ts";
import { type Established, type Offer, sessionOf } from "./session.ts";

/** The full handshake, RFC 5246 §7.3, figure 1, right column. */
export function* serverHandshake(peer: Peer, shared: ServerConfig): Flow<Established> {
  const hello = yield* peer.expect(clientHello); //                                ClientHello         -->
  peer.endFlight();
  const offer = read(shared, hello);
  checkHello(hello, offer);
  checkAlpn(shared, offer);
  const config = yield* chooseCredentials(shared, hello, offer, peer.transcript.bytes());
  const asked = yield* findOfferedSession(config, hello, offer);
  if (typeof asked === "object") return yield* resumeSession(peer, config, hello, offer, asked); //         figure 2 from here
  if (asked) peer.trace?.({ type: "resumption", resumed: false, reason: asked });

  const choice = choose(config, hello, offer);
  const { suite, credential, group, scheme } = choice;
  const response = yield* staple(offer, credential);
  const { agreement, extensions } = answerExtensions(serverExtensions, {
    offer,
    agreement: { suite, resumed: false },
    config,
    credential,
    response,
  });
  const random = config.random(32);
  const sessionId = newSessionId(config, agreement);

  peer.send(serverHello, {
    serverVersion: tls12,
    random,
    sessionId,
    cipherSuite: suite.id,
    compressionMethod: 0,
    extensions,
  }); //                                                                                                <-- ServerHello
  applyAgreement(peer, config.provider, { agreement, clientRandom: hello.random, serverRandom: random }, group);
  const certifies = credential && config.clientAuth !== "none";
  if (credential) peer.send(certificate, { certificateList: credential.credential.chain }); //          <-- Certificate*
  if (response) peer.send(certificateStatus, { statusType: ocspStatus, response }); //                  <-- CertificateStatus*
  const exchange = yield* suite.keyExchange.server(peer, config, {
    group,
    credential,
    clientVersion: hello.clientVersion,
    sign: (params) => signParams(choice, concat(hello.random, random, params)),
  }); //                                                                                                <-- ServerKeyExchange*
  const secrets = new Secrets(peer, config, suite, hello.random, random);
  try {
    if (certifies) peer.send(certificateRequest, request(config)); //                <-- CertificateRequest*
    peer.send(serverHelloDone, {}); //                                                                  <-- ServerHelloDone

    const { client, chain } = certifies ? yield* expectCertificate(peer, config) : nobody; // Certificate*  -->
    const { premaster, sessionPsk } = yield* exchange.expect(); //                          ClientKeyExchange   -->
    secrets.derive(premaster, agreement.extendedMasterSecret ? peer.transcript.hash() : undefined);
    if (client) yield* expectCertificateVerify(peer, config, client); //           CertificateVerify*  -->
    peer.transcript.forgetBytes();
    const keys = yield* secrets.protect(agreement);
    yield* peer.expectChangeCipherSpec(keys.client); //                            [ChangeCipherSpec]
    const first = yield* peer.expectFinished(() => secrets.verifyData("client")); // Finished          -->
    const made = { agreement, masterSecret: secrets.masterSecret, peer: client, chain, sessionPsk };
    const state = serverState(config, made, offer, credential);
    if (agreement.ticket) yield* sendTicket(peer, config, state); //                                    <-- NewSessionTicket*
    peer.sendChangeCipherSpec(keys.server); //                                                              [ChangeCipherSpec]
    peer.send(finished, { verifyData: secrets.verifyData("server") }); //                               <-- Finished
    peer.endHandshake();

    return {
      session: sessionOf("server", agreement, offer.serverName, {
        group: group?.name,
        signatureScheme: scheme?.name,
        peer: client,
        sessionPsk,
        serverNameMatched: isOurs(config, offer.serverName),
      }),
      exporter: secrets.exporter(agreement, first, credential?.certificate),
      forget: yield* cacheSession(config, sessionId, state),
    };
  } finally {
    secrets.wipe();
    exchange.wipe?.();
  }
}

function read(config: ServerConfig, hello: ClientHello): Offer {
  const offer = readOffer(serverExtensions, hello.extensions, config);
  return hello.cipherSuites.includes(emptyRenegotiationInfoScsv) ? { ...offer, secureRenegotiation: true } : offer;
}

/** Parameters behind both randoms, signed with the certificate's key (RFC 5246 §7.4.3). */
function* signParams({ credential, scheme }: Choice, content: Uint8Array): Flow<DigitallySigned> {
  if (!credential || !scheme) throw new Error("no key or scheme to sign with");
  return { scheme: scheme.id, signature: yield* callHook(() => credential.credential.sign(scheme, content)) };
}

function request(config: ServerConfig): {
  certificateTypes: number[];
  schemes: number[];
  certificateAuthorities: readonly Uint8Array[];
} {
  const rsaSign = 1;
  const ecdsaSign = 64;
  return {
    certificateTypes: [ecdsaSign, rsaSign],
    schemes: config.schemes.map((scheme) => scheme.id),
    certificateAuthorities: config.certificateAuthorities,
  };
}

interface ShownClient {
  readonly client: VerifiedPeer | undefined;
  /** As it was sent. */
  readonly chain: readonly Uint8Array[];
}
const nobody: ShownClient = { client: undefined, chain: [] };

function* expectCertificate(peer: Peer, config: ServerConfig): Flow<ShownClient> {
  const { certificateList } = yield* peer.expect(certificate);
  if (!certificateList.length) {
    if (config.clientAuth === "require")
      throw new TlsError("handshake_failure", "the client showed no certificate, and one is required", {
        code: "no_client_certificate",
        advice: "give the client a credential",
      });
    return nobody;
  }
  if (!config.clientTrust) throw new Error("clientAuth without clientTrust got past the configuration");
  const client = yield* verifyPeer({
    chain: certificateList,
    policy: config.clientTrust,
    purpose: "client",
    now: config.now(),
    provider: config.provider,
    cache: config.certificateCache,
  });
  const { keyUsage } = client.certificate;
  if (keyUsage && !keyUsage.has("digitalSignature"))
    throw new TlsError("unsupported_certificate", "keyUsage of the client's certificate lacks digitalSignature", {
      code: "key_usage",
    });
  return { client, chain: certificateList };
}

/** The client holds the key of its certificate: it signs all messages so far (RFC 5246 §7.4.8). */
function* expectCertificateVerify(peer: Peer, config: ServerConfig, client: VerifiedPeer): Flow<void> {
  const transcript = peer.transcript.bytes();
  const { scheme: id, signature } = yield* peer.expect(certificateVerify);
  const { publicKey, pssHash } = client.certificate;
  const scheme = schemesForKey(publicKey, config.schemes, pssHash).find((row) => row.id === id);
  if (!scheme)
    throw new TlsError(
      "illegal_parameter",
      `the client signed with scheme 0x${id.toString(16).padStart(4, "0")}, which was not asked for or does not fit its key`,
      { code: "wrong_signature_type" },
    );
  if ((yield* waitFor(config.provider.verify(scheme.algorithm, publicKey, transcript, signature))) !== true)
    throw new TlsError(
      "decrypt_error",
      "the client's CertificateVerify is wrong: it does not hold its certificate's key, or the handshake was altered",
      { code: "bad_signature" },
    );
}
