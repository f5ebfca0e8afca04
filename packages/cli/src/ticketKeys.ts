/**
 * `serve --ticket-keys FILE`: ticket keys that processes share, so that each process resumes the sessions of the
 * others.
 * @module
 */
import { read } from "./files.ts";

const option = "--ticket-keys";
const keyLength = 48;

/**
 * Reads the keys. The file contains keys of 48 random bytes each (`openssl rand 48` writes one), or lines of 96
 * hexadecimal digits.
 */
export function ticketKeysOf(file: string): readonly Uint8Array[] {
  const keys = parse(read(option, file));
  if (keys) return keys;
  throw new Error(
    `${option} ${file}: expected keys of ${keyLength} random bytes, or lines of ${2 * keyLength} hexadecimal digits`,
  );
}

/** Returns `undefined` if `content` is not a list of keys. */
function parse(content: Uint8Array): Uint8Array[] | undefined {
  // Random bytes do not look like lines of digits.
  const lines = Buffer.from(content)
    .toString("latin1")
    .split(/\r?\n/)
    .filter((line) => line.trim());
  if (lines.length && lines.every((line) => /^\s*[0-9a-f]{96}\s*$/i.test(line)))
    return lines.map((line) => Buffer.from(line.trim(), "hex"));
  if (!content.length || content.length % keyLength || isText(content)) return undefined;
  return Array.from({ length: content.length / keyLength }, (_, i) =>
    content.slice(i * keyLength, (i + 1) * keyLength),
  );
}

/**
 * True if `content` is ASCII text, which 48 random bytes practically never are. Such a file is another one, maybe a
 * public one, or has lines with a wrong number of digits.
 */
const isText = (content: Uint8Array): boolean =>
  content.every((byte) => (byte >= 0x20 && byte < 0x7f) || (byte >= 0x09 && byte <= 0x0d));
