import { concat, hex16 } from "../bytes/bytes.ts";
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
} from "../wire/messages.ts";
import { type VerifiedPeer, verifyPeer } from "../x509/verify.ts";
import type { Offer } from "./agreement.ts";
import { applyAgreement, type HelloResults } from "./agreement.ts";
import { chooseCredentials } from "./chooseCredentials.ts";
import type { ServerConfig } from "./config.ts";
import { serverExtensions } from "./extensions/all.ts";
import { readOffer } from "./extensions/extension.ts";
import { emptyRenegotiationInfoScsv } from "./extensions/renegotiationInfo.ts";
import { ocspResponseFor } from "./extensions/statusRequest.ts";
import type { HandshakeGate } from "./gate.ts";
import type { HandshakeLink } from "./link.ts";
import { type Choice, checkAlpn, checkHello, choose, hasCertificateFor } from "./negotiate.ts";
import { observeAlerts, type ServerObserver } from "./observer.ts";
import {
  cacheSession,
  findOfferedSession,
  newServerSessionState,
  newSessionId,
  resumeSession,
  sendTicket,
} from "./resumption/server.ts";
import { Secrets } from "./secrets.ts";
import { answerHello } from "./serverHello.ts";
import { type HandshakeResult, sessionOf } from "./session.ts";
import { configForHost } from "./virtualHosts.ts";

/** The full handshake, RFC 5246 §7.3, figure 1, right column. */
export function* serverHandshake(
  link: HandshakeLink,
  baseConfig: ServerConfig,
  gate?: HandshakeGate,
  observer?: ServerObserver,
): Flow<HandshakeResult> {
  if (observer) observeAlerts(link, observer);
  const hello = yield* link.expect(clientHello); //                                             --> ClientHello
  link.checkFlightEnd();
  const offer = readHello(baseConfig, hello);
  if (gate) yield* waitFor(gate.begin());
  const hostConfig = configForHost(baseConfig, offer.serverName);
  const config = yield* chooseCredentials(hostConfig, hello, offer, link.transcriptBytes());
  const session = yield* findOfferedSession(link, config, hello, offer, observer);
  if (session) return yield* resumeSession(link, config, hello, offer, session); //             figure 2 from here

  const choice = choose(config, hello, offer);
  const { suite, credential, group } = choice;
  const response = yield* ocspResponseFor(offer, credential);
  const context = { offer, agreement: { suite, resumed: false }, credential, response };
  const { message, hellos } = answerHello(config, hello, context, (agreement) => newSessionId(config, agreement));

  link.send(serverHello, message); //                                                           <-- ServerHello
  applyAgreement(link, config.provider, hellos, group);
  if (credential) link.send(certificate, { certificateList: credential.credential.chain }); //  <-- Certificate*
  if (response) link.send(certificateStatus, { statusType: ocspStatus, response }); //          <-- CertificateStatus*
  const exchange = yield* suite.keyExchange.server(link, config, {
    group,
    credential,
    clientVersion: hello.clientVersion,
    sign: (params) => signParams(choice, hellos, params),
  }); //                                                                                        <-- ServerKeyExchange*
  const secrets = new Secrets(link, config, hellos);
  try {
    const requestsCertificate = credential !== undefined && config.clientAuth !== "none";
    if (requestsCertificate) link.send(certificateRequest, certificateRequestBody(config)); //  <-- CertificateRequest*
    link.send(serverHelloDone, {}); //                                                          <-- ServerHelloDone

    const client = requestsCertificate ? yield* expectCertificate(link, config) : anonymous; // --> Certificate*
    const { premaster, sessionPsk } = yield* exchange.expect(); //                              --> ClientKeyExchange
    secrets.derive(premaster);
    if (client.peer) yield* expectCertificateVerify(link, config, client.peer); //              --> CertificateVerify*
    const protections = yield* secrets.protections();
    yield* link.expectChangeCipherSpec(protections.client); //                                  --> [ChangeCipherSpec]
    yield* link.expectFinished(() => secrets.verifyData("client")); //                          --> Finished

    const state = newServerSessionState(config, hellos, secrets, { ...client, sessionPsk }, offer, credential);
    if (hellos.agreement.ticket) yield* sendTicket(link, config, state); //                     <-- NewSessionTicket*
    link.sendChangeCipherSpec(protections.server); //                                           <-- [ChangeCipherSpec]
    link.send(finished, { verifyData: secrets.verifyData("server") }); //                       <-- Finished
    link.checkHandshakeEnd();
    return {
      session: sessionOf("server", hellos.agreement, offer.serverName, {
        group: group?.name,
        signatureScheme: choice.scheme?.name,
        peer: client.peer,
        sessionPsk,
        serverNameMatched: hasCertificateFor(config, offer.serverName),
      }),
      exporter: secrets.exporter(credential?.certificate),
      forgetSession: yield* cacheSession(config, message.sessionId, state),
    };
  } finally {
    secrets.wipe();
    exchange.wipe?.();
  }
}

