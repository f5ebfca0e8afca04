import {
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384,
  type TlsError,
} from "@handclasp/core";
import { concat, fromHex } from "@handclasp/core/unstable";

import { describe, expect, test } from "vitest";
import { noble } from "../../src/crypto/noble.ts";
import type { BlockChain, CryptoProvider } from "../../src/crypto/provider.ts";
import { runFlow } from "../../src/flow.ts";
import { makeProtection, type Protection } from "../../src/record/protection.ts";
import { sealed } from "./support.ts";

const ascending = (from: number, length: number): Uint8Array => new Uint8Array(length).map((_, i) => from + i);
const content = new TextEncoder().encode("What is said once");
const type = 23;
const same = { alert: "bad_record_mac", message: "a record was altered in transit, or its keys are not ours" };

// `openssl enc -aes-…-cbc -nopad` over content and padding, then HMAC by Python over number, header, IV and ciphertext.
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
])("$name, encrypted and then authenticated", (suite, vector) => {
  const macName = suite.mac as "sha1" | "sha256" | "sha384";
  const { outputLength: macLength } = noble.hashes[macName];
  const key = ascending(0, suite.keyLength);
  const macKey = ascending(0x20, macLength);
  const cipher = suite.cipher as "AES_128_CBC" | "AES_256_CBC";
  const chain = noble.ciphers[cipher]?.(key) as BlockChain;
  let decrypted = 0;
  const provider: CryptoProvider = {
    ...noble,
    ciphers: {
      [cipher]: (): BlockChain => ({
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
  const fault = (ciphertext: Uint8Array, as: 21 | 23 = type): TlsError => {
    try {
      make().open(as, ciphertext);
    } catch (error) {
      return error as TlsError;
    }
    throw new Error("it opened");
  };
  /** Under a MAC that is right. */
  const authentic = (plain: Uint8Array): Uint8Array => {
    const iv = ascending(0x80, 16);
    const body = concat(iv, chain.encrypt(iv, plain));
    const data = concat(new Uint8Array(8), Uint8Array.of(type, 3, 3, body.length >> 8, body.length & 255));
    return concat(body, noble.hashes[macName].hmac(macKey).mac(data, body));
  };

  test("the vector, both ways", () => {
    expect(sealed(make(), type, content)).toEqual(fromHex(vector));
    expect(make().open(type, fromHex(vector))).toEqual(content);
  });

  test("what it seals, it opens, whatever the length", () => {
    const [out, into] = [make(), make()];
    for (let length = 0; length < 70; length++)
      expect(into.open(type, sealed(out, type, new Uint8Array(length).fill(9)))).toEqual(
        new Uint8Array(length).fill(9),
      );
  });

  test("any bit altered is one error, and nothing is decrypted", () => {
    decrypted = 0;
    for (let bit = 0; bit < (vector.length / 2) * 8; bit++) {
      const altered = fromHex(vector);
      altered[bit >> 3] = (altered[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(fault(altered)).toMatchObject(same);
    }
    expect(fault(fromHex(vector), 21)).toMatchObject(same);
    expect(decrypted).toBe(0);
  });

  test("another number is the same error", () => {
    const into = make();
    into.open(type, fromHex(vector));
    expect(() => into.open(type, fromHex(vector))).toThrow(same.message);
  });

  test("every padding opens, and bad padding under a MAC that is right is bad_record_mac too", () => {
    for (let claimed = 0; claimed < 256; claimed++) {
      const blocks = 16 * Math.ceil((claimed + 1) / 16);
      const plain = concat(new Uint8Array(blocks - claimed - 1).fill(7), new Uint8Array(claimed + 1).fill(claimed));
      expect(make().open(type, authentic(plain))).toEqual(new Uint8Array(blocks - claimed - 1).fill(7));
      for (const at of claimed ? [blocks - 1 - claimed, blocks - 2] : []) {
        const bad = plain.slice();
        bad[at] = (bad[at] as number) ^ 0x80;
        expect(fault(authentic(bad))).toMatchObject(same);
      }
    }
    for (const claimed of [16, 31, 255]) expect(fault(authentic(new Uint8Array(16).fill(claimed)))).toMatchObject(same);
  });

  test("too short, or no whole blocks", () => {
    for (const length of [0, 1, 16, macLength, 16 + macLength, 31 + macLength, 33 + macLength, 47 + macLength])
      expect(fault(new Uint8Array(length))).toMatchObject(same);
    // An IV and nothing behind it, under a MAC that is right.
    decrypted = 0;
    expect(fault(authentic(new Uint8Array(0)))).toMatchObject(same);
    expect(decrypted).toBe(0);
  });
});
