/**
 * OpenSSL's lists of cipher suites, groups and signature schemes, with which the options of node:tls name them.
 * @module
 */
import {
  type CipherSuite,
  ccmSuites,
  defaultGroups,
  defaultSchemes,
  dheSuites,
  ecdhePskSuites,
  finiteFieldGroups,
  legacySuites,
  modernSuites,
  type NamedGroup,
  pskSuites,
  type SignatureScheme,
} from "@handclasp/core";
import { cipherOf } from "../socket/peer.ts";
import { nodeError } from "./errors.ts";

/** A suite with the words by which a list can name it. */
interface Row {
  readonly suite: CipherSuite;
  readonly name: string;
  readonly words: ReadonlySet<string>;
}

const everySuite: readonly CipherSuite[] = [
  ...new Set([...legacySuites, ...dheSuites, ...ccmSuites, ...ecdhePskSuites, ...pskSuites]),
];

const rows: readonly Row[] = everySuite.map((suite) => {
  const name = opensslName(suite.name);
  return { suite, name, words: new Set(wordsOf(suite, name)) };
});

/** The name of a suite in OpenSSL. */
export function opensslName(suite: string): string {
  return cipherOf({ suite }).name;
}

function wordsOf({ name, keyExchange, authentication, cipher }: CipherSuite, openssl: string): string[] {
  const words = ["ALL", "COMPLEMENTOFDEFAULT", "HIGH", "TLSv1.2", name, openssl];
  const exchange: Record<CipherSuite["keyExchange"]["name"], readonly string[]> = {
    ecdhe: ["ECDHE", "EECDH", "kECDHE", "kEECDH", "ECDH"],
    dhe: ["DHE", "EDH", "kDHE", "kEDH", "DH"],
    rsa: ["RSA", "kRSA"],
    psk: ["PSK", "kPSK"],
    ecdhe_psk: ["PSK", "kECDHEPSK", "ECDHE"],
  };
  words.push(...exchange[keyExchange.name]);
  words.push(...{ rsa: ["aRSA", "RSA"], ecdsa: ["aECDSA", "ECDSA"], psk: ["aPSK", "PSK"] }[authentication]);
  // In OpenSSL, RSA means the key exchange or the authentication.
  if (cipher.startsWith("AES_128")) words.push("AES", "AES128");
  if (cipher.startsWith("AES_256")) words.push("AES", "AES256");
  if (cipher.includes("GCM")) words.push("AESGCM");
  if (cipher.includes("CCM")) words.push("AESCCM");
  if (cipher.includes("CCM_8")) words.push("AESCCM8");
  if (cipher.startsWith("CHACHA20")) words.push("CHACHA20");
  if (name.endsWith("_CBC_SHA")) words.push("SHA", "SHA1");
  if (name.endsWith("_CBC_SHA256")) words.push("SHA256");
  if (name.endsWith("_CBC_SHA384")) words.push("SHA384");
  return words;
}

/** The default: the modern suites, in the syntax of OpenSSL. */
export const DEFAULT_CIPHERS: string = modernSuites.map(({ name }) => opensslName(name)).join(":");
/** The groups are those of Handclasp, in its order. */
export const DEFAULT_ECDH_CURVE = "auto";

/**
 * The names of the cipher suites, in lower case.
 * @example
 * import { getCiphers } from "@handclasp/node/tls";
 * console.log(getCiphers()); // ["ecdhe-ecdsa-aes128-gcm-sha256", …]
 */
export const getCiphers = (): string[] => rows.map(({ name }) => name.toLowerCase()).sort();

/**
 * The suites that a list in OpenSSL's syntax names, in its order. Words that name only suites that Handclasp does not
 * have, such as those of TLS 1.3, select nothing.
 * @throws Error `ERR_SSL_NO_CIPHER_MATCH` if the list names no suite that Handclasp has
 */
