/**
 * The names of the options of node:tls, and the reading of arguments.
 * @module
 */
import type { NodeError } from "./errors.ts";
import { nodeError, wrongType } from "./errors.ts";

/** The options that decide about security, and whose name is long enough that a similar name is a spelling mistake. */
const names: readonly string[] = [
  "allowHalfOpen",
  "ALPNCallback",
  "ALPNProtocols",
  "checkServerIdentity",
  "ciphers",
  "ecdhCurve",
  "handshakeTimeout",
  "honorCipherOrder",
  "maxVersion",
  "minDHSize",
  "minVersion",
  "passphrase",
  "pskCallback",
  "pskIdentityHint",
  "rejectUnauthorized",
  "requestCert",
  "requestOCSP",
  "secureContext",
  "secureOptions",
  "secureProtocol",
  "servername",
  "sessionIdContext",
  "sessionTimeout",
  "sigalgs",
  "SNICallback",
  "ticketKeys",
];
const known: ReadonlySet<string> = new Set(names);

/**
 * Refuses a name that differs from the name of an option by case or by one or two letters. Other unknown names are
 * ignored, because libraries pass their own options too: see docs/adr/0019.
 * @throws TypeError `ERR_INVALID_ARG_VALUE`
 */
export function refuseMisspelt(options: object): void {
  for (const name of Object.keys(options)) {
    if (known.has(name) || name.length < 6) continue;
    const meant = names.find((one) => isSimilar(name, one));
    if (meant === undefined) continue;
    throw nodeError("ERR_INVALID_ARG_VALUE", `The option ${JSON.stringify(name)} is unknown. Did you mean ${meant}?`, {
      type: TypeError,
    });
  }
}

function isSimilar(a: string, b: string): boolean {
  if (a.toLowerCase() === b.toLowerCase()) return true;
  return Math.abs(a.length - b.length) <= 2 && b.length >= 8 && distance(a.toLowerCase(), b.toLowerCase()) <= 2;
}

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++)
      row.push(
        Math.min(
          (previous[j] as number) + 1,
          (row[j - 1] as number) + 1,
          (previous[j - 1] as number) + Number(a[i - 1] !== b[j - 1]),
        ),
      );
    previous = row;
  }
  return previous[b.length] as number;
}

type Checks = Readonly<Record<string, "string" | "number" | "boolean" | "function">>;

/** @throws TypeError `ERR_INVALID_ARG_TYPE` if an option has another type. `null` counts as absent. */
export function checkTypes(options: object, checks: Checks): void {
  for (const [name, type] of Object.entries(checks)) {
    const value = (options as Readonly<Record<string, unknown>>)[name];
    if (value !== undefined && value !== null && typeof value !== type)
      throw wrongType(`options.${name}`, type === "function" ? "of type function" : `of type ${type}`, value);
  }
}

/** @throws TypeError `ERR_INVALID_ARG_TYPE` */
export function requireObject(value: unknown): asserts value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw wrongType("options", "of type object", value);
}

/** ALPN protocols: a list of texts or views of bytes, or the wire format of the extension. */
export type AlpnProtocols = readonly (string | ArrayBufferView)[] | ArrayBufferView;

/**
 * Reads the protocols into a list of texts.
 * @throws RangeError `ERR_OUT_OF_RANGE` for a protocol of more than 255 bytes; TypeError for an invalid list
 */
export function alpnOf(protocols: AlpnProtocols | null | undefined): readonly string[] {
  if (protocols === undefined || protocols === null) return [];
  if (Array.isArray(protocols))
    return protocols.map((protocol, i) => {
      const text = typeof protocol === "string" ? protocol : bytesOf(protocol).toString("latin1");
      if (Buffer.byteLength(text) > 255) throw tooLong(i, Buffer.byteLength(text));
      return text;
    });
  if (!ArrayBuffer.isView(protocols)) throw wrongType("options.ALPNProtocols", "a list or a view of bytes", protocols);
  const wire = bytesOf(protocols);
  const list: string[] = [];
  for (let at = 0; at < wire.length; at += 1 + (wire[at] as number)) {
    const end = at + 1 + (wire[at] as number);
    if (end > wire.length)
      throw nodeError("ERR_INVALID_ARG_VALUE", "options.ALPNProtocols is cut off", { type: TypeError });
    list.push(wire.toString("latin1", at + 1, end));
  }
  return list;
}

/** Sets `ALPNProtocols` of `out` to the wire format of the protocols: a byte of length before each. */
export function convertALPNProtocols(protocols: AlpnProtocols, out: { ALPNProtocols?: Buffer }): void {
  // In the wire format already.
  if (ArrayBuffer.isView(protocols)) out.ALPNProtocols = Buffer.from(bytesOf(protocols));
  else if (Array.isArray(protocols))
    out.ALPNProtocols = Buffer.concat(
      alpnOf(protocols).map((name) =>
        Buffer.concat([Buffer.of(Buffer.byteLength(name, "latin1")), Buffer.from(name, "latin1")]),
      ),
    );
}

const tooLong = (index: number, length: number): NodeError =>
  nodeError(
    "ERR_OUT_OF_RANGE",
    `The byte length of the protocol at index ${index} exceeds the maximum length. ` +
      `It must be <= 255. Received ${length}`,
    { type: RangeError },
  );

function bytesOf(value: unknown): Buffer {
  if (!ArrayBuffer.isView(value)) throw wrongType("options.ALPNProtocols", "a list of texts or views of bytes", value);
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}
