import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TlsError } from "@handclasp/core";
import { parsePemCertificates } from "@handclasp/core/unstable";

import { trustPolicy, verifyCertificatePath } from "@handclasp/core/x509";
import { noble, nodeCrypto } from "@handclasp/node";
import { afterAll, describe, expect, test } from "vitest";

const command = process.env.HANDCLASP_OPENSSL || "openssl";
const folder = mkdtempSync(join(tmpdir(), "handclasp-algorithms-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
// OpenSSL's configuration on this machine may add extensions, so the tests use their own.
writeFileSync(join(folder, "config"), "[req]\ndistinguished_name = dn\n[dn]\n");

function openssl(...args: string[]): string | undefined {
  return execFileSync(command, args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
function version(): string | undefined {
  try {
    return openssl("version")?.trim();
  } catch {
    return undefined;
  }
}
const found = version();
if (!found) rmSync(folder, { recursive: true }); // if all tests are skipped, afterAll does not run

const rsa = (bits: number, exponent = 65537): string[] =>
  `-algorithm RSA -pkeyopt rsa_keygen_bits:${bits} -pkeyopt rsa_keygen_pubexp:${exponent}`.split(" ");
const ec = (curve: string, encoding = "named_curve"): string[] =>
  `-algorithm EC -pkeyopt ec_paramgen_curve:${curve} -pkeyopt ec_param_enc:${encoding}`.split(" ");
const pssKey = (...restricted: string[]): string[] =>
  `-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 ${restricted.map((option) => `-pkeyopt ${option}`).join(" ")}`
    .trim()
    .split(" ");
const pss = (hash: string, salt = "digest", mask = hash): string[] =>
  `-${hash} -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:${salt} -sigopt rsa_mgf1_md:${mask}`.split(" ");

/** The keys that `openssl genpkey` generates, each once. */
const keys = {
  p256: ec("P-256"),
  p384: ec("P-384"),
  p521: ec("P-521"),
  ed25519: ["-algorithm", "ED25519"],
  rsa2048: rsa(2048),
  rsa3072: rsa(3072),
  rsa4096: rsa(4096),
  rsaExponent3: rsa(2048, 3),
  pssAny: pssKey(),
  pssSha256: pssKey("rsa_pss_keygen_md:sha256", "rsa_pss_keygen_mgf1_md:sha256", "rsa_pss_keygen_saltlen:32"),
  rsa1024: rsa(1024),
  p224: ec("P-224"),
  k256: ec("secp256k1"),
  explicit: ec("P-256", "explicit"),
  ed448: ["-algorithm", "ED448"],
  dsa: ["-paramfile", "dsa.params"],
} satisfies Record<string, string[]>;
type Key = keyof typeof keys;

const accepted: readonly (readonly [what: string, key: Key, sign: readonly string[]])[] = [
  ["ECDSA P-256 with SHA-256", "p256", ["-sha256"]],
  ["ECDSA P-256 with SHA-512", "p256", ["-sha512"]],
  ["ECDSA P-384 with SHA-384", "p384", ["-sha384"]],
  ["ECDSA P-521 with SHA-512", "p521", ["-sha512"]],
  ["ECDSA P-521 with SHA-256", "p521", ["-sha256"]],
  ["Ed25519", "ed25519", []],
  ["RSA-2048 PKCS#1 with SHA-256", "rsa2048", ["-sha256"]],
  ["RSA-3072 PKCS#1 with SHA-384", "rsa3072", ["-sha384"]],
  ["RSA-4096 PKCS#1 with SHA-512", "rsa4096", ["-sha512"]],
  ["RSA with the exponent 3", "rsaExponent3", ["-sha256"]],
  ["RSA-PSS with SHA-256", "rsa2048", pss("sha256")],
  ["RSA-PSS with SHA-384", "rsa2048", pss("sha384")],
  ["RSA-PSS with SHA-512", "rsa2048", pss("sha512")],
  ["an id-RSASSA-PSS key", "pssAny", pss("sha256")],
  ["an id-RSASSA-PSS key with SHA-512", "pssAny", pss("sha512")],
  ["an id-RSASSA-PSS key for SHA-256 only", "pssSha256", pss("sha256")],
];

/** Signatures that are refused below the trust anchor. */
const weakSignatures: readonly (readonly [what: string, key: Key, sign: readonly string[]])[] = [
  ["RSA with SHA-1", "rsa2048", ["-sha1"]],
  ["RSA with MD5", "rsa2048", ["-md5"]],
  ["RSA with SHA-224", "rsa2048", ["-sha224"]],
  ["ECDSA with SHA-1", "p256", ["-sha1"]],
  ["RSA-PSS with SHA-1", "rsa2048", pss("sha1")],
  ["RSA-PSS with two hashes", "rsa2048", pss("sha256", "digest", "sha512")],
  ["RSA-PSS with another length of salt", "rsa2048", pss("sha256", "20")],
  ["DSA", "dsa", ["-sha256"]],
  ["Ed448", "ed448", []],
];

/** Keys that are refused in the leaf and in the intermediate. */
const weakKeys: readonly (readonly [what: string, key: Key])[] = [
  ["RSA-1024", "rsa1024"],
  ["DSA", "dsa"],
  ["P-224", "p224"],
  ["secp256k1", "k256"],
  ["Ed448", "ed448"],
  ["an explicit curve", "explicit"],
];

const signing = "-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign".split(" ");
const serving = (
  "-addext basicConstraints=critical,CA:FALSE -addext keyUsage=critical,digitalSignature " +
  "-addext extendedKeyUsage=serverAuth -addext subjectAltName=DNS:www.example.com"
).split(" ");

const made = new Set<Key>();
function key(which: Key): string {
  const file = `${which}.key`;
  if (which === "dsa" && !made.has(which))
    openssl("genpkey", "-genparam", "-algorithm", "DSA", "-pkeyopt", "dsa_paramgen_bits:1024", "-out", "dsa.params");
  if (!made.has(which)) openssl("genpkey", ...keys[which], "-out", file);
  made.add(which);
  return file;
}

let serial = 0;
interface Issued {
  /** The name of its file, without `.pem`. */
  readonly file: string;
  readonly name: string;
  readonly key: Key;
  readonly der: Uint8Array;
}

/** Issues a certificate. Without an issuer, the certificate is self-signed. */
function issue(which: Key, extensions: string[], sign: readonly string[], issuer?: Issued, named?: string): Issued {
  const file = `${which}-${++serial}`;
  const name = named ?? file;
  const by = issuer ? ["-CA", `${issuer.file}.pem`, "-CAkey", key(issuer.key)] : [];
  const about = ["-config", "config", "-subj", `/CN=${name}`, "-key", key(which), "-days", "30", ...extensions];
  openssl("req", "-x509", ...about, ...by, ...sign, "-out", `${file}.pem`);
  const [der] = parsePemCertificates(readFileSync(join(folder, `${file}.pem`), "utf8"));
  return { file, name, key: which, der: der! };
}

async function verdict(chain: Uint8Array[], root: Uint8Array, provider: typeof noble): Promise<string> {
  try {
    const policy = trustPolicy({ ca: root });
    await verifyCertificatePath({
      chain,
      policy,
      purpose: "server",
      reference: "www.example.com",
      now: Date.now(),
      provider,
    });
    return "accepted";
  } catch (error) {
    if (!TlsError.is(error)) throw error;
    return error.code;
  }
}

describe.skipIf(!found).each([noble, nodeCrypto])(
  `certificates of ${found ?? "openssl, which is not installed"}, verified with $name`,
  (provider) => {
    test.each(accepted)("%s is accepted in each certificate, if the signature is right", async (_, which, sign) => {
      const root = issue(which, signing, sign);
      const middle = issue(which, signing, sign, root);
      const leaf = issue(which, serving, sign, middle);
      expect(await verdict([leaf.der, middle.der], root.der, provider)).toBe("accepted");
      const forged = leaf.der.slice();
      forged[forged.length - 1]! ^= 1;
      expect(await verdict([forged, middle.der], root.der, provider)).toBe("bad_signature");
    });

    const trusted = () => issue("p256", signing, ["-sha256"]);

    test.each(weakSignatures)("a leaf or intermediate signed with %s is weak_signature", async (_, which, sign) => {
      const root = trusted();
      const issuer = issue(which, signing, which === "ed448" ? [] : ["-sha256"], root);
      const leaf = issue("p256", serving, sign, issuer);
      expect(await verdict([leaf.der, issuer.der], root.der, provider)).toBe("weak_signature");
      const weak = issue("p256", signing, sign, issuer);
      const below = issue("p256", serving, ["-sha256"], weak);
      expect(await verdict([below.der, weak.der, issuer.der], root.der, provider)).toBe("weak_signature");
    });

    test.each(weakKeys)("a leaf or intermediate with a key of %s is refused with weak_key", async (_, which) => {
      const root = trusted();
      const leaf = issue(which, serving, ["-sha256"], root);
      expect(await verdict([leaf.der], root.der, provider)).toBe("weak_key");
      const middle = issue(which, signing, ["-sha256"], root);
      // The signature of the intermediate's key would also be refused, so another key signs under the same name.
      const impostor = issue("p256", signing, ["-sha256"], undefined, middle.name);
      const below = issue("p256", serving, ["-sha256"], impostor);
      expect(await verdict([below.der, middle.der], root.der, provider)).toBe("weak_key");
    });

    test("a trust anchor with a weak key is refused at configuration, one with a weak signature is not", async () => {
      for (const which of ["rsa1024", "dsa", "explicit"] as const)
        expect(() => trustPolicy({ ca: issue(which, signing, ["-sha256"]).der })).toThrow(/^ca: certificate/);
      const old = issue("rsa2048", signing, ["-sha1"]);
      expect(await verdict([issue("p256", serving, ["-sha256"], old).der], old.der, provider)).toBe("accepted");
    });
  },
);
