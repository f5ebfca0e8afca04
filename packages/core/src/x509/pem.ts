/**
 * Reads PEM, RFC 7468. It skips text around the blocks, and reads the blocks strictly. The blocks may be indented, as
 * in source code, and the first may follow a byte order mark.
 * @module
 */
import { fromBase64, latin1 } from "../bytes/bytes.ts";
import { tags } from "../bytes/der.ts";
import { configurationError } from "../errors.ts";
import { errorWithRemedy, withFault } from "../validation/options.ts";

export interface PemBlock {
  /** `"CERTIFICATE"`, `"PRIVATE KEY"` … */
  readonly label: string;
  readonly der: Uint8Array;
}

/**
 * Reads all blocks in order. Throws a configuration error for a block that is cut off, empty or not base64, or that has
 * headers.
 */
export function pemBlocks(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  const begin = /^(?:\uFEFF|\xEF\xBB\xBF)?[ \t]*-----BEGIN ([A-Z0-9 #-]{1,64})-----[ \t]*$/gm;
  for (let match = begin.exec(text); match; match = begin.exec(text)) {
    const label = match[1] as string;
    const fault = (what: string) => errorWithRemedy(`PEM: ${label} (block ${blocks.length + 1}) ${what}`);
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
 * Returns the DER of every certificate in a PEM text, and skips other blocks.
 * @example
 * const chain = parsePemCertificates(await readFile("chain.pem", "utf8"));
 */
export const parsePemCertificates = (text: string): Uint8Array[] =>
  pemBlocks(text).flatMap(({ label, der }) => (label === "CERTIFICATE" || label === "X509 CERTIFICATE" ? [der] : []));

/**
 * Returns the DER of the certificates in `source`: PEM as text or bytes, or one DER certificate.
 * @param option the name of the option whose value is `source`, for the error
 * @throws TlsError `configuration` if there is no certificate
 */
export function certificateDers(source: string | Uint8Array, option: string): Uint8Array[] {
  if (typeof source !== "string" && source[0] === tags.sequence) return [source];
  const text = typeof source === "string" ? source : latin1(source);
  const ders = parsePemCertificates(text);
  if (ders.length) return ders;
  throw withFault(configurationError(`${option}: there is no certificate in it`), { option, value: source });
}
