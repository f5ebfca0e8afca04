/**
 * PEM, RFC 7468. Text around the blocks is skipped, and the blocks are read strictly. They may be indented, as in the
 * source of a program, and follow an editor's byte order mark.
 * @module
 */
import { fromBase64, latin1 } from "../bytes/bytes.ts";
import { tags } from "../bytes/der.ts";
import { configurationError } from "../errors.ts";
import { briefError, withFault } from "../validation/options.ts";

export interface PemBlock {
  /** `"CERTIFICATE"`, `"PRIVATE KEY"` … */
  readonly label: string;
  readonly der: Uint8Array;
}

/** Reads all blocks in order. Throws a configuration error for a block that is cut off or not base64. */
export function pemBlocks(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  const begin = /^(?:\uFEFF|\xEF\xBB\xBF)?[ \t]*-----BEGIN ([A-Z0-9 #-]{1,64})-----[ \t]*$/gm;
  for (let match = begin.exec(text); match; match = begin.exec(text)) {
    const label = match[1] as string;
    const fault = (what: string) => briefError(`PEM: ${label} (block ${blocks.length + 1}) ${what}`);
    const end = text.indexOf(`-----END ${label}-----`, begin.lastIndex);
    if (end < 0) throw fault("has no end");
    const body = text.slice(begin.lastIndex, end);
    if (body.includes(":")) throw fault("has headers");
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

/**
 * The DER of the certificates in PEM or DER.
 * @param option the option that has the source, for the error
 * @throws TlsError `configuration` if there is no certificate
 */
export function certificateDers(source: string | Uint8Array, option: string): Uint8Array[] {
  if (typeof source !== "string" && source[0] === tags.sequence) return [source];
  const text = typeof source === "string" ? source : latin1(source);
  const ders = parsePemCertificates(text);
  if (ders.length) return ders;
  throw withFault(configurationError(`${option}: there is no certificate in it`), { option, value: source });
}
