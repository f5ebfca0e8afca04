/**
 * What the numbers of a decoded message mean, by the field they stand in (RFC 5246, and IANA's registries).
 * @module
 */
import { type Decoded, defaultGroups, defaultSchemes, legacySuites } from "@handclasp/core";

/** `TLS_… (0xc02b)`; just the number where a field has no registry. */
export function nameNumber(field: string, value: number): string {
  const registry = registries[field];
  if (!registry) return String(value);
  const { digits, names } = registry;
  const number = `0x${value.toString(16).padStart(digits, "0")}`;
  const name = names.get(value);
  return name === undefined ? number : `${name} (${number})`;
}

/** The content of those extensions that are lists of numbers or a text; of others, the bytes. */
export function extensionContent(type: number, data: Uint8Array): Decoded {
  const number = (at: number): number => ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0);
  const list = (field: string): string[] =>
    Array.from({ length: number(0) / 2 }, (_, i) => nameNumber(field, number(2 + 2 * i)));
  switch (type) {
    case 0x0000:
      return data.length === 0 ? data : new TextDecoder().decode(data.subarray(5));
    case 0x000a:
      return list("namedCurve");
    case 0x000d:
      return list("scheme");
    default:
      return data;
  }
}

interface Registry {
  /** Of the number in hex. */
  readonly digits: number;
  readonly names: ReadonlyMap<number, string>;
}

const registry = (digits: number, names: Iterable<readonly [number, string]>): Registry => ({
  digits,
  names: new Map(names),
});
const rows = (all: readonly { readonly id: number; readonly name: string }[]): (readonly [number, string])[] =>
  all.map(({ id, name }) => [id, name]);

const version = registry(4, [[0x0303, "TLS 1.2"]]);
const suites = registry(4, [...rows(legacySuites), [0x00ff, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"]]);
const compression = registry(2, [[0, "none"]]);
const schemes = registry(4, rows(defaultSchemes));

const registries: Readonly<Record<string, Registry>> = {
  clientVersion: version,
  serverVersion: version,
  cipherSuites: suites,
  cipherSuite: suites,
  compressionMethods: compression,
  compressionMethod: compression,
  curveType: registry(2, [[3, "named_curve"]]),
  namedCurve: registry(4, rows(defaultGroups)),
  scheme: schemes,
  schemes,
  certificateTypes: registry(2, [
    [1, "rsa_sign"],
    [64, "ecdsa_sign"],
  ]),
  extension: registry(4, [
    [0x0000, "server_name"],
    [0x0005, "status_request"],
    [0x000a, "supported_groups"],
    [0x000b, "ec_point_formats"],
    [0x000d, "signature_algorithms"],
    [0x0010, "application_layer_protocol_negotiation"],
    [0x0016, "encrypt_then_mac"],
    [0x0017, "extended_master_secret"],
    [0x001c, "record_size_limit"],
    [0x0023, "session_ticket"],
    [0xff01, "renegotiation_info"],
  ]),
};
