/**
 * Files that options name.
 * @module
 */
import { openSync, readFileSync, writeSync } from "node:fs";
import { trustPolicy } from "@handclasp/core/x509";
import { type Credential, nodeCredential, parseCertificate, parseOcspResponse, TlsError } from "@handclasp/node";
import { oneLine, UsageError } from "./errors.ts";

/** The bytes of a file; the error says which option named it. */
export function read(option: string, file: string): Uint8Array {
  return orFail(`${option} ${file}`, () => readFileSync(file));
}

/** The file of certificates to trust, read once to see that it holds some. */
export function authorities(option: string, file: string): Uint8Array {
  const ca = read(option, file);
  orFail(`${option} ${file}`, () => trustPolicy({ ca }));
  return ca;
}

/** `--cert` and `--key`, as often as they are given; `--ocsp` goes with the certificate that it is about. */
export function credentials(
  certs: readonly string[] = [],
  keys: readonly string[] = [],
  ocsp: readonly string[] = [],
): Credential[] {
  if (certs.length !== keys.length) {
    throw new UsageError(`--cert and --key go together: ${certs.length} of the one, ${keys.length} of the other`);
  }
  if (ocsp.length && !certs.length) throw new UsageError("--ocsp needs --cert: nobody vouches for a throw-away one");
  const own = certs.map((cert, i) => {
    const key = keys[i] as string;
    return orFail(`--cert ${cert} --key ${key}`, () =>
      nodeCredential({ cert: read("--cert", cert), key: read("--key", key) }),
    );
  });
  return ocsp.reduce(staple, own);
}

/** The same credentials, those with what a file says of them that it is about. */
function staple(own: readonly Credential[], file: string): Credential[] {
  const ocspResponse = read("--ocsp", file);
  const { responses } = orFail(`--ocsp ${file}`, () => parseOcspResponse(ocspResponse));
  const about = ({ chain }: Credential): boolean => {
    const { serialNumber } = parseCertificate(chain[0] as Uint8Array);
    return responses.some((single) => single.serialNumber === serialNumber);
  };
  if (!own.some(about)) throw new Error(`--ocsp ${file}: it is about none of the certificates`);
  return own.map((credential) => (about(credential) ? { ...credential, ocspResponse } : credential));
}

/** Appends lines of the NSS key log to a file that only its owner can read. */
export function keyLogTo(file: string): (line: string) => void {
  const handle = orFail(`--keylog ${file}`, () => openSync(file, "a", 0o600));
  return (line) => void writeSync(handle, `${line.trimEnd()}\n`);
}

/** Says of an error of a file or of what it holds where it comes from. */
export function orFail<T>(what: string, task: () => T): T {
  try {
    return task();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!TlsError.is(error) && code === undefined) throw error;
    throw new Error(`${what}: ${reasons[code ?? ""] ?? oneLine(message)}`, { cause: error });
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder",
  EISDIR: "that is a folder, not a file",
  ENOTDIR: "a file stands where a folder should",
  EEXIST: "a file stands where a folder should",
  EACCES: "not allowed",
};