/** Reads the extensions of a ClientHello, and makes the checks that every handshake needs, a resumed one too. */
function readHello(config: ServerConfig, hello: ClientHello): Offer {
  const extensions = readOffer(serverExtensions, hello.extensions, config);
  const secureRenegotiation = hello.cipherSuites.includes(emptyRenegotiationInfoScsv);
  const offer = secureRenegotiation ? { ...extensions, secureRenegotiation } : extensions;
  checkHello(hello, offer);
  checkAlpn(config, offer);
  return offer;
}

/** Signs both randoms and the parameters of ServerKeyExchange with the certificate's key (RFC 5246 §7.4.3). */
function* signParams(
  { credential, scheme }: Choice,
  { clientRandom, serverRandom }: HelloResults,
  params: Uint8Array,
): Flow<DigitallySigned> {
  if (!credential || !scheme) throw new Error("no key or scheme to sign with");
  const content = concat(clientRandom, serverRandom, params);
  return { scheme: scheme.id, signature: yield* callHook(() => credential.credential.sign(scheme, content)) };
}

function certificateRequestBody(config: ServerConfig): {
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

/** The client's certificate: `peer` is the verified client, `chain` the certificates as sent. */
interface ClientCertificate {
  readonly peer: VerifiedPeer | undefined;
  readonly chain: readonly Uint8Array[];
}
const anonymous: ClientCertificate = { peer: undefined, chain: [] };

function* expectCertificate(link: HandshakeLink, config: ServerConfig): Flow<ClientCertificate> {
  const { certificateList } = yield* link.expect(certificate);
  if (!certificateList.length) {
    if (config.clientAuth === "require")
      throw new TlsError("handshake_failure", "the client showed no certificate, and one is required", {
        code: "no_client_certificate",
        advice: "give the client a credential",
      });
    return anonymous;
  }
  if (!config.clientTrust) throw new Error("clientAuth without clientTrust passed the configuration");
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
  return { peer: client, chain: certificateList };
}

/** Verifies the client's signature of all messages so far, with the key of its certificate (RFC 5246 §7.4.8). */
function* expectCertificateVerify(link: HandshakeLink, config: ServerConfig, client: VerifiedPeer): Flow<void> {
  const messages = link.transcriptBytes();
  const { scheme: id, signature } = yield* link.expect(certificateVerify);
  const { publicKey, pssHash } = client.certificate;
  const scheme = schemesForKey(publicKey, config.schemes, pssHash).find((row) => row.id === id);
  if (!scheme)
    throw new TlsError(
      "illegal_parameter",
      `the client signed with scheme ${hex16(id)}, which was not asked for or does not fit its key`,
      { code: "wrong_signature_type" },
    );
  if ((yield* waitFor(config.provider.verify(scheme.algorithm, publicKey, messages, signature))) !== true)
    throw new TlsError(
      "decrypt_error",
      "the client's CertificateVerify is wrong: it does not hold its certificate's key, or the handshake was altered",
      { code: "bad_signature" },
    );
}
