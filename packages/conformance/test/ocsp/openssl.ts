/**
 * OpenSSL as a CA with an OCSP responder. It issues certificates and OCSP responses for them.
 */

import { execFileSync } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseCertificate } from "@handclasp/core";
import { parsePemCertificates } from "@handclasp/core/unstable";

const command = process.env.HANDCLASP_OPENSSL || "openssl";

export interface Issued {
  /** The common path of the certificate file and the key file, without `.pem` and `.key`. */
  readonly file: string;
  readonly cert: string;
  readonly key: string;
  readonly der: Uint8Array;
}

export interface ResponseRequest {
  readonly of: Issued;
  readonly by: Issued;
  /** Default: the issuer. */
  readonly signer?: Issued;
  /** Default: a response that is valid for a week. */
  readonly options?: readonly string[];
  /** The hash algorithm in CertID. */
  readonly hash?: "sha1" | "sha256";
}

const keys = {
  p256: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
  p384: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
  rsa: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
  ed25519: ["-algorithm", "ED25519"],
} satisfies Record<string, readonly string[]>;

/** The profiles of the certificates. */
export const purposes = {
  signing: ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"],
  serving: ["subjectAltName=DNS:www.example.com,DNS:localhost,IP:127.0.0.1"],
  responding: ["extendedKeyUsage=OCSPSigning", "noCheck=ignored", "keyUsage=digitalSignature"],
} satisfies Record<string, readonly string[]>;

export interface OpensslAuthority {
  /** The version of OpenSSL. `undefined` if openssl is not installed: then call no other method than `remove`. */
  readonly version: string | undefined;
  /** Issues a certificate. Without an issuer, the certificate is self-signed. */
  issue(kind: keyof typeof keys, extensions: readonly string[], issuer?: Issued): Issued;
  /** Records the status of a certificate in the format of `openssl ca`. */
  record(one: Issued, status: "valid" | "revoked"): void;
  /** A response that `openssl ocsp` creates offline. */
  respond(request: ResponseRequest): Uint8Array;
  /** The path of a file in the CA's folder. If `content` is given, writes it to that file. */
  file(name: string, content?: Uint8Array): string;
  remove(): void;
}

/** Creates a CA in its own folder. */
export function authority(): OpensslAuthority {
  const folder = mkdtempSync(join(tmpdir(), "handclasp-ocsp-"));
  const file = (name: string, content?: Uint8Array): string => {
    const path = join(folder, name);
    if (content) writeFileSync(path, content);
    return path;
  };
  const openssl = (...args: readonly string[]): string =>
    execFileSync(command, args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  // OpenSSL's configuration on this machine may add extensions, so the CA uses its own.
  writeFileSync(file("config"), "[req]\ndistinguished_name = dn\n[dn]\n");
  writeFileSync(file("index.txt"), "");
  let serial = 0x1000;
  let count = 0;
  return {
    version: attempt(() => openssl("version").trim()),
    file,
    remove: () => rmSync(folder, { recursive: true, force: true }),
    issue(kind, extensions, issuer) {
      const name = `${kind}-${++serial}`;
      openssl("genpkey", ...keys[kind], "-out", `${name}.key`);
      const by = issuer ? ["-CA", `${issuer.file}.pem`, "-CAkey", `${issuer.file}.key`] : [];
      const about = ["-config", "config", "-subj", `/CN=${name}`, "-key", `${name}.key`, "-days", "30"];
      const more = ["-set_serial", `${serial}`, ...extensions.flatMap((one) => ["-addext", one])];
      openssl("req", "-x509", ...about, ...by, ...more, "-out", `${name}.pem`);
      const cert = readFileSync(file(`${name}.pem`), "utf8");
      const [der] = parsePemCertificates(cert);
      return { file: name, cert, key: readFileSync(file(`${name}.key`), "utf8"), der: der! };
    },
    record(one, status) {
      const fields =
        status === "revoked" ? ["R", "491231235959Z", "250601120000Z,keyCompromise"] : ["V", "491231235959Z", ""];
      const number = parseCertificate(one.der).serialNumber.toUpperCase();
      appendFileSync(file("index.txt"), `${[...fields, number, "unknown", `/CN=${one.file}`].join("\t")}\n`);
    },
    respond({ of, by, signer = by, options = ["-ndays", "7"], hash = "sha1" }) {
      const request = `request-${++count}.der`;
      const response = `response-${count}.der`;
      const about = ["-issuer", `${by.file}.pem`, `-${hash}`, "-cert", `${of.file}.pem`, "-no_nonce"];
      openssl("ocsp", ...about, "-reqout", request);
      const asCa = ["-index", "index.txt", "-CA", `${by.file}.pem`, "-rsigner", `${signer.file}.pem`];
      openssl("ocsp", ...asCa, "-rkey", `${signer.file}.key`, "-reqin", request, "-respout", response, ...options);
      return new Uint8Array(readFileSync(file(response)));
    },
  };
}

function attempt<T>(task: () => T): T | undefined {
  try {
    return task();
  } catch {
    return undefined;
  }
}
