/**
 * GeneralName, RFC 5280 §4.2.1.6: a name, for example in subjectAltName or in a name constraint.
 * @module
 */
import { type Der, der, derFault, ia5, tags } from "../bytes/der.ts";
import { type Name, readName } from "./distinguishedName.ts";

/** A GeneralName. The type `other` is any form that Handclasp does not process; `tag` distinguishes these forms. */
export type GeneralName =
  | { readonly type: "dns" | "email" | "uri"; readonly value: string }
  | { readonly type: "ip"; readonly value: Uint8Array }
  | { readonly type: "directory"; readonly value: Name }
  | { readonly type: "other"; readonly tag: number; readonly value: Uint8Array };

const strings = { 129: "email", 130: "dns", 134: "uri" } as const;

/** Reads one GeneralName. */
export function readGeneralName(reader: Der): GeneralName {
  const tag = reader.tag ?? derFault("a GeneralName is missing");
  const value = reader.contents(tag);
  switch (tag) {
    case 0x81:
    case 0x82:
    case 0x86:
      return { type: strings[tag], value: ia5(value) };
    case 0x87:
      return { type: "ip", value };
    case 0xa4:
      return { type: "directory", value: der(value, readName, reader.budget) };
    case 0xa0: // otherName: a type-id and one value
      der(
        value,
        (inner) => {
          inner.oid();
          inner.within(0xa0, (explicit) => explicit.contents(explicit.tag ?? 0));
        },
        reader.budget,
      );
      return { type: "other", tag, value };
    case 0xa3: // x400Address
    case 0xa5: // ediPartyName
    case 0x88: // registeredID
      return { type: "other", tag, value };
    default:
      return derFault(`0x${tag.toString(16)} is not a GeneralName`);
  }
}

/** Reads GeneralNames, RFC 5280 §4.2.1.6. Throws if the list is empty. */
export const readGeneralNames = (reader: Der, tag: number = tags.sequence): GeneralName[] =>
  reader.listOf(tag, readGeneralName);
