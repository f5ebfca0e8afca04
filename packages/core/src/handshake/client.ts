import { type Bytes, concat, equal } from "../bytes/bytes.ts";
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
  finished,
  newSessionTicket,
  type ServerHello,
  serverHello,
  serverHelloDone,
  tls12,
} from "../wire/messages.ts";
import type { Credential } from "../x509/credential.ts";
import { type VerifiedPeer, verifyPeer } from "../x509/verify.ts";
import { applyAgreement, type Hellos } from "./agreement.ts";
import type { ClientConfig, NewClientSession, ResumableSession } from "./config.ts";
import { clientExtensions } from "./extensions/all.ts";
import { acceptExtensions, offerExtensions } from "./extensions/extension.ts";
import { padded } from "./extensions/padding.ts";
import { fallbackScsv } from "./fallbackScsv.ts";
import { earlyShare } from "./keyExchange/ephemeral.ts";
import type { ClientSide, EarlyShare } from "./keyExchange/exchange.ts";
import type { Peer } from "./peer.ts";
import { Secrets } from "./secrets.ts";
import { type CertificateRequested, type Established, sessionOf } from "./session.ts";
import type { SuiteRow } from "./suites.ts";

/** A handshake that offers what was kept, where there is something. */
export function* clientHandshake(peer: Peer, config: ClientConfig): Flow<Established> {
  const kept = yield* findResumableSession(peer, config);
  // Who is resumed needs none.
  const early = kept ? undefined : earlyShare(config);
  try {
    return yield* shakeHands(peer, config, kept, early);
  } catch (error) {
    // Whatever ended it, an alert in place of ServerHello too: else a server that cannot bear the session would refuse us until it is over.
    if (kept) yield* kept.forget();
    throw error;
  } finally {
    early?.wipe();
  }
}

/** The full handshake, RFC 5246 §7.3, figure 1, left column. */
function* shakeHands(
  peer: Peer,
  config: ClientConfig,
  kept: ResumableSession | undefined,
  early: EarlyShare | undefined,
): Flow<Established> {
  const offered = offer(config, kept);
  peer.send(clientHello, offered); //                                                  ClientHello          -->

  const hello = yield* peer.expect(serverHello); //                                                         <-- ServerHello
  const hellos = agree(peer, config, offered, hello);
  const { agreement } = hellos;
  const { suite } = agreement;
  if (kept && agreement.resumed) return yield* kept.resume(peer, hellos); //                                figure 2 from here
  if (kept) peer.trace?.({ type: "resumption", resumed: false, reason: "declined" });
  const shown = suite.keyExchange.certified ? yield* peer.expect(certificate) : undefined; //                <-- Certificate*
  const status = shown && agreement.statusRequest && (yield* peer.optional(certificateStatus)); //          <-- CertificateStatus*
  const exchange = yield* suite.keyExchange.client(peer, config, early); //                                 <-- ServerKeyExchange*
  const request = shown && (yield* peer.optional(certificateRequest)); //                                    <-- CertificateRequest*
  yield* peer.expect(serverHelloDone); //                                                                   <-- ServerHelloDone
  peer.endFlight();

  const server = shown && (yield* verifyServer(config, suite, shown.certificateList));
  const ocspResponse = status ? (status.response as Bytes) : undefined;
  const ocspStatus = server && (yield* checkStatus(config, server, ocspResponse));
  const scheme = server && (yield* verifyKeyExchange(config, server, offered, hello, exchange));
  const own = request && (yield* chooseCredential(config, request));
  if (request && !own) peer.showsNone();

  const secrets = new Secrets(peer, config, suite, offered.random, hello.random);
  try {
    peer.holdFlight();
    if (request) peer.send(certificate, { certificateList: own?.credential.chain ?? [] }); // Certificate*  -->
    const agreed = yield* exchange.send(server); //                                          ClientKeyExchange    -->
    secrets.derive(agreed.premaster, agreement.extendedMasterSecret ? peer.transcript.hash() : undefined);
    if (own) peer.send(certificateVerify, yield* signTranscript(peer, own)); //        CertificateVerify*   -->
    peer.transcript.forgetBytes();
    const keys = yield* secrets.protect(agreement);
    peer.sendChangeCipherSpec(keys.client); //                                         [ChangeCipherSpec]
    const first = secrets.verifyData("client");
    peer.send(finished, { verifyData: first }); //                                     Finished             -->

    const ticket = agreement.ticket ? yield* peer.expect(newSessionTicket) : undefined; //                 <-- NewSessionTicket*
    yield* peer.expectChangeCipherSpec(keys.server); //                                                         [ChangeCipherSpec]
    yield* peer.expectFinished(() => secrets.verifyData("server")); //                                      <-- Finished
    peer.endHandshake();

    const { sessionPsk } = agreed;
    const made = { agreement, masterSecret: secrets.masterSecret, peer: server, sessionPsk };
    return {
      session: sessionOf("client", agreement, config.serverName, {
        group: exchange.group,
        signatureScheme: scheme?.name,
        peer: server,
        sessionPsk,
        ocspResponse,
        ocspStatus,
        certificateRequest: request && requested(config, request),
      }),
      exporter: secrets.exporter(agreement, first, server?.certificate),
      forget: yield* keep(config, {
        ...made,
        chain: shown?.certificateList ?? [],
        sessionId: hello.sessionId,
        ticket,
        chose: request !== undefined && config.identity === undefined,
      }),
    };
  } finally {
    secrets.wipe();
  }
}

