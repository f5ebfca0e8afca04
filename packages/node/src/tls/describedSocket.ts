/**
 * The answers of a socket of node:tls about its connection.
 * @module
 */
import { X509Certificate } from "node:crypto";
import type { OnReadOpts } from "node:net";
import type { DetailedPeerCertificate, EphemeralKeyInfo, PeerCertificate } from "node:tls";
import { defaultSchemes, type Session, type TlsConnection } from "@handclasp/core";
import { readSessionState } from "@handclasp/core/unstable/engine";
import type { DuplexOptions } from "../socket/channelDuplex.ts";
import { detailedCertificateOf } from "../socket/peer.ts";
import { namesOfScheme } from "./ciphers.ts";
import { nodeError, wrongType } from "./errors.ts";
import { Handshake } from "./observer.ts";
import { requireObject } from "./options.ts";
import { PacedSocket } from "./pacedSocket.ts";
import type { SecureContext } from "./secureContext.ts";
import type { VerifiedPath } from "./verification.ts";

/** The facts about a connection that its socket has learned. */
export class Facts {
  readonly isServer: boolean;
  readonly handshake: Handshake = new Handshake();
  context: SecureContext;
  /** The peer's certificates, once they were looked at. */
  peer: VerifiedPath | undefined;
  /** Whether the handshake is done, and the peer accepted. */
  isSecure = false;
  authorized = false;
  authorizationError: string | null = null;
  servername: string | undefined;
  /** The session that a client offers, and the one that a later connection may resume. */
  offeredSession: Buffer | undefined;
  session: Buffer | undefined;

  constructor(isServer: boolean, context: SecureContext) {
    this.isServer = isServer;
    this.context = context;
  }
}

/** The part of a TLSSocket that answers questions about its connection. */
export class DescribedSocket extends PacedSocket {
  readonly #facts: Facts;

  /** @internal */
  constructor(
    channel: PromiseLike<TlsConnection>,
    options: DuplexOptions,
    onread: OnReadOpts | undefined,
    facts: Facts,
  ) {
    super(channel, options, onread);
    this.#facts = facts;
  }

  override get servername(): string | false {
    return super.servername || (this.#facts.isServer && this.#facts.servername) || false;
  }

  /** True if the peer's certificate (of a server, also its name) is verified, or a pre-shared key authenticates it. */
  override get authorized(): boolean {
    return this.#facts.isSecure && this.#facts.authorized;
  }
  /** The code of the reason why the peer is not authorised, a text as in node:tls. */
  override get authorizationError(): Error | null {
    return this.#facts.authorizationError as unknown as Error | null;
  }

  override getPeerCertificate(detailed: true): DetailedPeerCertificate;
  override getPeerCertificate(detailed?: boolean): PeerCertificate | DetailedPeerCertificate;
  override getPeerCertificate(detailed = false): PeerCertificate | DetailedPeerCertificate {
    const certificates = this.#facts.peer?.path ?? [];
    return detailedCertificateOf(detailed ? certificates : certificates.slice(0, 1), detailed);
  }
  override getPeerX509Certificate(): X509Certificate | undefined {
    let issuer: X509Certificate | undefined;
    for (const { raw } of [...(this.#facts.peer?.path ?? [])].reverse()) {
      const certificate = new X509Certificate(raw);
      if (issuer) Object.defineProperty(certificate, "issuerCertificate", { value: issuer, enumerable: true });
      issuer = certificate;
    }
    return issuer;
  }
  /** This side's own certificate. An empty object if it has none. */
  getCertificate(): PeerCertificate | object | null {
    return this.getX509Certificate()?.toLegacyObject() ?? {};
  }
  getX509Certificate(): X509Certificate | undefined {
    return this.#facts.context.settings.identities[0]?.chain[0];
  }

  /** The session that a later connection may resume. `undefined` if the server gave none. */
  getSession(): Buffer | undefined {
    return this.#facts.session ?? (this.isSessionReused() ? this.#facts.offeredSession : undefined);
  }
  /** The ticket of the session (RFC 5077). */
  getTLSTicket(): Buffer | undefined {
    const session = this.getSession();
    const ticket = session && readSessionState(session)?.ticket;
    return ticket?.length ? Buffer.from(ticket) : undefined;
  }
  /** verify_data of the Finished that this side sent. */
  getFinished(): Buffer | undefined {
    return this.#facts.handshake.finished;
  }
  getPeerFinished(): Buffer | undefined {
    return this.#facts.handshake.peerFinished;
  }
  /** The ephemeral key of the exchange. `null` on a server, and empty without an ephemeral key. */
  getEphemeralKeyInfo(): EphemeralKeyInfo | object | null {
    if (this.#facts.isServer) return null;
    const group = this.session?.group;
    if (!group) return {};
    const bits = dheBits(this.session);
    if (bits !== undefined) return { type: "DH", size: bits };
    return { type: "ECDH", ...(curves[group] ?? { name: group, size: 0 }) };
  }
  /** Servers: the signature schemes that both sides accept, in the order of the client. */
  getSharedSigalgs(): string[] {
    const ours = this.#facts.context.settings.schemes ?? defaultSchemes;
    const shared = this.#facts.handshake.offeredSchemes.flatMap((id) => ours.find((scheme) => scheme.id === id) ?? []);
    return shared.map((scheme) => namesOfScheme(scheme)[0] as string);
  }

  override exportKeyingMaterial(length: number, label: string, context?: Uint8Array): Buffer {
    if (typeof length !== "number") throw wrongType("length", "of type number", length);
    if (typeof label !== "string") throw wrongType("label", "of type string", label);
    if (context !== undefined && !ArrayBuffer.isView(context))
      throw wrongType("context", "an instance of Buffer", context);
    if (!this.session || this.destroyed)
      throw nodeError("ERR_TLS_INVALID_STATE", "TLS socket connection must be securely established");
    return super.exportKeyingMaterial(length, label, context);
  }

  /** Refuses: Handclasp never renegotiates. Calls back with `ERR_TLS_RENEGOTIATION_DISABLED`, and returns false. */
  renegotiate(options: object, callback?: (error: Error | null) => void): boolean {
    requireObject(options);
    if (callback !== undefined && typeof callback !== "function")
      throw wrongType("callback", "of type function", callback);
    const error = nodeError("ERR_TLS_RENEGOTIATION_DISABLED", "TLS session renegotiation disabled for this socket");
    if (callback) process.nextTick(callback, error);
    return false;
  }
  /** Does nothing: Handclasp never renegotiates. */
  disableRenegotiation(): void {}

  /** Prints the names and lengths of the handshake's messages to stderr. */
  enableTrace(): void {
    this.#facts.handshake.print = (line) => void process.stderr.write(`TLS: ${line}\n`);
  }
}

/** The size of the group of a DHE key exchange. */
export const dheBits = (session: Session | undefined): number | undefined => {
  const [, bits] = /^(?:ffdhe|modp)(\d+)$/.exec(session?.group ?? "") ?? [];
  return bits === undefined ? undefined : Number(bits);
};

/** The names and sizes of OpenSSL. */
const curves: Readonly<Record<string, { readonly name: string; readonly size: number }>> = {
  x25519: { name: "X25519", size: 253 },
  secp256r1: { name: "prime256v1", size: 256 },
  secp384r1: { name: "secp384r1", size: 384 },
  secp521r1: { name: "secp521r1", size: 521 },
};
