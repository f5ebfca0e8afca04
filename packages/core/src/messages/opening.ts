/**
 * The opening of a message connection: which path and protocols the client asks for, and what the server answers. They
 * travel inside the channel, so nobody in between learns them.
 * @module
 */
import { FrameError, utf8Of } from "./frameError.ts";

/**
 * The ALPN identifiers of the framing. A server that selects the first accepts every path: a client without protocols
 * is open as soon as the handshake is done. A server that selects the second answers each opening first, because it may
 * refuse.
 */
export const messageAlpn = { open: "handclasp-messages/1", answered: "handclasp-messages/1+answer" } as const;

/** What a client asks for. */
export interface Opening {
  /** The path and the query, such as `/chat?room=1`. */
  readonly path: string;
  /** The protocols that the client offers, in its order of preference. */
  readonly protocols: readonly string[];
}

/** RFC 6455 §4.1: a protocol is a token of RFC 2616. */
export const isToken = (text: string): boolean => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text);

export const encodeOpening = (opening: Opening | { readonly protocol: string }): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(opening));

/** @throws FrameError */
export function readOpening(payload: Uint8Array): Opening {
  const { path, protocols, ...others } = objectOf(payload);
  const isValid =
    typeof path === "string" &&
    /^\/[!-~]*$/.test(path) &&
    !path.includes("#") &&
    Array.isArray(protocols) &&
    protocols.every((one) => typeof one === "string" && isToken(one)) &&
    new Set(protocols).size === protocols.length;
  if (!isValid || Object.keys(others).length) throw invalidOpening();
  return { path, protocols };
}

/** The protocol that the server selects; empty for none. Throws a FrameError. */
export function readAnswer(payload: Uint8Array, offered: readonly string[]): string {
  const { protocol, ...others } = objectOf(payload);
  if (typeof protocol !== "string" || Object.keys(others).length) throw invalidOpening();
  // A client that asked for protocols must get one of them.
  if (offered.length ? !offered.includes(protocol) : protocol !== "")
    throw new FrameError(1002, "the server selected a protocol that the client did not offer", "wrong_protocol");
  return protocol;
}

function objectOf(payload: Uint8Array): Record<string, unknown> {
  const text = utf8Of(payload);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Reported below, like any other value that is no object.
  }
  throw invalidOpening();
}

const invalidOpening = (): FrameError => new FrameError(1002, "the peer sent an invalid opening");
