import { type Bytes, concat, equal, hex16 } from "../bytes/bytes.ts";
import { type SignatureScheme, schemesForKey } from "../crypto/signatures.ts";
import { TlsError } from "../errors.ts";
import { callHook, type Flow, waitFor } from "../flow.ts";
import {
  type CertificateRequest,
  type ClientHello,
  certificate,
  certificateRequest,
  certificateStatus,
  certificateVerify,
  clientHello,
  type DigitallySigned,
  finished,
  newSessionTicket,
  type ServerHello,
  serverHello,
  serverHelloDone,
  tls12,
} from "../wire/messages.ts";
import type { Credential } from "../x509/credential.ts";
import { type VerifiedPeer, verifyPeer } from "../x509/verify.ts";
import { applyAgreement, type HelloResults } from "./agreement.ts";
import type { ClientConfig, NewClientSession, ResumableSession } from "./config.ts";
import { clientExtensions } from "./extensions/all.ts";
import { acceptExtensions, offerExtensions } from "./extensions/extension.ts";
import { addPadding } from "./extensions/padding.ts";
import { fallbackScsv } from "./fallbackScsv.ts";
import { precomputeShare } from "./keyExchange/ecdheCommon.ts";
import type { ClientExchange, PrecomputedShare, SessionPsk } from "./keyExchange/exchange.ts";
import type { HandshakeLink } from "./link.ts";
import { Secrets } from "./secrets.ts";
import { type HandshakeResult, type ReceivedCertificateRequest, type Session, sessionOf } from "./session.ts";
import type { SuiteRow } from "./suites.ts";

/** A client's handshake. It offers to resume a stored session if the configuration allows one. */
export function* clientHandshake(link: HandshakeLink, config: ClientConfig): Flow<HandshakeResult> {
  const resumable = yield* findResumableSession(link, config);
  // A resumed handshake needs no key share.
  const precomputed = resumable ? undefined : precomputeShare(config);
  try {
    return yield* runHandshake(link, config, resumable, precomputed);
  } catch (error) {
    // After any error in this flow, even an alert in place of ServerHello. Otherwise a server that rejects the session
    // would refuse every connection until the session expires. (The end of the transport runs only `finally`.)
    if (resumable) yield* resumable.forget();
    throw error;
  } finally {
    precomputed?.wipe();
  }
}

/** The full handshake, RFC 5246 §7.3, figure 1, left column. */
function* runHandshake(
  link: HandshakeLink,
  config: ClientConfig,
  resumable: ResumableSession | undefined,
  precomputed: PrecomputedShare | undefined,
): Flow<HandshakeResult> {
  const offered = makeClientHello(config, resumable);
  link.send(clientHello, offered); //                                                            --> ClientHello

  const hello = yield* link.expect(serverHello); //                                              <-- ServerHello
  const hellos = checkServerHello(link, config, offered, hello);
  const { resumed, statusRequest, ticket: sendsTicket } = hellos.agreement;
  const { keyExchange } = hellos.agreement.suite;
  if (resumable && resumed) return yield* resumable.resume(link, hellos); //                     figure 2 from here
  if (resumable) link.trace?.({ type: "resumption", resumed: false, reason: "declined" });
  const certificates = keyExchange.usesCertificate ? yield* link.expect(certificate) : undefined; // <-- Certificate*
  const status = certificates && statusRequest && (yield* link.optional(certificateStatus)); //  <-- CertificateStatus*
  const exchange = yield* keyExchange.client(link, config, precomputed); //                      <-- ServerKeyExchange*
  const request = certificates && (yield* link.optional(certificateRequest)); //                 <-- CertificateRequest*
  yield* link.expect(serverHelloDone); //                                                        <-- ServerHelloDone
  link.checkFlightEnd();

  const chain = certificates?.certificateList ?? [];
  const server = certificates && (yield* verifyServer(config, hellos, chain, status?.response, exchange));
  const identity = yield* chooseCredential(link, config, request);
  const secrets = new Secrets(link, config, hellos);
  try {
    link.holdFlight();
    if (request) link.send(certificate, { certificateList: identity?.credential.chain ?? [] }); // --> Certificate*
    const { premaster, sessionPsk } = yield* exchange.send(server?.peer); //                     --> ClientKeyExchange
    secrets.derive(premaster);
    if (identity) link.send(certificateVerify, yield* signMessages(link, identity)); //          --> CertificateVerify*
    const protections = yield* secrets.protections();
    link.sendChangeCipherSpec(protections.client); //                                            --> [ChangeCipherSpec]
    link.send(finished, { verifyData: secrets.verifyData("client") }); //                        --> Finished

    const ticket = sendsTicket ? yield* link.expect(newSessionTicket) : undefined; //            <-- NewSessionTicket*
    yield* link.expectChangeCipherSpec(protections.server); //                                   <-- [ChangeCipherSpec]
    yield* link.expectFinished(() => secrets.verifyData("server")); //                           <-- Finished
    link.checkHandshakeEnd();
    return {
      session: clientSession(config, hellos, { ...server, group: exchange.group, sessionPsk, request }),
      exporter: secrets.exporter(server?.peer.certificate),
      forgetSession: yield* keepSession(config, hellos, secrets, {
        peer: server?.peer,
        sessionPsk,
        chain,
        sessionId: hello.sessionId,
        ticket,
        calledSelector: request !== undefined && config.ownCertificates === undefined,
      }),
    };
  } finally {
    secrets.wipe();
  }
}

