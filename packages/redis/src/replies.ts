/**
 * The replies of Redis that we expect. A reply of another kind is an error of the call.
 * @module
 */

/** Returns `undefined` for a reply of another kind. */
export type ReplyOf<T> = (reply: unknown) => T | undefined;

/** Some clients are set to return Buffers. Our values are ASCII. */
const textOf: ReplyOf<string> = (reply) => {
  if (typeof reply === "string") return reply;
  return reply instanceof Uint8Array ? Buffer.from(reply).toString("latin1") : undefined;
};

/** Some clients are set to return numbers as texts or BigInts. */
const integerOf: ReplyOf<string> = (reply) => {
  const text = typeof reply === "number" || typeof reply === "bigint" ? String(reply) : textOf(reply);
  return text !== undefined && /^-?\d{1,20}$/.test(text) ? text : undefined;
};

export const textOrNull: ReplyOf<string | null> = (reply) => (reply === null ? null : textOf(reply));

export const ok: ReplyOf<true> = (reply) => (textOf(reply) === "OK" ? true : undefined);

export const integer: ReplyOf<number> = (reply) => {
  const text = integerOf(reply);
  return text === undefined ? undefined : Number(text);
};

/** The reply of the command TIME, in milliseconds since 1970. */
export const time: ReplyOf<number> = (reply) => {
  const [seconds, micros] = Array.isArray(reply) ? reply.slice(0, 2).map(integer) : [];
  return seconds === undefined || micros === undefined ? undefined : seconds * 1_000 + micros / 1_000;
};

export interface Lock {
  /** A text, because a large one is no exact number. */
  readonly token: string;
  readonly keys: string | null;
  /** Whether the lock of another one was taken, because it would not have expired. */
  readonly wasStuck: boolean;
}

/** The reply of the script that takes the lock: `null` if another process has it. */
export const lock: ReplyOf<Lock | null> = (reply) => {
  if (reply === null) return null;
  if (!Array.isArray(reply)) return undefined;
  const token = integerOf(reply[0]);
  const keys = textOrNull(reply[1]);
  return token === undefined || keys === undefined ? undefined : { token, keys, wasStuck: integer(reply[2]) === 1 };
};

/** For messages, which must not have the value. */
export function kindOf(reply: unknown): string {
  if (reply === null || reply === undefined) return String(reply);
  if (Array.isArray(reply)) return "a list of another form";
  return textOf(reply) === undefined ? `a value of type ${typeof reply}` : "another text";
}
