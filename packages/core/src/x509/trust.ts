/**
 * The options that say which peers are trusted, and their conversion into the policy by which `verify.ts` decides.
 * @module
 */
import { configurationError } from "../errors.ts";
import { errorWithRemedy, optionsOf, withFault, wrongOption } from "../validation/options.ts";
import { trustOptions } from "../validation/tables.ts";
import type { CertificateCache } from "./cache.ts";
import { type Certificate, parseCertificate } from "./certificate.ts";
import { CertificateError } from "./errors.ts";
import { certificateDers } from "./pem.ts";
import type { TrustPolicy } from "./verify.ts";

/** PEM as text or bytes (one or more certificates), one DER certificate, or a parsed certificate. */
export type CertificateSource = string | Uint8Array | Certificate;

export interface TrustOptions {
  readonly ca?: CertificateSource | readonly CertificateSource[] | undefined;
  readonly pins?: readonly string[] | undefined;
  readonly insecure?: boolean | undefined;
  readonly trust?: TrustPolicy["trust"] | undefined;
  readonly verify?: TrustPolicy["verify"] | undefined;
  readonly minimumRsaBits?: number | undefined;
  readonly minimumEcBits?: number | undefined;
}

/**
 * Reads the application's trust options. Throws a configuration error if they trust no peer or have more than one root
 * of trust, or if an option is malformed.
 * @example
 * const policy = trustPolicy({ ca: await readFile("ca.pem", "utf8") });
 */
export const trustPolicy = (options: TrustOptions, cache?: CertificateCache): TrustPolicy =>
  readTrust(optionsOf(options, trustOptions), cache);

/** Like {@link trustPolicy}, for options that were already checked together with others. */
export function readTrust(options: TrustOptions, cache?: CertificateCache): TrustPolicy {
  const { ca, pins = [], insecure = false, trust, verify, minimumRsaBits = 2048, minimumEcBits = 256 } = options;
  const roots = [ca !== undefined || pins.length > 0, insecure, trust].filter(Boolean);
  if (roots.length > 1) throw errorWithRemedy("more than one root of trust");
  const bundles = ca === undefined ? [] : (isList(ca) ? ca : [ca]).map((source) => readAnchors(source, cache));
  const anchors = bundles.flatMap((bundle) => bundle.anchors);
  const unusable = bundles.flatMap((bundle) => bundle.unusable);
  if (!anchors.length && !pins.length && !insecure && !trust)
    throw errorWithRemedy("no trust anchor: give ca, pins, trust or insecure");
  return { anchors, unusable, pins: pins.map(readPin), insecure, trust, verify, minimumRsaBits, minimumEcBits };
}

const isList = (ca: NonNullable<TrustOptions["ca"]>): ca is readonly CertificateSource[] => Array.isArray(ca);

/**
 * The last bundle that was read from text. Most programs have one text with anchors, and use it for every connection.
 */
let lastBundle: { readonly text: string; readonly bundle: Bundle } | undefined;
type Bundle = Required<Pick<TrustPolicy, "anchors" | "unusable">>;

/**
 * Reads a bundle of trust anchors. Some of its certificates may be unusable (an old root with a small key), but not
 * all.
 */
function readAnchors(source: CertificateSource, cache: CertificateCache | undefined): Bundle {
  if (typeof source !== "string" && !(source instanceof Uint8Array)) {
    // An X509Certificate of node:crypto has `raw` too, but no `subject.der`.
    if (!(source?.raw instanceof Uint8Array && source.subject?.der))
      throw wrongOption("ca", source, "PEM, DER or parsed");
    return { anchors: [source], unusable: [] };
  }
  if (source === lastBundle?.text) return lastBundle.bundle;
  const ders = certificateDers(source, "ca");
  const unusable: CertificateError[] = [];
  const anchors = ders.flatMap((der, i) => {
    try {
      return [cache ? cache.parse(der) : parseCertificate(der)];
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      error.message = `ca: ${error.message.replace("certificate", `certificate ${i + 1} of ${ders.length}`)}`;
      unusable.push(error);
      return [];
    }
  });
  if (unusable[0] && !anchors.length)
    throw withFault(configurationError(unusable[0].message), { option: "ca", value: source });
  const bundle = { anchors, unusable };
  if (typeof source === "string") lastBundle = { text: source, bundle };
  return bundle;
}

function readPin(pin: string): string {
  const clean = String(pin).replace(/\s+/g, "");
  // 32 bytes have 43 base64 digits and a `=`. The last digit has two spare bits, which must be zero.
  if (/^sha256\/[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/.test(clean)) return clean;
  throw errorWithRemedy(`pins: ${JSON.stringify(clean.slice(0, 80))}`);
}