/** Returns the session to offer. If the stored session may not be offered, traces the reason. */
function* findResumableSession(link: HandshakeLink, config: ClientConfig): Flow<ResumableSession | undefined> {
  const found = config.sessions && (yield* config.sessions.find(config));
  if (typeof found === "string") {
    link.trace?.({ type: "resumption", resumed: false, reason: found });
    return undefined;
  }
  return found;
}

/**
 * Makes the ClientHello. With a ticket, the client sends a random session_id, and a server that accepts the ticket
 * echoes it (RFC 5077 §3.4).
 */
function makeClientHello(config: ClientConfig, resumable: ResumableSession | undefined): ClientHello {
  const suites = config.suites.map((suite) => suite.id);
  const hello: ClientHello = {
    clientVersion: tls12,
    random: config.random(32),
    sessionId: resumable?.state.ticket.length ? config.random(32) : (resumable?.state.sessionId ?? new Uint8Array(0)),
    // A client that resumes knows the server's version, so this is not a second try with a lower one (RFC 7507 §4).
    cipherSuites: config.fallbackScsv && !resumable ? [...suites, fallbackScsv] : suites,
    compressionMethods: [0],
    extensions: offerExtensions(clientExtensions, config, resumable),
  };
  return addPadding(config.grease ? config.grease(hello, config.random) : hello);
}

/** Checks that the client offered every choice of ServerHello, and applies the agreement. */
function checkServerHello(
  link: HandshakeLink,
  config: ClientConfig,
  offered: ClientHello,
  hello: ServerHello,
): HelloResults {
  if (hello.serverVersion !== tls12)
    throw new TlsError(
      "protocol_version",
      `the server chose version ${hex16(hello.serverVersion)}, we speak TLS 1.2 only`,
      { advice: "enable TLS 1.2 on the server" },
    );
  const suite = config.suites.find((row) => row.id === hello.cipherSuite);
  if (!suite)
    throw new TlsError(
      "illegal_parameter",
      `the server chose suite ${hex16(hello.cipherSuite)}, which was not offered`,
      { code: "wrong_cipher_returned" },
    );
  if (hello.compressionMethod !== 0)
    throw new TlsError("illegal_parameter", "the server chose compression, which was not offered");
  const resumed = hello.sessionId.length > 0 && equal(hello.sessionId, offered.sessionId);
  const agreement = acceptExtensions(
    clientExtensions,
    offered.extensions ?? [],
    hello.extensions,
    { suite, resumed },
    config,
  );
  const hellos = { agreement, clientRandom: offered.random, serverRandom: hello.random };
  applyAgreement(link, config.provider, hellos);
  return hellos;
}

/** The properties of the session that depend on the server's certificate. */
interface VerifiedServer {
  readonly peer: VerifiedPeer;
  readonly signatureScheme: string | undefined;
  readonly ocspResponse: Bytes | undefined;
  readonly ocspStatus: "good" | undefined;
}

/** Verifies the certificate, its status, and the signature of the key exchange, in this order. */
function* verifyServer(
  config: ClientConfig,
  hellos: HelloResults,
  chain: readonly Uint8Array[],
  response: Uint8Array | undefined,
  { signed }: ClientExchange,
): Flow<VerifiedServer> {
  const server = yield* verifyCertificate(config, hellos.agreement.suite, chain);
  const { ocsp, now, provider } = config;
  const ocspStatus = ocsp && (yield* ocsp.check({ response, peer: server, now: now(), provider }));
  const scheme = signed && (yield* verifyKeyExchangeSignature(config, server, hellos, signed));
  return { peer: server, signatureScheme: scheme?.name, ocspResponse: response as Bytes | undefined, ocspStatus };
}