export function suitesOf(list: string): readonly CipherSuite[] {
  let selected: Row[] = [];
  const banned = new Set<Row>();
  for (const word of list.split(/[:, ;]+/).filter(Boolean)) {
    // `@SECLEVEL` and `@STRENGTH` select no suites.
    const [, operator = "", terms = ""] = /^([!+-]?)([^@]*)/.exec(word) ?? [];
    if (!terms) continue;
    const matches = rowsFor(terms);
    if (operator === "") selected.push(...matches.filter((row) => !selected.includes(row)));
    else selected = selected.filter((row) => !matches.includes(row));
    if (operator === "!") for (const row of matches) banned.add(row);
    // "+" moves the suites to the end.
    if (operator === "+") selected.push(...matches.filter((row) => !selected.includes(row)));
  }
  const suites = selected.filter((row) => !banned.has(row)).map(({ suite }) => suite);
  if (suites.length) return suites;
  throw nodeError(
    "ERR_SSL_NO_CIPHER_MATCH",
    `SSL routines::no cipher match: Handclasp has no suite of TLS 1.2 in ${JSON.stringify(list)}`,
    {
      library: "SSL routines",
      reason: "no cipher match",
    },
  );
}

/** The suites that have all terms of a word, such as `ECDHE+AESGCM`. */
function rowsFor(word: string): readonly Row[] {
  if (word === "DEFAULT") return rows.filter(({ suite }) => modernSuites.includes(suite));
  const terms = word.split("+");
  return rows.filter(({ words }) => terms.every((term) => words.has(term)));
}

const curves: Readonly<Record<string, string>> = {
  "P-256": "secp256r1",
  PRIME256V1: "secp256r1",
  SECP256R1: "secp256r1",
  "P-384": "secp384r1",
  SECP384R1: "secp384r1",
  "P-521": "secp521r1",
  SECP521R1: "secp521r1",
  X25519: "x25519",
};

/**
 * The groups of the option `ecdhCurve`, and the finite fields, which have no option. `undefined` for the default.
 * @throws Error `ERR_CRYPTO_OPERATION_FAILED` for a curve that Handclasp does not have
 */
export function groupsOf(list: string): readonly NamedGroup[] | undefined {
  if (list === "auto") return undefined;
  const groups = list.split(":").map((curve) => {
    const name = curves[curve.toUpperCase()];
    const group = defaultGroups.find((row) => row.name === name);
    if (group) return group;
    throw nodeError(
      "ERR_CRYPTO_OPERATION_FAILED",
      `Failed to set ECDH curve: Handclasp has no curve ${JSON.stringify(curve)}`,
    );
  });
  return [...new Set([...groups, ...finiteFieldGroups])];
}

const schemesByName = new Map<string, SignatureScheme>(
  defaultSchemes.flatMap((scheme) => namesOfScheme(scheme).map((name) => [name, scheme] as const)),
);

/** The names of a scheme: OpenSSL's pair of algorithm and hash first, then the name of the RFC. */
export function namesOfScheme({ name, algorithm, key }: SignatureScheme): string[] {
  if (algorithm.type === "ed25519") return ["ed25519"];
  const hash = algorithm.hash.replace("sha", "SHA");
  const pair = { ecdsa: "ECDSA", rsa_pkcs1: "RSA", rsa_pss: "RSA-PSS" }[algorithm.type];
  return key === "rsa_pss"
    ? [name]
    : [`${pair}+${hash}`, ...(algorithm.type === "rsa_pss" ? [`PSS+${hash}`] : []), name];
}

/**
 * The schemes of the option `sigalgs`.
 * @throws Error `ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM` for a scheme that Handclasp does not have, such as SHA-1
 */
export const schemesOf = (list: string): readonly SignatureScheme[] => [
  ...new Set(
    list.split(":").map((name) => {
      const scheme = schemesByName.get(name) ?? schemesByName.get(name.toLowerCase());
      if (scheme) return scheme;
      throw nodeError(
        "ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM",
        `Handclasp has no signature scheme ${JSON.stringify(name)}`,
      );
    }),
  ),
];
