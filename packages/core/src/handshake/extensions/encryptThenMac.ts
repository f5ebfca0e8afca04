/**
 * encrypt_then_mac, RFC 7366: CBC without what made its padding an oracle. It says nothing of other ciphers.
 * @module
 */
import { TlsError } from "../../errors.ts";
import { empty } from "../../wire/codec.ts";
import type { CipherSuite } from "../suites.ts";
import { type ClientExtension, read, type ServerExtension } from "./extension.ts";

const id = 22;
const name = "encrypt_then_mac";
const isCbc = (suite: CipherSuite): boolean => suite.mac !== undefined;

export const encryptThenMacClient: ClientExtension = {
  id,
  name,
  offer: ({ suites }) => (suites.some(isCbc) ? new Uint8Array(0) : undefined),
  accept(answer, agreement) {
    read(this, empty, answer);
    if (!isCbc(agreement.suite))
      throw new TlsError("illegal_parameter", `encrypt_then_mac with ${agreement.suite.name}, which is not CBC`);
    agreement.encryptThenMac = true;
  },
};

export const encryptThenMacServer: ServerExtension = {
  id,
  name,
  read(data, offer) {
    read(this, empty, data);
    offer.encryptThenMac = true;
  },
  answer(offer, agreement) {
    agreement.encryptThenMac = offer.encryptThenMac && isCbc(agreement.suite);
    return agreement.encryptThenMac ? new Uint8Array(0) : undefined;
  },
};
