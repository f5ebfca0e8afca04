/**
 * Distinguished names: read, compared as RFC 5280 §7.1 says, and written as RFC 4514 says.
 * @module
 */
import type { Bytes } from "../bytes/bytes.ts";
import { latin1, toHex } from "../bytes/bytes.ts";
import { Der, derFault, ia5, tags, utf8 } from "../bytes/der.ts";
import { maxNormalised } from "../limits.ts";

/** A distinguished name. */
export interface Name {
  /** As it stands in the certificate: what a CertificateRequest sends. */
  readonly der: Bytes;
  /** RFC 4514: the last RDN first. */
  readonly text: string;
  /** Each RDN normalised and a comma: names are equal where these are, and one is within a subtree where it begins with the subtree's. */
  readonly normalised: string;
  /** A value is too long to be normalised, or is no text: where `normalised` differs, names may be equal all the same. */
  readonly isExact: boolean;
  /** The value of each attribute in order: dotted type and text (hex, after `#`, where it is no string). */
  readonly attributes: readonly { readonly type: string; readonly value: string }[];
}

/** Short names of RFC 4514 §3 and those that everybody writes. */
const shortNames: Record<string, string> = {
  "2.5.4.3": "CN",
  "2.5.4.5": "serialNumber",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "STREET",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "0.9.2342.19200300.100.1.25": "DC",
  "0.9.2342.19200300.100.1.1": "UID",
  "1.2.840.113549.1.9.1": "emailAddress",
};

/** x500UniqueIdentifier (RFC 2256 §5.46): the one attribute that is no text. */
const uniqueIdentifier = "2.5.4.45";

/** Reads a Name. */
export function readName(reader: Der): Name {
  const attributes: { type: string; value: string }[] = [];
  const texts: string[] = [];
  let isExact = false;
  let comparable = "";
  const raw = reader.element(tags.sequence);
  new Der(raw, reader.allowance).sequence((sequence) => {
    while (sequence.more) {
      const normalised: string[] = [];
      const text: string[] = [];
      sequence.many(tags.set, (set) =>
        set.sequence((attribute) => {
          const type = attribute.oid();
          const tag = attribute.tag ?? derFault("attribute without a value");
          const bytes = attribute.contents(tag);
          const string = readString(type, tag, bytes);
          const value = string ?? `#${toHex(bytes)}`;
          attributes.push({ type, value });
          const isLong = value.length > maxNormalised && /[^\0-\x7f]/.test(value);
          isExact ||= isLong || (tag === tags.printableString && string === undefined);
          normalised.push(
            `${type}=${string === undefined ? `#${tag} ${value}` : JSON.stringify(isLong ? value : normalise(value))}`,
          );
          text.push(`${shortNames[type] ?? type}=${string === undefined ? value : escaped(string)}`);
        }),
      );
      comparable += `${normalised.sort().join("+")},`;
      texts.push(text.join("+"));
    }
  });
  return { der: raw, text: texts.reverse().join(","), normalised: comparable, isExact, attributes };
}

/** The text of a value; `undefined` where it has none, and its bytes are compared. */
function readString(type: string, tag: number, bytes: Uint8Array): string | undefined {
  switch (tag) {
    case tags.utf8String:
      return utf8(bytes);
    case tags.printableString:
      // Old tools write Latin-1 or UTF-8 under this tag, and nothing says which.
      if (bytes.some((byte) => byte > 127)) return undefined;
      return latin1(bytes);
    case tags.numericString:
    case tags.ia5String:
    case tags.visibleString:
      return ia5(bytes);
    case tags.teletexString:
      return latin1(bytes);
    case tags.bmpString:
      return wide(bytes, 2);
    case tags.universalString:
      return wide(bytes, 4);
    default:
      if (tag !== tags.bitString || type !== uniqueIdentifier) derFault(`attribute ${type} with the tag ${tag}`);
      return undefined;
  }
}

function wide(bytes: Uint8Array, width: number): string {
  if (bytes.length % width) derFault("string cut off");
  let text = "";
  for (let i = 0; i < bytes.length; i += width) {
    let code = 0;
    for (let j = 0; j < width; j++) code = code * 256 + (bytes[i + j] as number);
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) derFault("string not Unicode");
    text += String.fromCodePoint(code);
  }
  return text;
}

/** RFC 4518 as far as RFC 5280 §7.1 needs it: what nobody sees dropped, compatibility forms and case folded, outer spaces dropped, inner runs one space. */
const normalise = (text: string): string =>
  text
    .replace(/\p{DI}/gu, "")
    .normalize("NFKC")
    .toLowerCase()
    .replace(/\s+/g, " ")
    .trim();

/** RFC 4514 §2.4. */
const escaped = (text: string): string =>
  text
    .replace(/[\\"+,;<>=]/g, "\\$&")
    .replace(/^[ #]| $/g, "\\$&")
    .replaceAll("\0", "\\00");
