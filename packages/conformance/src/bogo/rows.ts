/**
 * Translates the runner's numbers and names into Handclasp's groups, schemes, suites and protocols.
 * @module
 */
import {
  type CipherSuite,
  defaultGroups,
  defaultSchemes,
  ecdhePskSuites,
  legacySuites,
  type NamedGroup,
  pskSuites,
  type SignatureScheme,
} from "@handclasp/core";
import { Unimplemented } from "./flags.ts";

/** The groups in the order of the runner's list, which is its order of preference. */
export function groupsOf(ids: readonly number[]): readonly NamedGroup[] {
  return ids.map((id) => {
    const group = defaultGroups.find((row) => row.id === id);
    if (!group) throw new Unimplemented(`there is no group ${id}`);
    return group;
  });
}

/**
 * The schemes in the order of the runner's list, without those that Handclasp lacks (SHA-1, MD5, ML-DSA).
 * @throws Unimplemented if none is left
 */
export function schemesOf(ids: readonly number[]): readonly SignatureScheme[] {
  const schemes = ids.flatMap((id) => defaultSchemes.filter((row) => row.id === id));
  if (!schemes.length) throw new Unimplemented(`Handclasp has none of the signature schemes ${ids.join(", ")}`);
  return schemes;
}

/** The suites with a pre-shared key, then those with a certificate, as far as `authentication` has these kinds. */
export const allSuites = (authentication: {
  readonly psk: boolean;
  readonly certificates: boolean;
}): readonly CipherSuite[] => [
  ...(authentication.psk ? [...ecdhePskSuites, ...pskSuites] : []),
  ...(authentication.certificates ? legacySuites : []),
];

/** The keywords of OpenSSL's cipher strings that the runner uses. */
const words: Readonly<Record<string, (suite: CipherSuite) => boolean>> = {
  ALL: () => true,
  DEFAULT: () => true,
  AES: ({ cipher }) => cipher.startsWith("AES"),
  AES128: ({ cipher }) => cipher.startsWith("AES_128"),
};

export interface Suites {
  readonly suites: readonly CipherSuite[];
  readonly equalSuites: readonly (readonly CipherSuite[])[];
}

/** Reads a cipher string of BoringSSL, `NAME:WORD:!WORD:[NAME|NAME]`. Suites in brackets are equally preferred. */
export function suitesOf(cipher: string, all: readonly CipherSuite[]): Suites {
  let suites: readonly CipherSuite[] = [];
  const equalSuites: (readonly CipherSuite[])[] = [];
  for (const item of cipher.split(":")) {
    const group = /^\[(.*)\]$/.exec(item)?.[1]?.split("|");
    if (group) equalSuites.push(group.flatMap((name) => added([], name, all)));
    for (const name of group ?? [item]) suites = added(suites, name, all);
  }
  return { suites, equalSuites };
}

function added(chosen: readonly CipherSuite[], item: string, all: readonly CipherSuite[]): readonly CipherSuite[] {
  const matches = words[item.replace("!", "")] ?? ((suite: CipherSuite) => suite.name === item);
  const found = all.filter(matches);
  if (!found.length) throw new Unimplemented(`-cipher ${item} matches no suite`);
  return item.startsWith("!")
    ? chosen.filter((suite) => !matches(suite))
    : [...chosen, ...found.filter((suite) => !chosen.includes(suite))];
}

/** Reads a ProtocolNameList without its length field (RFC 7301 §3.1). */
export function protocolsOf(wire: string): readonly string[] {
  const protocols: string[] = [];
  for (let offset = 0; offset < wire.length; offset += 1 + wire.charCodeAt(offset))
    protocols.push(wire.slice(offset + 1, offset + 1 + wire.charCodeAt(offset)));
  return protocols;
}

/** Reads distinguished names in the format `HEX,HEX`. `<NULL>` and `<EMPTY>` are empty lists. */
export const namesOf = (list: string): readonly string[] => (/^<(NULL|EMPTY)>$/.test(list) ? [] : list.split(","));
