/**
 * The names of the numbers in handshake messages.
 * @module
 */
import { latin1 } from "../bytes/bytes.ts";
import type { Readable } from "../bytes/reader.ts";
import { defaultGroups, finiteFieldGroups } from "../crypto/groups.ts";
import { defaultSchemes } from "../crypto/signatures.ts";
import { alertDescriptions } from "../errors.ts";
import { clientExtensions } from "../handshake/extensions/all.ts";
import { fragmentLengths } from "../handshake/extensions/maxFragmentLength.ts";
import { emptyRenegotiationInfoScsv } from "../handshake/extensions/renegotiationInfo.ts";
import { fallbackScsv } from "../handshake/fallbackScsv.ts";
import type { Decoded } from "../trace.ts";
import { bytes, type Codec, decode, list, rest, struct, uint8, uint16 } from "../wire/codec.ts";
import { ocspStatus, tls12 } from "../wire/messages.ts";
import { allSuites } from "./bodies.ts";

/**
 * The names by number for each registry. Most are spelled as in IANA's registries.
 * @example
 * names.cipherSuites.get(0xc02b); // "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
 */
export const names: Readonly<Record<Registry, ReadonlyMap<number, string>>> = {
  cipherSuites: new Map([
    ...idsAndNames(allSuites),
    [emptyRenegotiationInfoScsv, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"],
    [fallbackScsv, "TLS_FALLBACK_SCSV"],
    [0x1301, "TLS_AES_128_GCM_SHA256"],
    [0x1302, "TLS_AES_256_GCM_SHA384"],
    [0x1303, "TLS_CHACHA20_POLY1305_SHA256"],
  ]),
  groups: new Map([
    ...idsAndNames([...defaultGroups, ...finiteFieldGroups]),
    [0x001e, "x448"],
    [0x0103, "ffdhe6144"],
    [0x0104, "ffdhe8192"],
    [0x11ec, "X25519MLKEM768"],
  ]),
  signatureSchemes: new Map([
    ...idsAndNames(defaultSchemes),
    [0x0201, "rsa_pkcs1_sha1"],
    [0x0203, "ecdsa_sha1"],
    [0x0808, "ed448"],
  ]),
  extensions: new Map([
    ...idsAndNames(Object.values(clientExtensions)),
    [21, "padding"],
    [27, "compress_certificate"],
    [35, "session_ticket"],
    [41, "pre_shared_key"],
    [43, "supported_versions"],
    [45, "psk_key_exchange_modes"],
    [49, "post_handshake_auth"],
    [50, "signature_algorithms_cert"],
    [51, "key_share"],
  ]),
  alerts: new Map(Object.entries(alertDescriptions).map(([name, id]) => [id, name])),
  versions: new Map([
    [0x0301, "TLS 1.0"],
    [0x0302, "TLS 1.1"],
    [tls12, "TLS 1.2"],
    [0x0304, "TLS 1.3"],
  ]),
  compressionMethods: new Map([[0, "null"]]),
  certificateTypes: new Map([
    [1, "rsa_sign"],
    [64, "ecdsa_sign"],
  ]),
  curveTypes: new Map([[3, "named_curve"]]),
  pointFormats: new Map([[0, "uncompressed"]]),
  statusTypes: new Map([[ocspStatus, "ocsp"]]),
};

export type Registry =
  | "cipherSuites"
  | "groups"
  | "signatureSchemes"
  | "extensions"
  | "alerts"
  | "versions"
  | "compressionMethods"
  | "certificateTypes"
  | "curveTypes"
  | "pointFormats"
  | "statusTypes";

/**
 * Returns the body of a traced handshake message in readable form. A number that has a registry becomes a text such as
 * `"x25519 (0x001d)"`. The extensions become an object by name, with decoded data if this module knows their format.
 * The peer chose the texts in the data, so escape them before you display them.
 * @param field the name of the field that has this value; omit it for a whole body
 * @example
 * const trace: TraceListener = (event) => {
 *   if (event.type === "handshake") console.log(event.name, describe(event.body));
 * };
 */
export function describe(body: Decoded, field = ""): Decoded {
  if (typeof body === "number") return fields[field] ? label(fields[field], body) : body;
  if (typeof body !== "object" || body === null || body instanceof Uint8Array) return body;
  if (!isList(body))
    return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, describe(value, name)]));
  if (field !== "extensions") return body.map((item) => describe(item, field));
  return Object.fromEntries(
    (body as readonly Extension[]).map(({ type, data }) => [label("extensions", type), describeData(type, data)]),
  );
}

