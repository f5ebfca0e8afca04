/**
 * PEM, RFC 7468: text around the blocks is skipped, the blocks themselves are read strictly.
 * @module
 */
import { fromBase64 } from "../bytes/bytes.ts";
import { configurationError } from "../errors.ts";

export interface PemBlock {
  /** `"CERTIFICATE"`, `"PRIVATE KEY"` … */
  readonly label: string;
  readonly der: Uint8Array;
}

/** All blocks in order. Throws a configuration error for one that is cut off or not base64. */
export function pemBlocks(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  const begin = /^-----BEGIN ([A-Z0-9 #-]{1,64})-----[ \t]*$/gm;
  for (let match = begin.exec(text); match; match = begin.exec(text)) {
    const label = match[1] as string;
    const end = `-----END ${label}-----`;
    const at = text.indexOf(end, begin.lastIndex);
    if (at < 0)
      throw configurationError(`PEM: "-----BEGIN ${label}-----" without its end`, "the text is cut off or mixed up");
    const body = text.slice(begin.lastIndex, at);
    if (body.includes(":"))
      throw configurationError(
        `PEM: ${label} has headers`,
        "decrypt a legacy encrypted key with `openssl pkcs8 -topk8`",
      );
    let der: Uint8Array;
    try {
      der = fromBase64(body);
    } catch (cause) {
      throw configurationError(`PEM: ${label} is ${(cause as Error).message}`);
    }
    if (!der.length) throw configurationError(`PEM: ${label} is empty`);
    blocks.push({ label, der });
    begin.lastIndex = at + end.length;
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
