/**
 * Names of the registries to rows of core. The lookup lives here, so that a program that says its suites by value ships no others.
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

/** What has no forward secrecy comes last. */
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
const sharedSuites = [...ecdhePskSuites, ...pskSuites];
const everySuite = [...legacySuites, ...dheSuites, ...ccmSuites, ...sharedSuites];
const everyGroup = [...defaultGroups, ...finiteFieldGroups];

/**
 * `NAME,…` in order of preference, `modern`, `legacy` and `all` (of what the provider has) among them; these begin with the suites of a pre-shared key
 * where there is one, and without `certificates` there are no others. `undefined` for the default, which the provider orders.
 */
export function suitesOf(
  list: string | undefined,
  provider: CryptoProvider,
  psk: boolean,
  certificates: boolean,
): readonly CipherSuite[] | undefined {
  if (!psk && (list === undefined || list === "modern")) return undefined;
  const rows = commaList("--suites", list ?? "modern").flatMap((name) => {
    const group = suiteGroups[name]?.(provider);
    const known = group ? [...(psk ? sharedSuites : []), ...group] : everySuite.filter((suite) => suite.name === name);
    if (known.length === 0) {
      throw new UsageError(
        `--suites: ${name} is not known; use modern, legacy, all, or ${legacySuites[0]?.name} and the like`,
      );
    }
    return known;
  });
  return [...new Set(rows)].filter(({ authentication }) => certificates || authentication === "psk");
}

/** `NAME,…` in order of preference. */
export function groupsOf(list: string | undefined): readonly NamedGroup[] | undefined {
  return list === undefined
    ? undefined
    : commaList("--groups", list).map((name) => {
        const group = everyGroup.find((row) => row.name === name);
        if (group) return group;
        throw new UsageError(`--groups: ${name} is not one of ${everyGroup.map((row) => row.name).join(", ")}`);
      });
}

/** The items of `a,b,…`; one at least, since to name none is a slip and not a choice. */
export function commaList(option: string, list: string): string[] {
  const items = list
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
  if (items.length === 0) throw new UsageError(`${option}: names nothing`);
  return items;
}