type Extension = { readonly type: number; readonly data: Uint8Array };

/** The registry of each message field whose numbers have one. */
const fields: Readonly<Record<string, Registry>> = {
  clientVersion: "versions",
  serverVersion: "versions",
  cipherSuites: "cipherSuites",
  cipherSuite: "cipherSuites",
  compressionMethods: "compressionMethods",
  compressionMethod: "compressionMethods",
  curveType: "curveTypes",
  namedCurve: "groups",
  scheme: "signatureSchemes",
  schemes: "signatureSchemes",
  certificateTypes: "certificateTypes",
  statusType: "statusTypes",
};

/** The registries of one-byte numbers, except `alerts`, which no field has. Other numbers have two bytes. */
const oneByteRegistries: readonly Registry[] = [
  "compressionMethods",
  "certificateTypes",
  "curveTypes",
  "pointFormats",
  "statusTypes",
];

function label(registry: Registry, value: number): string {
  const isOneByte = oneByteRegistries.includes(registry);
  const number = `0x${value.toString(16).padStart(isOneByte ? 2 : 4, "0")}`;
  const name = names[registry].get(value) ?? (isOneByte || !isGrease(value) ? undefined : "GREASE");
  return name === undefined ? number : `${name} (${number})`;
}

/** True for the sixteen GREASE values of two bytes, RFC 8701 §2. */
const isGrease = (value: number): boolean => (value & 0x0f0f) === 0x0a0a && value >> 8 === (value & 255);

/** The format of an extension's data, and its readable form. */
interface Format<T> {
  readonly codec: Codec<T>;
  readonly describe: (value: T) => Decoded;
  /** The registry of the numbers in a list. */
  readonly registry?: Registry;
}
const format = <T>(codec: Codec<T>, describeValue: (value: T) => Decoded): Format<never> =>
  ({ codec, describe: describeValue }) as unknown as Format<never>;
const numbers = (registry: Registry, codec: Codec<readonly number[]>): Format<never> => ({
  ...format(codec, (values) => values.map((value) => label(registry, value))),
  registry,
});

/** The formats of the extensions' data, by the extension's number. */
const formats: Readonly<Record<number, Format<never>>> = {
  0: format(list(2, struct({ nameType: uint8, name: bytes(2) })), (all) => all.map(({ name }) => latin1(name))),
  1: format(uint8, (code) => fragmentLengths[code - 1] ?? code),
  5: format(struct({ statusType: uint8, responderIds: list(2, bytes(2)), requestExtensions: bytes(2) }), describe),
  10: numbers("groups", list(2, uint16)),
  11: numbers("pointFormats", list(1, uint8)),
  13: numbers("signatureSchemes", list(2, uint16)),
  16: format(list(2, bytes(1)), (all) => all.map(latin1)),
  21: format(rest, (zeros) => `${zeros.length} bytes`),
  28: format(uint16, (limit) => limit),
  43: numbers("versions", list(1, uint16)),
  50: numbers("signatureSchemes", list(2, uint16)),
};

/** The codec of an extension's data. `undefined` if this module does not know the format. */
export const extensionCodec = (type: number): Readable<unknown> | undefined => formats[type]?.codec;

/** Describes an extension's data, which remains bytes if it is malformed or has another format, as in a ServerHello. */
function describeData(type: number, data: Uint8Array): Decoded {
  const found = formats[type];
  try {
    return found ? found.describe(decode(found.codec, data, "")) : data;
  } catch {
    return data;
  }
}

/** The registry of the numbers in the list of an extension. */
export const extensionRegistry = (type: number): Registry | undefined => formats[type]?.registry;

/**
 * The readable form of a field, if it is a number or a name.
 * @param registry the registry of a number that has no field of its own
 */
export function valueText(value: unknown, path: string, registry?: Registry): string | undefined {
  if (value instanceof Uint8Array) return path.endsWith(".name") ? latin1(value) : undefined;
  if (typeof value !== "number") return undefined;
  if (/(^|\.)extensions\[\d+\]\.type$/.test(path)) return label("extensions", value);
  const field = /(\w+)(?:\[\d+\])*$/.exec(path)?.[1] ?? "";
  return registry ? label(registry, value) : `${describe(value, field) as number | string}`;
}

function idsAndNames(rows: readonly { readonly id: number; readonly name: string }[]): [number, string][] {
  return rows.map(({ id, name }) => [id, name]);
}

const isList = (body: Decoded): body is readonly Decoded[] => Array.isArray(body);
