/**
 * The shape of an extension (RFC 5246 §7.4.1.4). Each is a file with a client half, a server half, or both, which fill
 * a slot of `../session.ts`; all.ts lists them. What a half reads or settles it returns: what other extensions say, it
 * sees and cannot change.
 * @module
 */
import { TlsError } from "../../errors.ts";
import { type Codec, decode } from "../../wire/codec.ts";
import type { RawExtension } from "../../wire/messages.ts";
import type { ClientConfig, ResumableSession, ServerConfig, ServerCredential } from "../config.ts";
import type { Agreement, Offer, Slots } from "../session.ts";

export interface ClientExtension<K extends keyof Slots = keyof Slots> {
  readonly id: number;
  readonly name: string;
  /** Its data in ClientHello; `undefined`: it is not sent. */
  offer(config: ClientConfig, kept: ResumableSession | undefined): Uint8Array | undefined;
  /**
   * What the server's answer settles; `agreement` has what those before it settled. Without this method an answer is
   * `unsupported_extension`.
   */
  accept?(answer: Uint8Array, agreement: Agreement, config: ClientConfig): Slots[K]["agreed"] | undefined;
  /** There is no answer: throws where we insist on one. */
  absent?(config: ClientConfig): void;
}

/** What a server knows when it answers. */
export interface Answering {
  readonly offer: Offer;
  /** What the extensions before it in the list have settled. */
  readonly agreement: Agreement;
  readonly config: ServerConfig;
  /** Of the Certificate that follows, where one does. */
  readonly credential?: ServerCredential | undefined;
  /** The OCSP response that follows it. */
  readonly response?: Uint8Array | undefined;
  /** The client of a session that is resumed gets a new ticket. */
  readonly renews?: boolean;
}

/** The data of an answer, and what it settles. */
export interface Answer<Agreed> {
  readonly data: Uint8Array;
  readonly agreed: Agreed;
}

export interface ServerExtension<K extends keyof Slots = keyof Slots> {
  readonly id: number;
  readonly name: string;
  /** What the client says; `offer` has what those before it in the list say. `undefined`: as if it were not sent. */
  read(data: Uint8Array, config: ServerConfig, offer: Offer): Slots[K]["offered"] | undefined;
  /** Asked only where the client sent it (or, for renegotiation_info, its SCSV). */
  answer?(offered: Slots[K]["offered"], answering: Answering): Answer<Slots[K]["agreed"]> | undefined;
  /** The client did not send it: throws where we insist on it. */
  absent?(config: ServerConfig): void;
}

/** By slot, in the order in which they are sent and read. */
export type ClientExtensions = { readonly [K in keyof Slots]?: ClientExtension<K> };
export type ServerExtensions = { readonly [K in keyof Slots]?: ServerExtension<K> };

/** The answer that has no data. */
export const yes: Answer<true> = { data: /* @__PURE__ */ new Uint8Array(0), agreed: true };

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
  list: ClientExtensions,
  config: ClientConfig,
  kept: ResumableSession | undefined,
): RawExtension[] {
  return Object.values(list).flatMap((extension) => {
    const data = extension.offer(config, kept);
    return data ? [{ type: extension.id, data }] : [];
  });
}

/** A client reads the answers, none that it did not ask for (RFC 5246 §7.4.1.4). `settled`: what no extension says. */
export function acceptExtensions(
  list: ClientExtensions,
  offered: readonly RawExtension[],
  answered: readonly RawExtension[] | undefined,
  settled: Pick<Agreement, "suite" | "resumed">,
  config: ClientConfig,
): Agreement {
  let agreement: Agreement = settled;
  const answers = byType(answered);
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

/** A server reads the offers; what it does not know is ignored. */
export function readOffer(
  list: ServerExtensions,
  extensions: readonly RawExtension[] | undefined,
  config: ServerConfig,
): Offer {
  let offer: Offer = {};
  const raw = byType(extensions);
  for (const [slot, extension] of Object.entries<ServerExtension>(list)) {
    const data = raw.get(extension.id);
    if (data) offer = { ...offer, [slot]: extension.read(data, config, offer) };
  }
  return offer;
}

/**
 * A server's answers, and what both hellos settle. The answers are `undefined` where there is none, so that the whole
 * block stays away (RFC 5246 §7.4.1.3).
 */
export function answerExtensions(
  list: ServerExtensions,
  answering: Answering,
): { readonly agreement: Agreement; readonly extensions: RawExtension[] | undefined } {
  const { offer, config } = answering;
  let { agreement } = answering;
  const extensions: RawExtension[] = [];
  for (const [slot, extension] of Object.entries(list as Record<keyof Slots, AnyServerExtension>)) {
    const offered = offer[slot as keyof Slots];
    if (offered === undefined) extension.absent?.(config);
    else {
      const answer = extension.answer?.(offered, { ...answering, agreement });
      if (!answer) continue;
      extensions.push({ type: extension.id, data: answer.data });
      agreement = { ...agreement, [slot]: answer.agreed };
    }
  }
  return { agreement, extensions: extensions.length ? extensions : undefined };
}

/** A half whose slot is not known to the compiler: the list has put it there. */
interface AnyServerExtension extends Omit<ServerExtension, "answer"> {
  answer?(offered: unknown, answering: Answering): Answer<unknown> | undefined;
}
