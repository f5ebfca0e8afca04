/** Issues client certificates, and remembers which of them are revoked. */
import { type Awaitable, type Credential, type TlsConnection, TlsError } from "@handclasp/core";
import { configurationError, equal, optionsOf, toBase64, wrongOption } from "@handclasp/core/unstable";
import { withExplanationSync } from "@handclasp/core/unstable/engine";
import type { Certificate, VerifiedPeer } from "@handclasp/core/x509";
import { issuerOptions } from "../optionTables.ts";
import { type Authority, type ClientNames, checkNames, issueCertificate, readAuthority } from "./certificate.ts";
import { enrolmentProtocol, readQuestion } from "./question.ts";
import { Refusal } from "./refusal.ts";
import { type RevocationStore, RevocationsInMemory, serialOf } from "./revocations.ts";

/** A client's request. Its signature proves that the client has the private key, and nothing else. */
export interface EnrolmentRequest {
  /** The common name that the client asks for, or an empty string. */
  readonly commonName: string;
  /** The text that the client sent as its proof. */
  readonly proof: string | undefined;
  /**
   * The names of the certificate with which the client opened the channel, if it is one of this issuer, verified by the
   * server and not revoked. The client has the private key of that certificate. `allow` may return it, to keep the
   * names.
   */
  readonly renews: Renewal | undefined;
  /** The pin of the key for which the certificate will be: `sha256/…`. */
  readonly pin: string;
  readonly remoteAddress: string | undefined;
}

/** A certificate to renew, and its names. */
export interface Renewal extends ClientNames {
  readonly certificate: Certificate;
}

export interface IssuerOptions {
  /**
   * The CA: its certificate, with its chain if it is no root, and its key. `nodeCredential` makes it from files. For a
   * key in other hands, such as an HSM's, write a `Credential` with a `sign` of your own.
   */
  readonly authority: Credential;
  /**
   * Decides which names the certificate has. `true` means the common name that the client asks for. Every other value
   * that is no object refuses the request.
   */
  readonly allow: (request: EnrolmentRequest) => Awaitable<ClientNames | boolean | undefined>;
  /** How long a certificate is valid, in milliseconds, from a minute to ten years. Default 30 days. */
  readonly lifetime?: number;
  /** How long a client's question and the answer of `allow` may take, in milliseconds. Default 60,000. */
  readonly timeout?: number;
  /** Default: in the memory of this process. */
  readonly revocations?: RevocationStore;
  /**
   * Gets each certificate before its client does. Keep its serial number with the client's account: `revoke` needs it.
   * If this function throws, the client gets no certificate.
   */
  readonly onIssue?: (issued: IssuedToClient) => Awaitable<void>;
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number;
}

/** A certificate for a client, and the certificate that it renews. */
export interface IssuedToClient {
  readonly certificate: Certificate;
  readonly renews: Certificate | undefined;
  readonly request: EnrolmentRequest;
}

const defaultLifetime = 30 * 24 * 3_600_000;
const defaultTimeout = 60_000;

/**
 * Signs the certificates of pages with your CA. Give `verify` and the CA to the server too, so that it accepts these
 * certificates and no revoked ones.
 * @example
 * const issuer = new Issuer({
 *   authority: nodeCredential({ cert, key }),
 *   allow: ({ renews, proof }) => renews ?? proof === "a token",
 * });
 * const server = createServer(
 *   { credentials, alpn: [enrolmentProtocol, "chat"], clientAuth: "request", ca: cert, verify: issuer.verify },
 *   (channel) => (channel.session.alpn === enrolmentProtocol ? issuer.handle(channel) : channel.close()),
 * );
 */
export class Issuer {
  readonly #authority: Authority;
  readonly #allow: IssuerOptions["allow"];
  readonly #lifetime: number;
  readonly #timeout: number;
  readonly #revocations: RevocationStore;
  readonly #onIssue: IssuerOptions["onIssue"];
  readonly #now: () => number;

  /** @throws TlsError `configuration` */
  constructor(options: IssuerOptions) {
    const checked = withExplanationSync(() => optionsOf(options, issuerOptions));
    this.#authority = readAuthority(checked.authority);
    this.#allow = checked.allow;
    this.#lifetime = checked.lifetime ?? defaultLifetime;
    this.#timeout = checked.timeout ?? defaultTimeout;
    this.#now = checked.now ?? Date.now;
    this.#onIssue = checked.onIssue;
    if (checked.revocations && typeof checked.revocations.add !== "function")
      throw wrongOption("revocations.add", checked.revocations.add, "a function");
    this.#revocations = checked.revocations ?? new RevocationsInMemory(this.#now);
  }

