import {
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384,
  type TlsError,
} from "@handclasp/core";
import { concat, fromHex } from "@handclasp/core/unstable";

import { describe, expect, test } from "vitest";
import { noble } from "../../src/crypto/noble.ts";
import type { CbcCipher, CryptoProvider } from "../../src/crypto/provider.ts";
import { runFlow } from "../../src/flow.ts";
import { makeProtection, type Protection } from "../../src/record/protection.ts";
import { sealed } from "./support.ts";

const ascending = (from: number, length: number): Uint8Array => new Uint8Array(length).map((_, i) => from + i);
/** The plaintext of the vectors, 17 bytes of ASCII. */
const content = fromHex("576861742069732073616964206f6e6365");
const type = 23;
const badRecordMac = { alert: "bad_record_mac", message: "a record was altered in transit, or its keys are not ours" };

// The vectors are from `openssl enc -aes-…-cbc -nopad` of the padded content, and from Python's HMAC of the sequence
// number, header, IV and ciphertext.
describe.each([
  [
    TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
    "808182838485868788898a8b8c8d8e8f22f20fa48ccad0c5ba58ac2e2bfb7868d171df2f4c6d5ac38818fc58d93c7e830bace46c8489127b74a8f370bd07c8998f891b48",
  ],
  [
    TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
    "808182838485868788898a8b8c8d8e8f22f20fa48ccad0c5ba58ac2e2bfb7868d171df2f4c6d5ac38818fc58d93c7e835310fb3bd3a5debb14901a79fd91d287b3602be0f924aabfb4c439edfb3fc3c3",
  ],
  [
    TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384,
    "808182838485868788898a8b8c8d8e8fc37defef0cc91645e3d2860e971a59f1c40cd8f48a7913366dd269007b76055a9a3b20d35a1f141a34cdc242cd3e60f6ab3ff9852eb586952daa544b3e6969ed13c81a8361ae9505c8df860910a0c405",
  ],
])("$name with encrypt-then-MAC", (suite, vector) => {
  const macName = suite.mac as "sha1" | "sha256" | "sha384";
  const { outputLength: macLength } = noble.hashes[macName];
  const key = ascending(0, suite.keyLength);
  const macKey = ascending(0x20, macLength);
  const cipher = suite.cipher as "AES_128_CBC" | "AES_256_CBC";
  const chain = noble.ciphers[cipher]?.(key) as CbcCipher;
  let decrypted = 0;
  const provider: CryptoProvider = {
    ...noble,
    ciphers: {
      [cipher]: (): CbcCipher => ({
        encrypt: (iv, blocks) => chain.encrypt(iv, blocks),
        decrypt(iv, blocks) {
          decrypted++;
          return chain.decrypt(iv, blocks);
        },
      }),
    },
  };
  const make = (): Protection =>
    runFlow(
      makeProtection(
        provider,
        suite,
        { key, macKey, iv: new Uint8Array(0) },
        (length) => ascending(0x80, length),
        true,
      ),
    ) as Protection;
  const errorOf = (ciphertext: Uint8Array, contentType: 21 | 23 = type): TlsError => {
    try {
      make().open(contentType, ciphertext);
    } catch (error) {
      return error as TlsError;
    }
    throw new Error("expected an error, but the record opened");
  };
  /** The encrypted blocks with a correct MAC. */
  const authenticate = (plain: Uint8Array): Uint8Array => {
    const iv = ascending(0x80, 16);
    const body = concat(iv, chain.encrypt(iv, plain));
    const data = concat(new Uint8Array(8), Uint8Array.of(type, 3, 3, body.length >> 8, body.length & 255));
    return concat(body, noble.hashes[macName].hmac(macKey).mac(data, body));
  };

  test("seals and opens the vector", () => {
    expect(sealed(make(), type, content)).toEqual(fromHex(vector));
    expect(make().open(type, fromHex(vector))).toEqual(content);
  });

  test("opens the records that it seals, of 0 to 69 bytes", () => {
    const [out, into] = [make(), make()];
    for (let length = 0; length < 70; length++)
      expect(into.open(type, sealed(out, type, new Uint8Array(length).fill(9)))).toEqual(
        new Uint8Array(length).fill(9),
      );
  });

  test("gives one error for any altered bit, and decrypts nothing", () => {
    decrypted = 0;
    for (let bit = 0; bit < (vector.length / 2) * 8; bit++) {
      const altered = fromHex(vector);
      altered[bit >> 3] = (altered[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(errorOf(altered)).toMatchObject(badRecordMac);
    }
    expect(errorOf(fromHex(vector), 21)).toMatchObject(badRecordMac);
    expect(decrypted).toBe(0);
  });

  test("gives the same error for another sequence number", () => {
    const into = make();
    into.open(type, fromHex(vector));
    expect(() => into.open(type, fromHex(vector))).toThrow(badRecordMac.message);
  });

  test("opens every padding, and gives bad_record_mac for bad padding with a correct MAC", () => {
    for (let claimed = 0; claimed < 256; claimed++) {
      const blocks = 16 * Math.ceil((claimed + 1) / 16);
      const plain = concat(new Uint8Array(blocks - claimed - 1).fill(7), new Uint8Array(claimed + 1).fill(claimed));
      expect(make().open(type, authenticate(plain))).toEqual(new Uint8Array(blocks - claimed - 1).fill(7));
      for (const at of claimed ? [blocks - 1 - claimed, blocks - 2] : []) {
        const bad = plain.slice();
        bad[at] = (bad[at] as number) ^ 0x80;
        expect(errorOf(authenticate(bad))).toMatchObject(badRecordMac);
      }
    }
    for (const claimed of [16, 31, 255])
      expect(errorOf(authenticate(new Uint8Array(16).fill(claimed)))).toMatchObject(badRecordMac);
  });

  test("refuses a record that is too short, or does not consist of whole blocks", () => {
    for (const length of [0, 1, 16, macLength, 16 + macLength, 31 + macLength, 33 + macLength, 47 + macLength])
      expect(errorOf(new Uint8Array(length))).toMatchObject(badRecordMac);
    // An IV without a block after it, with a correct MAC.
    decrypted = 0;
    expect(errorOf(authenticate(new Uint8Array(0)))).toMatchObject(badRecordMac);
    expect(decrypted).toBe(0);
  });
});
