/**
 * The runner's numbers and names as rows of Handclasp's.
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

/** In the order of the runner's list, which is one of preference. */
export function groupsOf(ids: readonly number[]): readonly NamedGroup[] {
  return ids.map((id) => {
    const group = defaultGroups.find((row) => row.id === id);
    if (!group) throw new Unimplemented(`there is no group ${id}`);
    return group;
  });
}

/** Likewise. SHA-1, MD5 and ML-DSA are none of ours: of a list that has others too, the others are taken. */
export function schemesOf(ids: readonly number[]): readonly SignatureScheme[] {
  const schemes = ids.flatMap((id) => defaultSchemes.filter((row) => row.id === id));
  if (!schemes.length) throw new Unimplemented(`none of the signature schemes ${ids.join(", ")} is ours`);
  return schemes;
}

/** What a pre-shared key serves, and what certificates do. */
export const allSuites = (by: { readonly psk: boolean; readonly certificates: boolean }): readonly CipherSuite[] => [
  ...(by.psk ? [...ecdhePskSuites, ...pskSuites] : []),
  ...(by.certificates ? legacySuites : []),
];

/** The words of OpenSSL's cipher strings that the runner uses. */
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

/** A list as BoringSSL takes it: `NAME:WORD:!WORD:[NAME|NAME]`, those in brackets being of equal preference. */
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
  if (!found.length) throw new Unimplemented(`there is nothing for -cipher ${item}`);
  return item.startsWith("!")
    ? chosen.filter((suite) => !matches(suite))
    : [...chosen, ...found.filter((suite) => !chosen.includes(suite))];
}
/** ProtocolNameList without its length (RFC 7301 §3.1). */
export function protocolsOf(wire: string): readonly string[] {
  const protocols: string[] = [];
  for (let at = 0; at < wire.length; at += 1 + wire.charCodeAt(at))
    protocols.push(wire.slice(at + 1, at + 1 + wire.charCodeAt(at)));
  return protocols;
}

/** `HEX,HEX`, or a word for none. */
export const namesOf = (list: string): readonly string[] => (/^<(NULL|EMPTY)>$/.test(list) ? [] : list.split(","));
