/**
 * Reads distinguished names, normalises them for the comparison of RFC 5280 §7.1, and writes them as text of RFC 4514.
 * @module
 */
import type { Bytes } from "../bytes/bytes.ts";
import { latin1, toHex } from "../bytes/bytes.ts";
import { Der, derFault, ia5, tags, utf8 } from "../bytes/der.ts";
import { maxNormalised } from "../limits.ts";

/** A distinguished name. */
export interface Name {
  /** The DER as in the certificate, for example for a CertificateRequest. */
  readonly der: Bytes;
  /** The text of RFC 4514, with the last RDN first. */
  readonly text: string;
  /**
   * Each RDN in normalised form, followed by a comma. Names are equal if their normalised forms are equal; a name is
   * within a subtree if its normalised form begins with that of the subtree.
   */
  readonly normalised: string;
  /**
   * True if a value is a PrintableString that is not ASCII, or is too long to normalise. Names may then be equal
   * although their `normalised` differs.
   */
  readonly hasUnnormalised: boolean;
  /**
   * The attributes in order. `type` is a dotted OID; `value` is text, or `#` and hex if the value cannot be read as
   * text.
   */
  readonly attributes: readonly { readonly type: string; readonly value: string }[];
}

/** The short names of RFC 4514 §3, and others in common use. */
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

/** x500UniqueIdentifier (RFC 2256 §5.46), the only supported attribute whose value is not text. */
const uniqueIdentifier = "2.5.4.45";

/** Reads a Name. */
export function readName(reader: Der): Name {
  const attributes: { type: string; value: string }[] = [];
  const texts: string[] = [];
  let hasUnnormalised = false;
  let joined = "";
  const raw = reader.element(tags.sequence);
  new Der(raw, reader.budget).sequence((sequence) => {
    while (sequence.hasMore) {
      const normalised: string[] = [];
      const text: string[] = [];
      sequence.listOf(tags.set, (set) =>
        set.sequence((attribute) => {
          const type = attribute.oid();
          const tag = attribute.tag ?? derFault("attribute without a value");
          const bytes = attribute.contents(tag);
          const string = readString(type, tag, bytes);
          const value = string ?? `#${toHex(bytes)}`;
          attributes.push({ type, value });
          const isLong = value.length > maxNormalised && /[^\0-\x7f]/.test(value);
          hasUnnormalised ||= isLong || (tag === tags.printableString && string === undefined);
          normalised.push(
            `${type}=${string === undefined ? `#${tag} ${value}` : JSON.stringify(isLong ? value : normalise(value))}`,
          );
          text.push(`${shortNames[type] ?? type}=${string === undefined ? value : escapeValue(string)}`);
        }),
      );
      joined += `${normalised.sort().join("+")},`;
      texts.push(text.join("+"));
    }
  });
  return { der: raw, text: texts.reverse().join(","), normalised: joined, hasUnnormalised, attributes };
}

/** The text of a value; `undefined` if its bytes must be compared instead. */
function readString(type: string, tag: number, bytes: Uint8Array): string | undefined {
  switch (tag) {
    case tags.utf8String:
      return utf8(bytes);
    case tags.printableString:
      // Old tools write Latin-1 or UTF-8 under this tag, and a reader cannot know which.
      if (bytes.some((byte) => byte > 127)) return undefined;
      return latin1(bytes);
    case tags.numericString:
    case tags.ia5String:
    case tags.visibleString:
      return ia5(bytes);
    case tags.teletexString:
      return latin1(bytes);
    case tags.bmpString:
      return readWide(bytes, 2);
    case tags.universalString:
      return readWide(bytes, 4);
    default:
      if (tag !== tags.bitString || type !== uniqueIdentifier) derFault(`attribute ${type} with the tag ${tag}`);
      return undefined;
  }
}

function readWide(bytes: Uint8Array, width: number): string {
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

/**
 * RFC 4518 as far as RFC 5280 §7.1 needs it: removes invisible characters and outer spaces, folds compatibility forms
 * and case, and makes each run of spaces one space.
 */
const normalise = (text: string): string =>
  text
    .replace(/\p{DI}/gu, "")
    .normalize("NFKC")
    .toLowerCase()
    .replace(/\s+/g, " ")
    .trim();

/** Escapes a value, RFC 4514 §2.4. */
const escapeValue = (text: string): string =>
  text
    .replace(/[\\"+,;<>=]/g, "\\$&")
    .replace(/^[ #]| $/g, "\\$&")
    .replaceAll("\0", "\\00");
