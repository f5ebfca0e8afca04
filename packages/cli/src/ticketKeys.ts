/**
 * `serve --ticket-keys FILE`: keys that processes share, so that each resumes the sessions of all.
 * @module
 */
import { errorLine } from "./errors.ts";
import { read } from "./files.ts";

const option = "--ticket-keys";
const keyLength = 48;

/**
 * The keys in a file, asked for again with each ticket; SIGHUP has the file read anew, and one that is no good leaves the keys as they are.
 * The file: n×48 random bytes (with one key, what `openssl rand 48` writes), or lines of 96 hexadecimal digits.
 */
export function ticketKeysOf(file: string): () => readonly Uint8Array[] {
  const load = (): readonly Uint8Array[] => {
    const keys = parse(read(option, file));
    if (keys) return keys;
    throw new Error(
      `${option} ${file}: expected keys of ${keyLength} bytes, or lines of ${2 * keyLength} hexadecimal digits`,
    );
  };
  let keys = load();
  process.on("SIGHUP", () => {
    try {
      keys = load();
      console.error(`ticket keys: ${keys.length} from ${file}`);
    } catch (error) {
      console.error(`${errorLine(error)}; the keys stay as they were`);
    }
  });
  return () => keys;
}

/** `undefined` where there are none. */
function parse(content: Uint8Array): Uint8Array[] | undefined {
  // Random bytes never look like this.
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

/** 48 random bytes never are: it is another file, which others may have too, or digits that are miscounted. */
const isText = (content: Uint8Array): boolean =>
  content.every((byte) => (byte >= 0x20 && byte < 0x7f) || (byte >= 0x09 && byte <= 0x0d));
