/**
 * A server's options for client certificates: those of the server, and those of its virtual hosts.
 * @module
 */
import { der } from "../bytes/der.ts";
import { configurationError, TlsError } from "../errors.ts";
import type { ClientRules } from "../handshake/config.ts";
import type { SuiteRow } from "../handshake/suites.ts";
import { maxAuthorityNames } from "../limits.ts";
import { optionsOf, wrongOption } from "../validation/options.ts";
import { virtualHostOptions } from "../validation/serverTable.ts";
import { readName } from "../x509/distinguishedName.ts";
import { dnsName } from "../x509/name.ts";
import { readTrust, type TrustOptions } from "../x509/trust.ts";
import type { TrustPolicy } from "../x509/verify.ts";
import { isCertified } from "./psk.ts";

/**
 * `ca`, `pins`, `trust`, `verify` and `insecure` say which client certificates the server trusts. They need
 * `clientAuth`, and `clientAuth` needs one of them other than `verify`.
 */
export interface ClientOptions extends TrustOptions {
  /** Whether the server asks for a client certificate, and whether it requires one. Default `"none"`. */
  readonly clientAuth?: "none" | "request" | "require";
  /**
   * The authorities that the server names to clients, as DER names (`certificate.subject.der`). A client with several
   * certificates chooses by these names. Default: the subjects of `ca`, or no names if the subjects do not fit into the
   * message (65,000 bytes). `false`: no names, which allows any authority.
   */
  readonly certificateAuthorities?: readonly Uint8Array[] | false;
}

/** Expects checked options. */
export function clientRulesOf(options: ClientOptions, suites: readonly SuiteRow[]): ClientRules {
  const { clientAuth = "none" } = options;
  const clientTrust = clientTrustOf(options);
  if (clientAuth === "require" && !suites.every(isCertified))
    throw configurationError(
      'clientAuth "require" with suites of a pre-shared key, which have no certificates',
      'leave these suites out, or use "request": the pre-shared key then authenticates the client',
    );
  return { clientAuth, clientTrust, certificateAuthorities: authoritiesOf(options, clientTrust) };
}

/** The rules of each name, in lower case. */
export function virtualHostsOf(
  option: Readonly<Record<string, ClientOptions>>,
  suites: readonly SuiteRow[],
): ReadonlyMap<string, ClientRules> {
  const hosts = new Map<string, ClientRules>();
  if (Array.isArray(option)) throw wrongOption("virtualHosts", option, expectedHosts);
  for (const [host, options] of Object.entries(option)) {
    const name = dnsName(host.replace(/^\*\./, ""));
    if (name === undefined || hosts.has(host.toLowerCase())) throw wrongOption("virtualHosts", option, expectedHosts);
    const rules = clientRulesOf(optionsOf(options, virtualHostOptions(), `virtualHosts.${name}.`), suites);
    hosts.set(host.toLowerCase(), rules);
  }
  return hosts;
}

const expectedHosts = 'an object of rules by DNS name: { "admin.example": { clientAuth: "require", ca } }';

function clientTrustOf(options: ClientOptions): TrustPolicy | undefined {
  const { clientAuth = "none" } = options;
  const trusts = trustOptions.filter((option) => options[option] !== undefined);
  if (clientAuth !== "none" && !trusts.length)
    throw configurationError(
      `clientAuth "${clientAuth}" without ca`,
      "say which client certificates are trusted, for example with ca",
    );
  if (clientAuth === "none" && trusts.length)
    throw configurationError(`${trusts[0]} without clientAuth`, 'set clientAuth: "request" or "require"');
  return trusts.length ? readTrust(options) : undefined;
}

/** The options that decide which client certificates are trusted. */
const trustOptions = ["ca", "pins", "trust", "insecure", "verify", "minimumRsaBits", "minimumEcBits"] as const;

function authoritiesOf(
  { certificateAuthorities: names, clientAuth = "none" }: ClientOptions,
  trust: TrustPolicy | undefined,
): readonly Uint8Array[] {
  if (
    names !== undefined &&
    names !== false &&
    !(Array.isArray(names) && [...names].every((name) => name instanceof Uint8Array))
  )
    throw wrongOption("certificateAuthorities", names, "a list of DER names, or false");
  if (!names) {
    const subjects = new Map(trust?.anchors.map(({ subject }) => [subject.normalised, subject.der]));
    return names === false || sizeOf([...subjects.values()]) > maxAuthorityNames ? [] : [...subjects.values()];
  }
  if (clientAuth === "none")
    throw configurationError("certificateAuthorities without clientAuth", 'set clientAuth: "request" or "require"');
  if (sizeOf(names) > maxAuthorityNames)
    throw configurationError(
      `certificateAuthorities of ${sizeOf(names)} bytes`,
      `at most ${maxAuthorityNames} bytes fit: name fewer, or pass false`,
    );
  for (const [i, name] of names.entries()) {
    try {
      der(name, readName);
    } catch (error) {
      if (!TlsError.is(error)) throw error;
      throw configurationError(
        `certificateAuthorities[${i}]: ${error.message}`,
        "expected a DER name, such as certificate.subject.der",
      );
    }
  }
  return names;
}

/** The size of the names in CertificateRequest, in bytes. A length of two bytes precedes each name. */
const sizeOf = (names: readonly Uint8Array[]): number => names.reduce((sum, name) => sum + 2 + name.length, 0);
