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
  finiteFieldGroups,
  legacySuites,
  modernSuites,
  type NamedGroup,
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
const everySuite = [...legacySuites, ...dheSuites, ...ccmSuites];
const everyGroup = [...defaultGroups, ...finiteFieldGroups];

/** `NAME,…` in order of preference, `modern`, `legacy` and `all` (of what the provider has) among them; `undefined` for the default, which the provider orders. */
export function suitesOf(list: string | undefined, provider: CryptoProvider): readonly CipherSuite[] | undefined {
  if (list === undefined || list === "modern") return undefined;
  const rows = commaList("--suites", list).flatMap((name) => {
    const known = suiteGroups[name]?.(provider) ?? everySuite.filter((suite) => suite.name === name);
    if (known.length === 0) {
      throw new UsageError(
        `--suites: ${name} is not known; use modern, legacy, all, or ${legacySuites[0]?.name} and the like`,
      );
    }
    return known;
  });
  return [...new Set(rows)];
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
