/**
 * PEM, RFC 7468: text around the blocks is skipped, the blocks themselves are read strictly. They may be indented, as in the source of a program, and follow
 * the byte order mark of an editor.
 * @module
 */
import { fromBase64, latin1 } from "../bytes/bytes.ts";
import { tags } from "../bytes/der.ts";
import { configurationError } from "../errors.ts";
import { about } from "../given/options.ts";

export interface PemBlock {
  /** `"CERTIFICATE"`, `"PRIVATE KEY"` … */
  readonly label: string;
  readonly der: Uint8Array;
}

/** All blocks in order. Throws a configuration error for one that is cut off or not base64. */
export function pemBlocks(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  const begin = /^(?:\uFEFF|\xEF\xBB\xBF)?[ \t]*-----BEGIN ([A-Z0-9 #-]{1,64})-----[ \t]*$/gm;
  for (let match = begin.exec(text); match; match = begin.exec(text)) {
    const label = match[1] as string;
    const fault = (what: string, advice?: string) =>
      configurationError(`PEM: ${label} (block ${blocks.length + 1}) ${what}`, advice);
    const end = text.indexOf(`-----END ${label}-----`, begin.lastIndex);
    if (end < 0) throw fault("has no end", "the text is cut off or mixed up");
    const body = text.slice(begin.lastIndex, end);
    if (body.includes(":")) throw fault("has headers", "decrypt a legacy encrypted key with `openssl pkcs8 -topk8`");
    begin.lastIndex = end;
    try {
      blocks.push({ label, der: fromBase64(body) });
    } catch (cause) {
      throw fault(`is ${(cause as Error).message}`);
    }
    if (!body.trim()) throw fault("is empty");
  }
  return blocks;
}

/**
 * The DER of every certificate in a PEM text; other blocks are skipped.
 * @example
 * const chain = parsePemCertificates(await readFile("chain.pem", "utf8"));
 */
export const parsePemCertificates = (text: string): Uint8Array[] =>
  pemBlocks(text).flatMap(({ label, der }) => (label === "CERTIFICATE" || label === "X509 CERTIFICATE" ? [der] : []));

/** What to do about a text without the block that was looked for. The text itself may be a secret, and is not repeated. */
export const noPemAdvice = (text: string, label: string): string =>
  /^[^\n\r]{1,1024}$/.test(text) && /[/\\.]/.test(text)
    ? "that looks like the name of a file: give the file's contents"
    : `expected PEM with -----BEGIN ${label}-----, or DER`;

/** The certificates in PEM or DER, as DER. Throws a configuration error where there is none; `what` is the option that has it. */
export function certificateDers(source: string | Uint8Array, what: string): Uint8Array[] {
  if (typeof source !== "string" && source[0] === tags.sequence) return [source];
  const text = typeof source === "string" ? source : latin1(source);
  const ders = parsePemCertificates(text);
  if (ders.length) return ders;
  const error = configurationError(`${what}: there is no certificate in it`, noPemAdvice(text, "CERTIFICATE"));
  throw about(error, { option: what, value: source });
}