  /** Whether a certificate is not revoked, for the option `verify` of a server. It does not check anything else. */
  readonly verify = async ({ certificate }: Pick<VerifiedPeer, "certificate">): Promise<boolean> =>
    certificate.issuer.normalised !== this.#authority.certificate.subject.normalised ||
    (await this.#revocations.has(serialOf(certificate.serialNumber))) === false;

  /**
   * Revokes a certificate by its serial number, in hexadecimal digits. Later handshakes with it fail, and it renews
   * nothing. Open connections stay, and so do other certificates of the same client: revoke each one (`onIssue`).
   * @param expires the end of its validity in milliseconds since 1970; without it, the store remembers the number for
   * the lifetime of a certificate that would be issued now
   * @throws TlsError `configuration` if it is no serial number, or `expires` is not in the future
   */
  async revoke(serialNumber: string, expires: number = this.#now() + this.#lifetime): Promise<void> {
    const serial = serialOf(serialNumber);
    if (!Number.isFinite(expires) || expires <= this.#now())
      throw wrongOption("expires", expires, "a time in the future, in milliseconds since 1970");
    await this.#revocations.add(serial, expires);
  }

  /**
   * Answers the question of one channel, whose ALPN protocol is `enrolmentProtocol`, and closes the channel.
   * @throws TlsError `enrolment_refused` if the client gets no certificate, or `hook_failed`
   */
  async handle(channel: TlsConnection): Promise<void> {
    if (channel.session.alpn !== enrolmentProtocol) {
      throw configurationError(
        `the channel is not for enrolment: its ALPN protocol is ${channel.session.alpn ?? "absent"}`,
        "give the server alpn: [enrolmentProtocol], and handle only channels of that protocol",
      );
    }
    let error: TlsError | undefined;
    let answer: object;
    try {
      answer = await inTime((late) => this.#answer(channel, late), this.#timeout);
    } catch (cause) {
      error = failureOf(cause);
      answer = { refused: cause instanceof Refusal ? cause.message : "the request failed" };
    }
    // A channel that has failed takes no answer.
    const sent = send(channel, answer);
    await (error ? sent.catch(() => {}) : sent);
    if (error) throw error;
  }

  async #answer(channel: TlsConnection, late: AbortSignal): Promise<object> {
    const question = await readQuestion(channel);
    const own = this.#ownCertificate(channel.session.peer);
    if (question.type === "revoke") {
      if (!own) throw new Refusal("the channel has no certificate that could be revoked");
      await guarded("the store of revocations", () => this.#revocations.add(serialOf(own.serialNumber), own.notAfter));
      return {};
    }
    await this.#refuseRevoked(own);
    const { commonName, spki, pin } = question.request;
    const renews = own && { ...namesOf(own), certificate: own };
    const { remoteAddress } = channel;
    const request = { commonName, proof: question.proof, renews, pin, remoteAddress };
    const names = await this.#decide(request);
    // `allow` may take long, or revoke the certificate itself. A client that was refused must not use up a signature.
    await this.#refuseRevoked(own);
    if (late.aborted) throw new Refusal("the request took too long");
    const now = await guarded("the function now", this.#now);
    const certificate = await guarded("the signing of a certificate", () =>
      issueCertificate(this.#authority, spki, names, now, now + this.#lifetime),
    );
    await guarded("the function onIssue", () => this.#onIssue?.({ certificate, renews: own, request }));
    return { chain: [certificate.raw, ...this.#authority.chain].map(toBase64) };
  }

  async #refuseRevoked(own: Certificate | undefined): Promise<void> {
    if (own && !(await guarded("the store of revocations", () => this.verify({ certificate: own }))))
      throw new Refusal("the certificate of the channel is revoked");
  }

  async #decide(request: EnrolmentRequest): Promise<ClientNames> {
    const decision = await guarded("the function allow", () => this.#allow(request));
    if (decision === true && request.commonName === "") throw new Refusal("the request has no common name");
    if (decision === true) return { commonName: request.commonName };
    if (typeof decision === "object" && decision !== null) {
      await guarded("the function allow", () => checkNames(decision));
      return decision;
    }
    throw new Refusal("the server does not allow it");
  }

  /** The peer's certificate, if the server verified its path and the certificate above it is that of this CA. */
  #ownCertificate(peer: VerifiedPeer | undefined): Certificate | undefined {
    const issuer = peer?.verifiedBy === "ca" ? peer.path[1] : undefined;
    const { subject, spki } = this.#authority.certificate;
    const isOurs = issuer?.subject.normalised === subject.normalised && equal(issuer.spki, spki);
    return isOurs ? peer?.certificate : undefined;
  }
}

function namesOf({ subject, subjectAltNames: { dns, email, uri } }: Certificate): ClientNames {
  const commonName = subject.attributes.find(({ type }) => type === "2.5.4.3")?.value ?? "";
  return { commonName, dns, email, uri };
}

async function send(channel: TlsConnection, answer: object): Promise<void> {
  await channel.write(new TextEncoder().encode(JSON.stringify(answer)));
  await channel.close();
}

/** Calls code of the application, and says that it failed if it throws. */
async function guarded<T>(actor: string, act: () => Awaitable<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    throw new TlsError(undefined, `${actor} failed`, { code: "hook_failed", fault: "application", cause });
  }
}

/** Rejects with a Refusal after this time, and then tells the work that it is late. */
function inTime<T>(work: (late: AbortSignal) => Promise<T>, timeout: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout>;
  const end = new AbortController();
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      end.abort();
      reject(new Refusal("the request took too long"));
    }, timeout);
  });
  return Promise.race([work(end.signal), late]).finally(() => clearTimeout(timer));
}

function failureOf(cause: unknown): TlsError {
  if (TlsError.is(cause)) return cause;
  const message = `a client gets no certificate: ${cause instanceof Error ? cause.message : String(cause)}`;
  return new TlsError(undefined, message, { code: "enrolment_refused", fault: "peer", cause });
}
