/**
 * ec_point_formats, RFC 8422 §5.1.2, §5.2: `uncompressed` is the only format and is mandatory. A client sends the
 * extension if it offers an ECC suite. A server answers it if it chose an ECC suite.
 * @module
 */
import { secp256r1 } from "../../crypto/groups.ts";
import { TlsError } from "../../errors.ts";
import { type Codec, encode, list, uint8 } from "../../wire/codec.ts";
import type { SuiteRow } from "../suites.ts";
import { type ClientExtension, decodeData, type ServerExtension } from "./extension.ts";

const id = 11;
const name = "ec_point_formats";
const formats: Codec<readonly number[]> = list(1, uint8, 1);
const uncompressed = 0;
const formatsFor = (suites: readonly SuiteRow[]): Uint8Array | undefined =>
  suites.some(({ keyExchange }) => keyExchange.groups.includes(secp256r1))
    ? encode(formats, [uncompressed])
    : undefined;

function check(this: { readonly name: string }, data: Uint8Array): true {
  if (!decodeData(this, formats, data).includes(uncompressed))
    throw new TlsError("illegal_parameter", "ec_point_formats without uncompressed", {
      code: "no_uncompressed_points",
    });
  return true;
}

export const ecPointFormatsClient: ClientExtension<"pointFormats"> = {
  id,
  name,
  offer: ({ suites }) => formatsFor(suites),
  accept: check,
};

export const ecPointFormatsServer: ServerExtension<"pointFormats"> = {
  id,
  name,
  read: check,
  answer(_, { agreement: { suite } }) {
    const data = formatsFor([suite]);
    return data && { data, agreed: true };
  },
};
