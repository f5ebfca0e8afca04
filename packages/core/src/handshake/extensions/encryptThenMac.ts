/**
 * encrypt_then_mac, RFC 7366: CBC without a padding oracle. It does not apply to other ciphers.
 * @module
 */
import { TlsError } from "../../errors.ts";
import { empty } from "../../wire/codec.ts";
import type { SuiteRow } from "../suites.ts";
import { type ClientExtension, decodeData, emptyAnswer, type ServerExtension } from "./extension.ts";

const id = 22;
const name = "encrypt_then_mac";
const isCbc = (suite: SuiteRow): boolean => suite.mac !== undefined;

export const encryptThenMacClient: ClientExtension<"encryptThenMac"> = {
  id,
  name,
  offer: ({ suites }) => (suites.some(isCbc) ? new Uint8Array(0) : undefined),
  accept(answer, agreement) {
    decodeData(this, empty, answer);
    if (!isCbc(agreement.suite))
      throw new TlsError("illegal_parameter", `encrypt_then_mac with ${agreement.suite.name}, which is not CBC`);
    return true;
  },
};

export const encryptThenMacServer: ServerExtension<"encryptThenMac"> = {
  id,
  name,
  read(data, { textbook }) {
    decodeData(this, empty, data);
    return textbook ? undefined : true;
  },
  answer: (_, { agreement }) => (isCbc(agreement.suite) ? emptyAnswer : undefined),
};