function* keep(config: ClientConfig, made: NewClientSession): Flow<Established["forget"]> {
  return config.sessions && (yield* config.sessions.keep(config, made));
}

/** What was kept of an earlier session with this server, where all that we want holds for it still. */
function* findResumableSession(peer: Peer, config: ClientConfig): Flow<ResumableSession | undefined> {
  const found = config.sessions && (yield* config.sessions.find(config));
  if (typeof found === "string") {
    peer.trace?.({ type: "resumption", resumed: false, reason: found });
    return undefined;
  }
  return found;
}

/** A ticket goes with a random session_id, whose echo tells that the server takes it (RFC 5077 §3.4). */
function offer(config: ClientConfig, kept: ResumableSession | undefined): ClientHello {
  const suites = config.suites.map((suite) => suite.id);
  const hello: ClientHello = {
    clientVersion: tls12,
    random: config.random(32),
    sessionId: kept?.state.ticket.length ? config.random(32) : (kept?.state.sessionId ?? new Uint8Array(0)),
    // Who resumes knows what the server speaks, and says nothing of a second try (RFC 7507 §4).
    cipherSuites: config.fallbackScsv && !kept ? [...suites, fallbackScsv] : suites,
    compressionMethods: [0],
    extensions: offerExtensions(clientExtensions, config, kept),
  };
  return padded(config.grease ? config.grease(hello, config.random) : hello);
}

/** What ServerHello chose must be something we offered. */
function agree(peer: Peer, config: ClientConfig, offered: ClientHello, hello: ServerHello): Hellos {
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
  const resumed = hello.sessionId.length > 0 && equal(hello.sessionId, offered.sessionId);
  const agreement = acceptExtensions(
    clientExtensions,
    offered.extensions ?? [],
    hello.extensions,
    { suite, resumed },
    config,
  );
  const hellos = { agreement, clientRandom: offered.random, serverRandom: hello.random };
  applyAgreement(peer, config.provider, hellos);
  return hellos;
}

/** The path and the name, then what this suite needs of the key (RFC 5246 §7.4.2, RFC 8422 §5.3). */
function* verifyServer(config: ClientConfig, suite: SuiteRow, chain: readonly Uint8Array[]): Flow<VerifiedPeer> {
  // A client may have no certificate to show, a server may not (RFC 5246 §7.4.2).
  if (!chain.length) throw new TlsError("decode_error", "the server's certificate_list is empty");
  if (!config.trust) throw new Error("nobody is trusted");
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

function* checkStatus(
  { ocsp, now, provider }: ClientConfig,
  peer: VerifiedPeer,
  response: Uint8Array | undefined,
): Flow<"good" | undefined> {
  return ocsp && (yield* ocsp.check({ response, peer, now: now(), provider }));
}

/** The server's ephemeral key, signed together with both randoms (RFC 5246 §7.4.3); the scheme it was signed with. */
function* verifyKeyExchange(
  config: ClientConfig,
  server: VerifiedPeer,
  offered: ClientHello,
  hello: ServerHello,
  { signed }: ClientSide,
): Flow<SignatureScheme | undefined> {
  if (!signed) return undefined;
  const { publicKey, pssHash } = server.certificate;
  const scheme = schemesForKey(publicKey, config.schemes, pssHash).find((row) => row.id === signed.scheme);
  if (!scheme)
    throw new TlsError(
      "illegal_parameter",
      `the server signed with scheme 0x${signed.scheme.toString(16).padStart(4, "0")}, which was not offered or does not fit its key`,
      { code: "wrong_signature_type" },
    );
  const content = concat(offered.random, hello.random, signed.params);
  if ((yield* waitFor(config.provider.verify(scheme.algorithm, publicKey, content, signed.signature))) !== true)
    throw new TlsError("decrypt_error", "the server's signature of its key exchange is wrong", {
      code: "bad_signature",
    });
  return scheme;
}

interface OwnCredential {
  readonly credential: Credential;
  readonly scheme: SignatureScheme;
}

/** ClientCertificateType, RFC 8422 §5.5: ecdsa_sign goes for EdDSA too. */
const certificateTypes = { rsa: 1, rsa_pss: 1, ec: 64, ed25519: 64 } as const;

/** What the server asks for, as far as we can. */
const requested = (config: ClientConfig, request: CertificateRequest): CertificateRequested => ({
  schemes: config.schemes.filter(
    (row) => request.schemes.includes(row.id) && request.certificateTypes.includes(certificateTypes[row.key]),
  ),
  certificateAuthorities: request.certificateAuthorities as readonly Bytes[],
});

/** Our certificate, if we have one that the server can verify; none is an answer too (RFC 5246 §7.4.6). */
function* chooseCredential(config: ClientConfig, request: CertificateRequest): Flow<OwnCredential | undefined> {
  const asked = requested(config, request);
  const credential = yield* callHook(() => config.selectCredential(asked));
  const scheme = credential?.schemes.find((row) => asked.schemes.some(({ id }) => id === row.id));
  return credential && scheme && { credential, scheme };
}

function* signTranscript(
  peer: Peer,
  { credential, scheme }: OwnCredential,
): Flow<{ scheme: number; signature: Uint8Array }> {
  const transcript = peer.transcript.bytes();
  return { scheme: scheme.id, signature: yield* callHook(() => credential.sign(scheme, transcript)) };
}
