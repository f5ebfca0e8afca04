/**
 * Finds core's suites and groups by their IANA names. The lookup is in the CLI and not in core, so that a program that
 * imports single suites does not contain the others.
 * @module
 */
import {
  type CipherSuite,
  type CryptoProvider,
  ccmSuites,
  defaultGroups,
  dheSuites,
  ecdhePskSuites,
  finiteFieldGroups,
  legacySuites,
  modernSuites,
  type NamedGroup,
  pskSuites,
} from "@handclasp/node";
import { UsageError } from "./errors.ts";

/** The suites without forward secrecy come last. */
const legacy = [
  ...legacySuites.filter(({ keyExchange }) => keyExchange.name !== "rsa"),
  ...dheSuites,
  ...legacySuites.filter(({ keyExchange }) => keyExchange.name === "rsa"),
];
const suiteGroups: Readonly<Record<string, (provider: CryptoProvider) => readonly CipherSuite[]>> = {
  modern: () => modernSuites,
  legacy: () => legacy,
  all: ({ ciphers }) => [...legacy, ...ccmSuites].filter(({ cipher }) => ciphers[cipher]),
};
const pskOnlySuites = [...ecdhePskSuites, ...pskSuites];
const allSuites = [...legacySuites, ...dheSuites, ...ccmSuites, ...pskOnlySuites];
const allGroups = [...defaultGroups, ...finiteFieldGroups];

/**
 * Parses `--suites`: IANA names and the groups `modern`, `legacy` and `all` (all certificate suites that the
 * provider has), in order of preference. With a pre-shared key, a group begins with the PSK suites. Without
 * certificates, only PSK suites remain. Returns `undefined` for the default list, whose order the provider decides.
 */
export function suitesOf(
  list: string | undefined,
  provider: CryptoProvider,
  hasPsk: boolean,
  hasCertificates: boolean,
): readonly CipherSuite[] | undefined {
  if (!hasPsk && (list === undefined || list === "modern")) return undefined;
  const rows = commaList("--suites", list ?? "modern").flatMap((name) => {
    const group = suiteGroups[name]?.(provider);
    const known = group
      ? [...(hasPsk ? pskOnlySuites : []), ...group]
      : allSuites.filter((suite) => suite.name === name);
    if (known.length === 0) {
      throw new UsageError(
        `--suites: ${name} is unknown; expected modern, legacy, all, or IANA names such as ${legacySuites[0]?.name}`,
      );
    }
    return known;
  });
  return [...new Set(rows)].filter(({ authentication }) => hasCertificates || authentication === "psk");
}

/** Parses `--groups`: names in order of preference. */
export function groupsOf(list: string | undefined): readonly NamedGroup[] | undefined {
  return list === undefined
    ? undefined
    : commaList("--groups", list).map((name) => {
        const group = allGroups.find((row) => row.name === name);
        if (group) return group;
        throw new UsageError(`--groups: ${name} is not one of ${allGroups.map((row) => row.name).join(", ")}`);
      });
}

/** The items of `a,b,…`. An empty list is an error, because it is a mistake and not a choice. */
export function commaList(option: string, list: string): string[] {
  const items = list
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
  if (items.length === 0) throw new UsageError(`${option}: the list is empty`);
  return items;
}
