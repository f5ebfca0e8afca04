/**
 * The files that options name: certificates, keys, OCSP responses and the key log.
 * @module
 */
import { openSync, readFileSync, writeSync } from "node:fs";
import { trustPolicy } from "@handclasp/core/x509";
import { type Credential, nodeCredential, parseCertificate, parseOcspResponse, TlsError } from "@handclasp/node";
import { oneLine, UsageError } from "./errors.ts";

/** Reads a file. An error contains the option and the file's name. */
export function read(option: string, file: string): Uint8Array {
  return orFail(`${option} ${file}`, () => readFileSync(file));
}

/** Reads a file of CA certificates, and checks that it contains at least one. */
export function authorities(option: string, file: string): Uint8Array {
  const ca = read(option, file);
  orFail(`${option} ${file}`, () => trustPolicy({ ca }));
  return ca;
}

/** The credentials of all `--cert` and `--key`. Each `--ocsp` belongs to the credential whose certificate it names. */
export function credentials(
  certs: readonly string[] = [],
  keys: readonly string[] = [],
  ocsp: readonly string[] = [],
): Credential[] {
  if (certs.length !== keys.length) {
    throw new UsageError(`--cert and --key go together: got ${certs.length} --cert and ${keys.length} --key`);
  }
  if (ocsp.length && !certs.length)
    throw new UsageError("--ocsp needs --cert: a throw-away certificate has no OCSP responder");
  const all = certs.map((cert, i) => {
    const key = keys[i] as string;
    return orFail(`--cert ${cert} --key ${key}`, () =>
      nodeCredential({ cert: read("--cert", cert), key: read("--key", key) }),
    );
  });
  return ocsp.reduce(staple, all);
}

/** Adds the OCSP response of `file` to the credentials whose certificates it names. */
function staple(all: readonly Credential[], file: string): Credential[] {
  const ocspResponse = read("--ocsp", file);
  const { responses } = orFail(`--ocsp ${file}`, () => parseOcspResponse(ocspResponse));
  const isNamed = ({ chain }: Credential): boolean => {
    const { serialNumber } = parseCertificate(chain[0] as Uint8Array);
    return responses.some((single) => single.serialNumber === serialNumber);
  };
  if (!all.some(isNamed)) throw new Error(`--ocsp ${file}: the response names none of the certificates`);
  return all.map((credential) => (isNamed(credential) ? { ...credential, ocspResponse } : credential));
}

/** Appends lines of the NSS key log to a file. If the file is new, only its owner can read it. */
export function keyLogTo(file: string): (line: string) => void {
  const handle = orFail(`--keylog ${file}`, () => openSync(file, "a", 0o600));
  return (line) => void writeSync(handle, `${line.trimEnd()}\n`);
}

/**
 * Runs `task`. If `task` throws a TlsError or an error with a code, as Node.js does for files, the message of the new
 * error begins with `what`. Other errors pass unchanged.
 */
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
  EISDIR: "expected a file, found a folder",
  ENOTDIR: "expected a folder, found a file",
  EEXIST: "expected a folder, found a file",
  EACCES: "permission denied",
};