/** Applies the trust policy, and checks that suite and groups permit the key (RFC 5246 §7.4.2, RFC 8422 §5.3). */
function* verifyCertificate(config: ClientConfig, suite: SuiteRow, chain: readonly Uint8Array[]): Flow<VerifiedPeer> {
  // A client may send an empty list, a server may not (RFC 5246 §7.4.2).
  if (!chain.length) throw new TlsError("decode_error", "the server's certificate_list is empty");
  if (!config.trust) throw new Error("no trust policy");
  const server = yield* verifyPeer({
    chain,
    policy: config.trust,
    purpose: "server",
    ...(config.serverName !== undefined && { reference: config.serverName }),
    now: config.now(),
    provider: config.provider,
    cache: config.certificateCache,
  });
  const { publicKey, keyUsage } = server.certificate;
  if ((publicKey.type === "rsa") !== (suite.authentication === "rsa"))
    throw new TlsError("illegal_parameter", `the server's ${publicKey.type} key does not fit ${suite.name}`, {
      code: "wrong_certificate_type",
    });
  const usage = suite.keyExchange.keyUsage;
  if (usage && keyUsage && !keyUsage.has(usage))
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

/**
 * Verifies the signature over both randoms and the server's ephemeral key (RFC 5246 §7.4.3). Returns the scheme.
 */
function* verifyKeyExchangeSignature(
  config: ClientConfig,
  server: VerifiedPeer,
  { clientRandom, serverRandom }: HelloResults,
  signed: NonNullable<ClientExchange["signed"]>,
): Flow<SignatureScheme> {
  const { publicKey, pssHash } = server.certificate;
  const scheme = schemesForKey(publicKey, config.schemes, pssHash).find((row) => row.id === signed.scheme);
  if (!scheme)
    throw new TlsError(
      "illegal_parameter",
      `the server signed with scheme ${hex16(signed.scheme)}, which was not offered or does not fit its key`,
      { code: "wrong_signature_type" },
    );
  const content = concat(clientRandom, serverRandom, signed.params);
  if ((yield* waitFor(config.provider.verify(scheme.algorithm, publicKey, content, signed.signature))) !== true)
    throw new TlsError("decrypt_error", "the server's signature of its key exchange is wrong", {
      code: "bad_signature",
    });
  return scheme;
}

interface ClientIdentity {
  readonly credential: Credential;
  readonly scheme: SignatureScheme;
}

/** ClientCertificateType of each kind of key. ecdsa_sign covers EdDSA too (RFC 8422 §5.5). */
const certificateTypes = { rsa: 1, rsa_pss: 1, ec: 64, ed25519: 64 } as const;

/** The schemes that the request lists, that its types permit and that we support, and the authorities that it names. */
const readRequest = (config: ClientConfig, request: CertificateRequest): ReceivedCertificateRequest => ({
  schemes: config.schemes.filter(
    (row) => request.schemes.includes(row.id) && request.certificateTypes.includes(certificateTypes[row.key]),
  ),
  certificateAuthorities: request.certificateAuthorities as readonly Bytes[],
});

/**
 * The credential that answers the request, if we have one that the server can verify. Sending no certificate is an
 * answer too (RFC 5246 §7.4.6).
 */
function* chooseCredential(
  link: HandshakeLink,
  config: ClientConfig,
  request: CertificateRequest | undefined,
): Flow<ClientIdentity | undefined> {
  if (!request) return undefined;
  const requested = readRequest(config, request);
  const credential = yield* callHook(() => config.selectCredential(requested));
  const scheme = credential?.schemes.find((row) => requested.schemes.some(({ id }) => id === row.id));
  if (credential && scheme) return { credential, scheme };
  link.noteNoCertificate();
  return undefined;
}

/** Signs all messages so far for CertificateVerify (RFC 5246 §7.4.8). */
function* signMessages(link: HandshakeLink, { credential, scheme }: ClientIdentity): Flow<DigitallySigned> {
  const messages = link.transcriptBytes();
  return { scheme: scheme.id, signature: yield* callHook(() => credential.sign(scheme, messages)) };
}

const clientSession = (
  config: ClientConfig,
  { agreement }: HelloResults,
  {
    request,
    ...fields
  }: Partial<VerifiedServer> & {
    readonly group: string | undefined;
    readonly sessionPsk: SessionPsk | undefined;
    readonly request: CertificateRequest | undefined;
  },
): Session =>
  sessionOf("client", agreement, config.serverName, {
    ...fields,
    certificateRequest: request && readRequest(config, request),
  });

/** Stores the session if there is a store and the session may be resumed. Returns the function that removes it. */
function* keepSession(
  config: ClientConfig,
  { agreement }: HelloResults,
  { masterSecret }: Secrets,
  session: Omit<NewClientSession, "agreement" | "masterSecret">,
): Flow<HandshakeResult["forgetSession"]> {
  return config.sessions && (yield* config.sessions.keep(config, { ...session, agreement, masterSecret }));
}
