/** Issues client certificates, and remembers which of them are revoked. */
import { type Awaitable, type Credential, type TlsConnection, TlsError } from "@handclasp/core";
import { configurationError, equal, optionsOf, toBase64 } from "@handclasp/core/unstable";
import { withExplanationSync } from "@handclasp/core/unstable/engine";
import type { Certificate, VerifiedPeer } from "@handclasp/core/x509";
import { issuerOptions } from "../optionTables.ts";
import { type Authority, type ClientNames, issueCertificate, readAuthority } from "./certificate.ts";
import { enrolmentProtocol, readQuestion } from "./question.ts";
import { Refusal } from "./refusal.ts";
import { type RevocationStore, RevocationsInMemory } from "./revocations.ts";

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
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number;
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
  readonly #now: () => number;

  /** @throws TlsError `configuration` */
  constructor(options: IssuerOptions) {
    const checked = withExplanationSync(() => optionsOf(options, issuerOptions));
    this.#authority = readAuthority(checked.authority);
    this.#allow = checked.allow;
    this.#lifetime = checked.lifetime ?? defaultLifetime;
    this.#timeout = checked.timeout ?? defaultTimeout;
    this.#now = checked.now ?? Date.now;
    this.#revocations = checked.revocations ?? new RevocationsInMemory(this.#now);
  }

  /** Whether a certificate is not revoked, for the option `verify` of a server. It does not check anything else. */
  readonly verify = async ({ certificate }: Pick<VerifiedPeer, "certificate">): Promise<boolean> =>
    certificate.issuer.normalised !== this.#authority.certificate.subject.normalised ||
    (await this.#revocations.has(certificate.serialNumber)) === false;

  /**
   * Revokes a certificate by its serial number, in lower-case hexadecimal digits. Later handshakes with it fail. Open
   * connections stay.
   * @param expires the end of its validity in milliseconds since 1970; without it, the store remembers the number for
   * the lifetime of a certificate that would be issued now
   */
  async revoke(serialNumber: string, expires: number = this.#now() + this.#lifetime): Promise<void> {
    await this.#revocations.add(serialNumber, expires);
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
      answer = await inTime(this.#answer(channel), this.#timeout);
    } catch (cause) {
      error = failureOf(cause);
      answer = { refused: cause instanceof Refusal ? cause.message : "the request failed" };
    }
    // A channel that has failed takes no answer.
    const sent = send(channel, answer);
    await (error ? sent.catch(() => {}) : sent);
    if (error) throw error;
  }

  async #answer(channel: TlsConnection): Promise<object> {
    const question = await readQuestion(channel);
    const own = this.#ownCertificate(channel.session.peer);
    if (question.type === "revoke") {
      if (!own) throw new Refusal("the channel has no certificate that could be revoked");
      await guarded("the store of revocations", () => this.revoke(own.serialNumber, own.notAfter));
      return {};
    }
    if (own && !(await guarded("the store of revocations", () => this.verify({ certificate: own }))))
      throw new Refusal("the certificate of the channel is revoked");
    const { commonName, spki, pin } = question.request;
    const renews = own && { ...namesOf(own), certificate: own };
    const { remoteAddress } = channel;
    const names = await this.#decide({ commonName, proof: question.proof, renews, pin, remoteAddress });
    const now = this.#now();
    const certificate = await guarded("the signing of a certificate", () =>
      issueCertificate(this.#authority, spki, names, now, now + this.#lifetime),
    );
    return { chain: [certificate, ...this.#authority.chain].map(toBase64) };
  }

  async #decide(request: EnrolmentRequest): Promise<ClientNames> {
    const decision = await guarded("the function allow", () => this.#allow(request));
    if (decision === true && request.commonName === "") throw new Refusal("the request has no common name");
    if (decision === true) return { commonName: request.commonName };
    if (typeof decision === "object" && decision !== null) return decision;
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

/** Rejects with a Refusal after this time. */
function inTime<T>(work: Promise<T>, timeout: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Refusal("the request took too long")), timeout);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function failureOf(cause: unknown): TlsError {
  if (TlsError.is(cause)) return cause;
  const message = `a client gets no certificate: ${cause instanceof Error ? cause.message : String(cause)}`;
  return new TlsError(undefined, message, { code: "enrolment_refused", fault: "peer", cause });
}
