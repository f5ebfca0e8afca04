/**
 * The interface of an extension (RFC 5246 §7.4.1.4). Each extension but padding is one file with a server half and,
 * except for supported_versions, a client half, which fill a slot of `../agreement.ts`. `all.ts` lists the halves. A
 * half returns the value that it reads or agrees on. It can read the values of earlier extensions but not change them.
 * @module
 */
import { TlsError } from "../../errors.ts";
import { type Codec, decode } from "../../wire/codec.ts";
import type { RawExtension } from "../../wire/messages.ts";
import type { Agreement, Offer, Slots } from "../agreement.ts";
import type { ClientConfig, ResumableSession, ServerConfig, ServerCredential } from "../config.ts";

export interface ClientExtension<K extends keyof Slots = keyof Slots> {
  readonly id: number;
  readonly name: string;
  /** Returns the data for ClientHello, or `undefined` if the extension is not sent. */
  offer(config: ClientConfig, session: ResumableSession | undefined): Uint8Array | undefined;
  /**
   * Returns the value that the server's answer agrees on. `agreement` holds the values of the answers before this one.
   * Without this method, an answer fails with `unsupported_extension`.
   */
  accept?(answer: Uint8Array, agreement: Agreement, config: ClientConfig): Slots[K]["agreed"] | undefined;
  /** Called if there is no answer. Throws if the configuration requires one. */
  absent?(config: ClientConfig): void;
}

/** The input of a server's answers. */
export interface AnswerContext {
  readonly offer: Offer;
  /** The values that the extensions earlier in the list agreed on. */
  readonly agreement: Agreement;
  readonly config: ServerConfig;
  /** The credential of the server's Certificate message, if the server sends one. */
  readonly credential?: ServerCredential | undefined;
  /** The OCSP response for CertificateStatus. */
  readonly response?: Uint8Array | undefined;
  /** Whether the client of a resumed session gets a new ticket. */
  readonly renews?: boolean;
}

/** The data of an answer, and the value that it agrees on. */
export interface Answer<Agreed> {
  readonly data: Uint8Array;
  readonly agreed: Agreed;
}

export interface ServerExtension<K extends keyof Slots = keyof Slots> {
  readonly id: number;
  readonly name: string;
  /**
   * Decodes the client's extension. `offer` holds the extensions earlier in the list. Returns `undefined` to ignore the
   * extension.
   */
  read(data: Uint8Array, config: ServerConfig, offer: Offer): Slots[K]["offered"] | undefined;
  /** Called only if the client sent the extension (or, for renegotiation_info, its SCSV). */
  answer?(offered: Slots[K]["offered"], context: AnswerContext): Answer<Slots[K]["agreed"]> | undefined;
  /**
   * Called if the client did not send the extension, or if `read` ignored it. Throws if the configuration requires it.
   */
  absent?(config: ServerConfig): void;
}

/** The client halves by slot, in the order in which they are sent. */
export type ClientExtensions = { readonly [K in keyof Slots]?: ClientExtension<K> };
/** The server halves by slot, in the order in which they are read and answered. */
export type ServerExtensions = { readonly [K in keyof Slots]?: ServerExtension<K> };

/** An answer without data. */
export const emptyAnswer: Answer<true> = { data: /* @__PURE__ */ new Uint8Array(0), agreed: true };

/** Decodes the data of an extension. The path in an error begins with the extension's name. */
export const decodeData = <T>(extension: { readonly name: string }, codec: Codec<T>, data: Uint8Array): T =>
  decode(codec, data, extension.name);

/** Indexes extensions by type. Throws if a type occurs twice (RFC 5246 §7.4.1.4). */
export function extensionsByType(extensions: readonly RawExtension[] | undefined): Map<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  for (const { type, data } of extensions ?? []) {
    if (found.has(type)) throw new TlsError("decode_error", `extension ${type} twice`, { code: "duplicate_extension" });
    found.set(type, data);
  }
  return found;
}

/** The extensions that a client offers, in the order of the list. */
export function offerExtensions(
  list: ClientExtensions,
  config: ClientConfig,
  session: ResumableSession | undefined,
): RawExtension[] {
  return Object.values(list).flatMap((extension) => {
    const data = extension.offer(config, session);
    return data ? [{ type: extension.id, data }] : [];
  });
}

/** Reads a server's answers. Throws for an extension that the client did not offer (RFC 5246 §7.4.1.4). */
export function acceptExtensions(
  list: ClientExtensions,
  offered: readonly RawExtension[],
  answered: readonly RawExtension[] | undefined,
  initial: Pick<Agreement, "suite" | "resumed">,
  config: ClientConfig,
): Agreement {
  let agreement: Agreement = initial;
  const answers = extensionsByType(answered);
  const entries = Object.entries<ClientExtension>(list);
  for (const [type, data] of answers) {
    const [slot = "", extension] = entries.find(([, one]) => one.id === type) ?? [];
    if (!extension?.accept || !offered.some((one) => one.type === type))
      throw new TlsError(
        "unsupported_extension",
        `the server answers extension ${extension?.name ?? type}, which was not offered`,
        { code: "unexpected_extension" },
      );
    agreement = { ...agreement, [slot]: extension.accept(data, agreement, config) };
  }
  for (const [, extension] of entries) if (!answers.has(extension.id)) extension.absent?.(config);
  return agreement;
}

/** Reads a client's extensions. Unknown extensions are ignored. */
export function readOffer(
  list: ServerExtensions,
  extensions: readonly RawExtension[] | undefined,
  config: ServerConfig,
): Offer {
  let offer: Offer = {};
  const raw = extensionsByType(extensions);
  for (const [slot, extension] of Object.entries<ServerExtension>(list)) {
    const data = raw.get(extension.id);
    if (data) offer = { ...offer, [slot]: extension.read(data, config, offer) };
  }
  return offer;
}

/**
 * Returns a server's answers and the resulting agreement. Without any answer, `extensions` is `undefined`, so that
 * ServerHello has no extensions block (RFC 5246 §7.4.1.3).
 */
export function answerExtensions(
  list: ServerExtensions,
  context: AnswerContext,
): { readonly agreement: Agreement; readonly extensions: RawExtension[] | undefined } {
  const { offer, config } = context;
  let { agreement } = context;
  const extensions: RawExtension[] = [];
  for (const [slot, extension] of Object.entries(list as Record<keyof Slots, AnyServerExtension>)) {
    const offered = offer[slot as keyof Slots];
    if (offered === undefined) extension.absent?.(config);
    else {
      const answer = extension.answer?.(offered, { ...context, agreement });
      if (!answer) continue;
      extensions.push({ type: extension.id, data: answer.data });
      agreement = { ...agreement, [slot]: answer.agreed };
    }
  }
  return { agreement, extensions: extensions.length ? extensions : undefined };
}

/** A server half whose slot the compiler does not know. The list guarantees that the types match. */
interface AnyServerExtension extends Omit<ServerExtension, "answer"> {
  answer?(offered: unknown, context: AnswerContext): Answer<unknown> | undefined;
}
