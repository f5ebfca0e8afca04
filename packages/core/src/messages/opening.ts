/**
 * The opening of a message connection: which path and protocols the client asks for, and what the server answers. They
 * travel inside the channel, so no relay learns them.
 * @module
 */
import { FrameError, utf8Of } from "./frameError.ts";

/**
 * The ALPN identifiers of the framing. A server that selects the first accepts every path: a client without protocols
 * is open as soon as the handshake is done. A server that selects the second answers each opening first, because it may
 * refuse.
 */
export const messageAlpn = { open: "handclasp-messages/1", answered: "handclasp-messages/1+answer" } as const;

/** The opening of a client. */
export interface Opening {
  /** The path and the query, such as `/chat?room=1`. */
  readonly path: string;
  /** The protocols that the client offers, in its order of preference. */
  readonly protocols: readonly string[];
  /** The session that the client begins or continues. */
  readonly session?: OpeningSession | undefined;
}

/** A session that outlives its connections. */
export interface OpeningSession {
  /** At least 128 random bits, which the client chose, in base64url. */
  readonly id: string;
  /** The number of the server's messages that the client has received. */
  readonly received: number;
  /** True if the client comes back only to close: a server that has no such session must not begin one. */
  readonly closing?: true | undefined;
}

/** The answer of a server. */
export interface Answer {
  /** The selected protocol; empty for none. */
  readonly protocol: string;
  /** Absent if the server keeps no sessions. */
  readonly session?: AnswerSession | undefined;
}

export interface AnswerSession {
  /** False if the session is new to the server: the client has just begun it, or the server has lost it. */
  readonly resumed: boolean;
  /** The number of the client's messages that the server has received. */
  readonly received: number;
  /**
   * The number of the server's messages that it does not send again. The client may have acknowledged more on the old
   * connection than its opening says.
   */
  readonly from: number;
}

/** RFC 6455 §4.1: a protocol is a token of RFC 2616. */
export const isToken = (text: string): boolean => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text);

export const encodeOpening = (opening: Opening | Answer): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(opening));

/** @throws FrameError */
export function readOpening(payload: Uint8Array): Opening {
  const { path, protocols, session, ...others } = objectOf(utf8Of(payload));
  const isValid =
    typeof path === "string" &&
    isPath(path) &&
    Array.isArray(protocols) &&
    protocols.every((one) => typeof one === "string" && isToken(one)) &&
    new Set(protocols).size === protocols.length;
  if (!isValid || Object.keys(others).length) throw invalidOpening();
  return { path, protocols, ...(session !== undefined && { session: readSession(session) }) };
}

/** A path in ASCII, with a query perhaps, and without a fragment. */
export const isPath = (text: string): boolean => /^\/[!-"$-~]*$/.test(text);

function readSession(value: unknown): OpeningSession {
  const { id, received, closing, ...others } = properties(value);
  const isValid =
    typeof id === "string" &&
    /^[\w-]{22,64}$/.test(id) &&
    isCount(received) &&
    (closing === undefined || closing === true);
  if (!isValid || Object.keys(others).length) throw invalidOpening();
  return { id, received, ...(closing && { closing }) };
}

/** @throws FrameError */
export function readAnswer(payload: Uint8Array, { protocols, session: asked }: Opening): Answer {
  const { protocol, session, ...others } = objectOf(utf8Of(payload));
  if (typeof protocol !== "string" || Object.keys(others).length) throw invalidOpening();
  // A client that asked for protocols must get one of them.
  if (protocols.length ? !protocols.includes(protocol) : protocol !== "")
    throw new FrameError(1002, "the server selected a protocol that the client did not offer", "wrong_protocol");
  if (session === undefined || !asked) {
    if (session !== undefined) throw invalidOpening();
    return { protocol };
  }
  const { resumed, received, from, ...otherProperties } = properties(session);
  const isValid = typeof resumed === "boolean" && isCount(received) && isCount(from);
  if (!isValid || Object.keys(otherProperties).length) throw invalidOpening();
  return { protocol, session: { resumed, received, from } };
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function objectOf(text: string): Record<string, unknown> {
  try {
    return properties(JSON.parse(text));
  } catch {
    // Not JSON, or no object.
    throw invalidOpening();
  }
}

function properties(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw invalidOpening();
  return value as Record<string, unknown>;
}

const invalidOpening = (): FrameError => new FrameError(1002, "an opening is invalid");
