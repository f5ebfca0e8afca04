/**
 * What the numbers of a decoded handshake message mean, by the field they stand in.
 * @module
 */
import { type Decoded, defaultGroups, defaultSchemes, legacySuites } from "@handclasp/node";

/** The same message with names instead of numbers: `TLS_… (0xc02b)`; extensions by name, those that are lists or texts decoded. */
export function named(value: Decoded, field = ""): Decoded {
  if (typeof value === "number") return nameOf(field, value);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) {
    const list = value as readonly Decoded[];
    if (field !== "extensions") return list.map((inner) => named(inner, field));
    return Object.fromEntries(
      (list as readonly Extension[]).map(({ type, data }) => [nameOf(field, type), content(type, data)]),
    );
  }
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, named(inner, name)]));
}

type Extension = { readonly type: number; readonly data: Uint8Array };
type Registry = ReadonlyMap<number, string>;

const rows = (all: readonly { readonly id: number; readonly name: string }[]): [number, string][] =>
  all.map(({ id, name }) => [id, name]);

const versions: Registry = new Map([[0x0303, "TLS 1.2"]]);
const suites: Registry = new Map([...rows(legacySuites), [0x00ff, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"]]);
const groups: Registry = new Map(rows(defaultGroups));
const schemes: Registry = new Map(rows(defaultSchemes));
const extensions: Registry = new Map([
  [0, "server_name"],
  [1, "max_fragment_length"],
  [5, "status_request"],
  [10, "supported_groups"],
  [11, "ec_point_formats"],
  [13, "signature_algorithms"],
  [16, "application_layer_protocol_negotiation"],
  [21, "padding"],
  [22, "encrypt_then_mac"],
  [23, "extended_master_secret"],
  [28, "record_size_limit"],
  [35, "session_ticket"],
  [43, "supported_versions"],
  [45, "psk_key_exchange_modes"],
  [51, "key_share"],
  [0xff01, "renegotiation_info"],
]);

const registries: Readonly<Record<string, Registry>> = {
  clientVersion: versions,
  serverVersion: versions,
  cipherSuites: suites,
  cipherSuite: suites,
  namedCurve: groups,
  scheme: schemes,
  schemes,
  extensions,
};

function nameOf(field: string, value: number): string {
  const registry = registries[field];
  if (!registry) return String(value);
  const number = `0x${value.toString(16).padStart(4, "0")}`;
  const name = registry.get(value);
  return name === undefined ? number : `${name} (${number})`;
}

/** What came may be malformed: then it is bytes. */
function content(type: number, data: Uint8Array): Decoded {
  const view = Buffer.from(data);
  const length = view.length >= 2 ? view.readUInt16BE(0) : -1;
  if (length !== view.length - 2) return data;
  const list = view.subarray(2);
  switch (type) {
    case 0:
      return list.length > 3 && list.readUInt16BE(1) === list.length - 3 ? list.toString("latin1", 3) : data;
    case 10:
      return numbers(list, "namedCurve") ?? data;
    case 13:
      return numbers(list, "scheme") ?? data;
    case 16:
      return texts(list) ?? data;
    default:
      return data;
  }
}

const numbers = (list: Buffer, field: string): string[] | undefined =>
  list.length % 2
    ? undefined
    : Array.from({ length: list.length / 2 }, (_, i) => nameOf(field, list.readUInt16BE(2 * i)));

function texts(list: Buffer): string[] | undefined {
  const found: string[] = [];
  let at = 0;
  while (at < list.length) {
    const end = at + 1 + (list[at] as number);
    found.push(list.toString("latin1", at + 1, end));
    at = end;
  }
  return at === list.length ? found : undefined;
}
