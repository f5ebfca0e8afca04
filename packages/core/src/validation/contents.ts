/**
 * Recognises values that a caller gave in place of a certificate or a private key.
 * @module
 */

import type { Finding } from "./finding.ts";
import { noPemAdvice } from "./noPem.ts";

/** Returns `undefined` if the value is not one of the known mistakes. The result repeats no part of the value. */
export function explainContents(option: string, value: unknown): Finding | undefined {
  if (option !== "ca" && option !== "cert" && option !== "key") return undefined;
  for (const one of Array.isArray(value) ? value : [value]) {
    const finding =
      typeof one === "string" || one instanceof Uint8Array ? explainText(option, one) : explainObject(option, one);
    if (finding) return finding;
  }
  return undefined;
}

function explainObject(option: string, value: unknown): Finding | undefined {
  if (value === null || value === undefined) return undefined;
  const has = (property: string): boolean => typeof value === "object" && property in value;
  if (has("then")) return ["a Promise", `put await before it: ${option}: await readFile(…)`];
  if (has("href")) return ["a URL", `give the file's contents: ${option}: readFileSync(url)`];
  if (has("checkPrivateKey")) return ["an X509Certificate of node:crypto", `give its DER: ${option}: certificate.raw`];
  if (option !== "key" && (has("asymmetricKeyType") || has("usages")))
    return ["a key in place of a certificate", "give the certificate; only a credential takes the private key"];
  if (value instanceof ArrayBuffer) return ["an ArrayBuffer", "give bytes: new Uint8Array(buffer)"];
  return undefined;
}

function explainText(option: string, source: string | Uint8Array): Finding | undefined {
  if (source.length === 0) return ["empty", "the file is empty, or the variable is not set"];
  if (typeof source !== "string" && source[0] === 0x30) return explainDer(option, source);
  const text = textOf(source);
  if (/^\s*$/.test(text)) return ["empty", "the file is empty, or the variable is not set"];
  if (/^(\xff\xfe|\xfe\xff|\0?-\0-)/.test(text)) return ["UTF-16", "save the file as UTF-8"];
  const labels = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]{1,64})-----/g)].map(([, label]) => label as string);
  const finding = explainLabels(option, labels);
  if (finding) return finding;
  if (labels.length && text.includes("\\n"))
    return ['PEM with "\\n" written out in place of line breaks', 'put them in: text.replaceAll("\\\\n", "\\n")'];
  if (labels.length && !/-----[ \t]*[\r\n]/.test(text))
    return ["PEM without its line breaks", "put each -----BEGIN …----- and -----END …----- on a line of its own"];
  if (labels.length) return undefined;
  if (/^\s*(ssh-|ecdsa-sha2-)/.test(text)) return ["an SSH key", "give X.509: PEM with -----BEGIN CERTIFICATE-----"];
  if (/^\s*MI[A-Za-z0-9+/=\s]{60,}$/.test(text))
    return [
      "base64 without the lines around it",
      "give the whole file, with -----BEGIN …-----; or its bytes: fromBase64",
    ];
  return option === "key" ? undefined : ["there is no certificate in it", noPemAdvice(text, "CERTIFICATE")];
}

/** Converts the contents of a file to text. The first MiB of bytes is enough to recognise a mistake. */
function textOf(source: string | Uint8Array): string {
  if (typeof source === "string") return source;
  let text = "";
  for (const byte of source.subarray(0, 2 ** 20)) text += String.fromCharCode(byte);
  return text;
}

function explainLabels(option: string, labels: readonly string[]): Finding | undefined {
  const has = (end: string): boolean => labels.some((label) => label.endsWith(end));
  if (option === "key")
    return has("CERTIFICATE") && !has("PRIVATE KEY")
      ? ["a certificate in place of the private key", "give the certificate as cert, and its private key as key"]
      : undefined;
  if (has("TRUSTED CERTIFICATE"))
    return [
      "a TRUSTED CERTIFICATE, which only OpenSSL reads (openssl x509 -trustout)",
      "convert it: openssl x509 -in FILE -out ca.pem",
    ];
  if (has("PRIVATE KEY"))
    return [
      "a private key in place of a certificate",
      option === "ca"
        ? "give the certificate of the CA; only the CA itself needs its private key"
        : "give the certificate as cert, and its private key as key",
    ];
  if (has("CERTIFICATE REQUEST"))
    return ["a certificate request", "give the certificate that the CA issues for it: openssl x509 -req …"];
  if (has("PUBLIC KEY"))
    return [
      "a public key in place of a certificate",
      'give the certificate, or trust only its key: pins: ["sha256/…"]',
    ];
  if (has("PKCS7") || has("CMS"))
    return ["PKCS#7", "take the certificates out: openssl pkcs7 -print_certs -in FILE -out chain.pem"];
  if (has("CRL")) return ["a list of revoked certificates", "give the certificate of the CA"];
  return undefined;
}

/**
 * Recognises DER by the first element inside the outer SEQUENCE: a SEQUENCE in a certificate, an INTEGER in an
 * unencrypted private key or PKCS#12.
 */
function explainDer(option: string, bytes: Uint8Array): Finding | undefined {
  const length = bytes[1] ?? 0;
  const at = 2 + (length & 0x80 ? length & 0x7f : 0);
  if (bytes[at] !== 0x02) return undefined;
  if (bytes[at + 1] === 1 && bytes[at + 2] === 3 && bytes[at + 3] === 0x30)
    return [
      "PKCS#12 (.p12, .pfx)",
      "take it apart: openssl pkcs12 -in FILE -nodes -out both.pem, and give its text as cert and as key",
    ];
  return option === "key"
    ? undefined
    : ["a private key in place of a certificate", "give the certificate; only a credential takes the private key"];
}
