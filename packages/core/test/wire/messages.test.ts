import { TlsError } from "@handclasp/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Codec, decode, encode, list, struct, uint8, uint16 } from "../../src/wire/codec.ts";
import {
  certificate,
  certificateRequest,
  certificateVerify,
  clientEcdhKeyExchange,
  clientEncryptedPremaster,
  clientHello,
  finished,
  helloRequest,
  type MessageType,
  serverEcdhKeyExchange,
  serverHello,
  serverHelloDone,
} from "../../src/wire/messages.ts";

const bytes = (minLength: number, maxLength = 300) => fc.uint8Array({ minLength, maxLength });
const fixed = (length: number) => bytes(length, length);
const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const extensions = fc.option(fc.array(fc.record({ type: u16, data: bytes(0, 60) }), { maxLength: 8 }), {
  nil: undefined,
});
const signed = fc.record({ scheme: u16, signature: bytes(0) });

/** A type of message, and arbitrary values of it. */
interface Row {
  readonly type: MessageType<unknown>;
  readonly values: fc.Arbitrary<unknown>;
}
const row = <T>(type: MessageType<T>, values: fc.Arbitrary<T>): Row => ({ type, values });

const rows: readonly Row[] = [
  row(helloRequest, fc.constant({})),
  row(
    clientHello,
    fc.record({
      clientVersion: u16,
      random: fixed(32),
      sessionId: bytes(0, 32),
      cipherSuites: fc.array(u16, { minLength: 1, maxLength: 40 }),
      compressionMethods: fc.array(u8, { minLength: 1, maxLength: 5 }),
      extensions,
    }),
  ),
  row(
    serverHello,
    fc.record({
      serverVersion: u16,
      random: fixed(32),
      sessionId: bytes(0, 32),
      cipherSuite: u16,
      compressionMethod: u8,
      extensions,
    }),
  ),
  row(certificate, fc.record({ certificateList: fc.array(bytes(1), { maxLength: 5 }) })),
  row(
    serverEcdhKeyExchange,
    fc.record({ params: fc.record({ curveType: u8, namedCurve: u16, public: bytes(1, 255) }), signed }),
  ),
  row(
    certificateRequest,
    fc.record({
      certificateTypes: fc.array(u8, { minLength: 1, maxLength: 10 }),
      schemes: fc.array(u16, { minLength: 1, maxLength: 20 }),
      certificateAuthorities: fc.array(bytes(1, 100), { maxLength: 5 }),
    }),
  ),
  row(serverHelloDone, fc.constant({})),
  row(certificateVerify, signed),
  row(clientEcdhKeyExchange, fc.record({ public: bytes(1, 255) })),
  row(clientEncryptedPremaster, fc.record({ encryptedPremasterSecret: bytes(0) })),
  row(finished, fc.record({ verifyData: fixed(12) })),
];

const failure = (read: () => unknown): TlsError | undefined => {
  try {
    read();
    return undefined;
  } catch (error) {
    if (TlsError.is(error)) return error;
    throw error;
  }
};

describe.each(rows.map((row) => [row.type.name, row] as const))("%s", (name, { type, values }) => {
  test("decodes to the value that was encoded", () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(decode(type.body, encode(type.body, value), name)).toEqual(value);
      }),
    );
  });

  test("causes a decode_error if it has a byte too many or is truncated (the error then names a field)", () => {
    fc.assert(
      fc.property(values, (value) => {
        const encoded = encode(type.body, value);
        for (let length = 0; length < encoded.length; length++) {
          const error = failure(() => decode(type.body, encoded.subarray(0, length), name));
          // Only the whole block of extensions may be absent.
          const { extensions: block } = value as { extensions?: unknown };
          if (!error) {
            expect(block).toBeDefined();
            expect(decode(type.body, encoded.subarray(0, length), name)).toEqual({
              ...(value as object),
              extensions: undefined,
            });
            continue;
          }
          expect(error.alert).toBe("decode_error");
          expect(error.message).toMatch(new RegExp(`^${name}\\.\\w+`));
        }
        const longer = new Uint8Array(encoded.length + 1);
        longer.set(encoded);
        expect(failure(() => decode(type.body, longer, name))?.alert).toBe("decode_error");
      }),
      { numRuns: 30 },
    );
  });

  test("of arbitrary bytes is refused, or is encoded to the same bytes", () => {
    fc.assert(
      fc.property(bytes(0, 80), (data) => {
        let value: unknown;
        const error = failure(() => {
          value = decode(type.body, data, name);
        });
        if (error) expect(error.alert).toBe("decode_error");
        else expect(encode(type.body, value)).toEqual(data);
      }),
    );
  });
});

describe("the path of a field", () => {
  const hello = {
    serverVersion: 0x0303,
    random: new Uint8Array(32),
    sessionId: new Uint8Array(0),
    cipherSuite: 0xc02b,
    compressionMethod: 0,
    extensions: [
      { type: 0, data: new Uint8Array(0) },
      { type: 23, data: new Uint8Array(0) },
      { type: 16, data: Uint8Array.of(1, 2) },
    ],
  };
  const message = (
    data: Uint8Array,
    codec: Codec<unknown> = serverHello.body,
    name = "server_hello",
  ): string | undefined => failure(() => decode(codec, data, name))?.message;

  test("contains the list's index and the struct's field", () => {
    const data = encode(serverHello.body, hello).slice(0, -1);
    // The length of the block is right. The length of the last extension is one too large.
    data[39] = (data[39] as number) - 1;
    expect(message(data)).toBe("server_hello.extensions[2].data: wanted 2 bytes, 1 left");
  });
  test("names a number that is truncated", () => {
    expect(message(Uint8Array.of(3))).toBe("server_hello.serverVersion: wanted 2 bytes, 1 left");
  });
  test("names a part that is too short, or that is not read to its end", () => {
    expect(message(new Uint8Array(2), list(2, uint16, 2), "groups")).toBe("groups: 0 bytes, at least 2 wanted");
    expect(message(Uint8Array.of(0, 3, 0, 29, 0), list(2, uint16, 2), "groups")).toBe(
      "groups[1]: wanted 2 bytes, 1 left",
    );
    expect(message(Uint8Array.of(1, 2), struct({ one: uint8 }), "struct")).toBe("struct: 1 bytes too many");
  });
  test("names a session id of more than 32 bytes", () => {
    const data = encode(serverHello.body, { ...hello, sessionId: new Uint8Array(33) });
    expect(message(data)).toBe("server_hello.sessionId: 33 bytes, at most 32 allowed");
  });
});

describe("encode", () => {
  test("throws a RangeError for a value that does not fit", () => {
    expect(() => encode(finished.body, { verifyData: new Uint8Array(11) })).toThrow(RangeError);
    expect(() => encode(clientEcdhKeyExchange.body, { public: new Uint8Array(256) })).toThrow(RangeError);
    expect(() => encode(uint8, 256)).toThrow(RangeError);
    expect(() => encode(uint16, -1)).toThrow(RangeError);
    expect(() => encode(uint16, 1.5)).toThrow(RangeError);
  });
});
