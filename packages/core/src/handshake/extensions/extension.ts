/**
 * The shape of an extension (RFC 5246 §7.4.1.4). Each is a file with a client half, a server half, or both; all.ts lists them.
 * @module
 */
import type { NamedGroup } from "../../crypto/groups.ts";
import type { SignatureScheme } from "../../crypto/signatures.ts";
import { TlsError } from "../../errors.ts";
import { type Codec, decode } from "../../wire/codec.ts";
import type { RawExtension } from "../../wire/messages.ts";
import { type Agreement, noAgreement } from "../agreement.ts";
import type { ClientConfig, KeptSession, ServerConfig, ServerCredential } from "../config.ts";
import type { CipherSuite } from "../suites.ts";

/** What a ClientHello's extensions say to a server. */
export interface ClientOffer {
  /** `undefined`: client_version says it alone. */
  versions: readonly number[] | undefined;
  serverName: string | undefined;
  /** `undefined`: not said; the server may take any (RFC 8422 §4). Numbers we do not know are dropped. */
  groups: readonly NamedGroup[] | undefined;
  /** It names finite fields, known to us or not: DHE then runs on one of them or not at all (RFC 7919 §4). */
  limitsFiniteFields: boolean;
  /** It says which forms of points it takes. */
  pointFormats: boolean;
  schemes: readonly SignatureScheme[];
  alpn: readonly string[] | undefined;
  extendedMasterSecret: boolean;
  secureRenegotiation: boolean;
  encryptThenMac: boolean;
  maxFragmentLength: number | undefined;
  recordSizeLimit: number | undefined;
  /** `undefined`: the client takes none. Empty: it wants one. */
  ticket: Uint8Array | undefined;
  /** It asks for an OCSP response. */
  statusRequest: boolean;
  signedCertificateTimestamps: boolean;
}
export const noOffer = (): ClientOffer => ({
  versions: undefined,
  serverName: undefined,
  groups: undefined,
  limitsFiniteFields: false,
  pointFormats: false,
  schemes: [],
  alpn: undefined,
  extendedMasterSecret: false,
  secureRenegotiation: false,
  encryptThenMac: false,
  maxFragmentLength: undefined,
  recordSizeLimit: undefined,
  ticket: undefined,
  statusRequest: false,
  signedCertificateTimestamps: false,
});

export interface ClientExtension {
  readonly id: number;
  readonly name: string;
  /** Its data in ClientHello; `undefined`: it is not sent. */
  offer(config: ClientConfig, kept: KeptSession | undefined): Uint8Array | undefined;
  /** The server's answer. Without this method an answer is `unsupported_extension`. */
  accept?(answer: Uint8Array, agreement: Agreement, config: ClientConfig): void;
  /** There is no answer: throws where we insist on one. */
  absent?(config: ClientConfig): void;
}

export interface ServerExtension {
  readonly id: number;
  readonly name: string;
  read(data: Uint8Array, offer: ClientOffer, config: ServerConfig): void;
  /** Its data in ServerHello; asked only where the client sent it (or, for renegotiation_info, its SCSV). */
  answer?(
    offer: ClientOffer,
    agreement: Agreement,
    config: ServerConfig,
    credential: ServerCredential | undefined,
  ): Uint8Array | undefined;
}

/** Decodes an extension's data, its name in the error's path. */
export const read = <T>(extension: { readonly name: string }, codec: Codec<T>, data: Uint8Array): T =>
  decode(codec, data, extension.name);

/** By number; a number may stand once (RFC 5246 §7.4.1.4). */
export function byType(extensions: readonly RawExtension[] | undefined): Map<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  for (const { type, data } of extensions ?? []) {
    if (found.has(type)) throw new TlsError("decode_error", `extension ${type} twice`, { code: "duplicate_extension" });
    found.set(type, data);
  }
  return found;
}

/** What a client offers, in the order of the list. */
export function offerExtensions(
  list: readonly ClientExtension[],
  config: ClientConfig,
  kept: KeptSession | undefined,
): RawExtension[] {
  return list.flatMap((extension) => {
    const data = extension.offer(config, kept);
    return data ? [{ type: extension.id, data }] : [];
  });
}

/** A client reads the answers: none that it did not ask for (RFC 5246 §7.4.1.4). */
export function acceptExtensions(
  list: readonly ClientExtension[],
  offered: readonly RawExtension[],
  answered: readonly RawExtension[] | undefined,
  suite: CipherSuite,
  config: ClientConfig,
  resumed: boolean,
): Agreement {
  const agreement = noAgreement(suite, resumed);
  const answers = byType(answered);
  for (const [type, data] of answers) {
    const extension = list.find((one) => one.id === type);
    if (!extension?.accept || !offered.some((one) => one.type === type))
      throw new TlsError(
        "unsupported_extension",
        `the server answers extension ${extension?.name ?? type}, which was not offered`,
        { code: "unexpected_extension" },
      );
    extension.accept(data, agreement, config);
  }
  for (const extension of list) if (!answers.has(extension.id)) extension.absent?.(config);
  return agreement;
}

/** A server reads the offers; what it does not know is ignored. */
export function readOffer(
  list: readonly ServerExtension[],
  extensions: readonly RawExtension[] | undefined,
  config: ServerConfig,
): ClientOffer {
  const offer = noOffer();
  const raw = byType(extensions);
  for (const extension of list) {
    const data = raw.get(extension.id);
    if (data) extension.read(data, offer, config);
  }
  return offer;
}

/** A server's answers, with a Certificate of this credential to follow or without one; `undefined` where there is none, so that the whole block stays away (RFC 5246 §7.4.1.3). */
export function answerExtensions(
  list: readonly ServerExtension[],
  offer: ClientOffer,
  agreement: Agreement,
  config: ServerConfig,
  credential: ServerCredential | undefined,
): RawExtension[] | undefined {
  const answers = list.flatMap((extension) => {
    const data = extension.answer?.(offer, agreement, config, credential);
    return data ? [{ type: extension.id, data }] : [];
  });
  return answers.length ? answers : undefined;
}
