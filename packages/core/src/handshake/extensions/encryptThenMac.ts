/**
 * encrypt_then_mac, RFC 7366: CBC without what made its padding an oracle. It says nothing of other ciphers.
 * @module
 */
import { TlsError } from "../../errors.ts";
import { empty } from "../../wire/codec.ts";
import type { SuiteRow } from "../suites.ts";
import { type ClientExtension, read, type ServerExtension, yes } from "./extension.ts";

const id = 22;
const name = "encrypt_then_mac";
const isCbc = (suite: SuiteRow): boolean => suite.mac !== undefined;

export const encryptThenMacClient: ClientExtension<"encryptThenMac"> = {
  id,
  name,
  offer: ({ suites }) => (suites.some(isCbc) ? new Uint8Array(0) : undefined),
  accept(answer, agreement) {
    read(this, empty, answer);
    if (!isCbc(agreement.suite))
      throw new TlsError("illegal_parameter", `encrypt_then_mac with ${agreement.suite.name}, which is not CBC`);
    return true;
  },
};

export const encryptThenMacServer: ServerExtension<"encryptThenMac"> = {
  id,
  name,
  read(data) {
    read(this, empty, data);
    return true;
  },
  answer: (_, { agreement }) => (isCbc(agreement.suite) ? yes : undefined),
};
