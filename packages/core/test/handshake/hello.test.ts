/**
 * The contents of both hellos, and the contents that each side accepts from the other (RFC 5246 §7.4.1,
 * RFC 5746 §3.4, RFC 7627 §5.2, RFC 8422 §4).
 */
import {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
  TLS_RSA_WITH_AES_128_CBC_SHA,
} from "@handclasp/core";
import { describe, expect, test } from "vitest";
import { decode, encode } from "../../src/wire/codec.ts";
import { type ClientHello, clientHello } from "../../src/wire/messages.ts";
import { connectPair, extension, pki, withExtension } from "./extensions/connectPair.ts";
import { fragmented, handshakeThrough, message } from "./mitm.ts";

const supportedGroups = 10;
const ecPointFormats = 11;
const signatureAlgorithms = 13;
const extendedMasterSecret = 23;
const renegotiationInfo = 0xff01;
const rsa = { suites: [TLS_RSA_WITH_AES_128_CBC_SHA] };

describe("ClientHello", () => {
  test("offers TLS 1.2 and no compression, without a session, and with new random bytes each time", async () => {
    const [first, second] = [await connectPair(), await connectPair()].map(({ hellos }) => hellos.client);
    expect(first).toMatchObject({ clientVersion: 0x0303, compressionMethods: [0], sessionId: new Uint8Array(0) });
    expect(first?.random).toHaveLength(32);
    expect(first?.random).not.toEqual(second?.random);
  });

  test("has signature_algorithms, extended_master_secret and an empty renegotiation_info, but no SCSV", async () => {
    const { client } = (await connectPair()).hellos;
    expect(extension(client, signatureAlgorithms)?.length).toBeGreaterThan(2);
    expect(extension(client, extendedMasterSecret)).toEqual(new Uint8Array(0));
    expect(extension(client, renegotiationInfo)).toEqual(Uint8Array.of(0));
    expect(client?.cipherSuites).not.toContain(0x00ff);
  });

  test("offers no anonymous, MD5 or SHA-1 scheme", async () => {
    const data = extension((await connectPair()).hellos.client, signatureAlgorithms) as Uint8Array;
    for (let at = 2; at < data.length; at += 2) {
      expect(data[at]).toBeGreaterThan(2);
      expect(data[at + 1]).not.toBe(0);
    }
  });

  test("names curves and the uncompressed format only with an ECC suite (RFC 8422 §4)", async () => {
    const ecc = (await connectPair()).hellos.client;
    expect(extension(ecc, supportedGroups)).toEqual(Uint8Array.of(0, 8, 0, 29, 0, 23, 0, 24, 0, 25));
    expect(extension(ecc, ecPointFormats)).toEqual(Uint8Array.of(1, 0));
    const none = (await connectPair(rsa)).hellos.client;
    expect([extension(none, supportedGroups), extension(none, ecPointFormats)]).toEqual([undefined, undefined]);
  });

  /** Fills the hello up to `length` bytes, with the largest number of suites and an unknown extension. */
  const ofLength = (length: number) => ({
    client(hello: ClientHello): ClientHello {
      const real = hello.cipherSuites;
      const cipherSuites = [...real, ...Array.from({ length: 32_767 - real.length }, () => 0x0a0a)];
      const filled = (bytes: number) => withExtension({ ...hello, cipherSuites }, 0xfafa, new Uint8Array(bytes));
      return filled(length - encode(clientHello.body, filled(0)).length);
    },
  });
  test("is accepted with a length of 128 KiB, and refused with one byte more", async () => {
    const { hellos } = await connectPair({}, {}, ofLength(2 ** 17));
    expect(hellos.server?.cipherSuite).toBe(TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256.id);
    const { server } = await connectPair({}, {}, ofLength(2 ** 17 + 1));
    expect(server).toMatchObject({ alert: "illegal_parameter", code: "excessive_message_size", by: "us" });
  });
  test("is decode_error if it is truncated, also if it is 128 KiB long", async () => {
    for (const length of [200, 2 ** 17]) {
      const outcome = await handshakeThrough(pki, (unit) => {
        if (unit.name !== "client_hello") return unit.wire;
        const hello = decode(clientHello.body, unit.body, "client_hello");
        const whole = encode(clientHello.body, length > 2 ** 16 ? ofLength(length).client(hello) : hello);
        return fragmented(22, message(1, whole.subarray(0, -1)));
      });
      expect(outcome.server).toMatchObject({ alert: "decode_error", by: "us" });
    }
  });

  test("is refused without the null compression method", async () => {
    const { server } = await connectPair({}, {}, { client: (hello) => ({ ...hello, compressionMethods: [1] }) });
    expect(server).toMatchObject({ alert: "illegal_parameter", code: "invalid_compression_list", by: "us" });
  });

  test("is accepted without extensions if no signature is needed, and answered without extensions", async () => {
    const withoutExtensions = { client: <T extends object>(hello: T): T => ({ ...hello, extensions: undefined }) };
    const served = await connectPair(rsa, { ...rsa, credentials: [pki.rsa] }, withoutExtensions);
    expect(served.hellos.client?.extensions).toBeUndefined();
    expect(served.hellos.server).toMatchObject({ cipherSuite: TLS_RSA_WITH_AES_128_CBC_SHA.id, extensions: undefined });
    // Without signature_algorithms, the default hash is SHA-1 (RFC 5246 §7.4.1.4.1), which RFC 9155 §4 forbids.
    const signed = await connectPair({}, {}, withoutExtensions);
    expect(signed.server).toMatchObject({ alert: "handshake_failure", code: "no_shared_cipher", by: "us" });
  });

  test("may have unknown suites, which the server ignores", async () => {
    const { hellos } = await connectPair(
      {},
      {},
      { client: (hello) => ({ ...hello, cipherSuites: [0x0000, 0x1301, 0x0005, ...hello.cipherSuites] }) },
    );
    expect(hellos.server?.cipherSuite).toBe(TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256.id);
  });
});

describe("ServerHello", () => {
  test("has random bytes that do not depend on the client's", async () => {
    const same = { random: (length: number) => new Uint8Array(length).fill(7) };
    const [first, second] = [await connectPair(same), await connectPair(same)];
    expect(first.hellos.client?.random).toEqual(second.hellos.client?.random);
    expect(first.hellos.server?.random).not.toEqual(second.hellos.server?.random);
    expect(first.hellos.server?.random).not.toEqual(first.hellos.client?.random);
  });

  test("is refused with compression", async () => {
    const { client } = await connectPair({}, {}, { server: (hello) => ({ ...hello, compressionMethod: 1 }) });
    expect(client).toMatchObject({
      alert: "illegal_parameter",
      by: "us",
      message: expect.stringContaining("compress"),
    });
  });

  test.each([
    ["TLS_NULL_WITH_NULL_NULL", 0x0000],
    ["TLS_ECDH_anon_WITH_AES_128_CBC_SHA", 0xc018],
    ["a suite that we support but did not offer", TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384.id],
  ])("is refused with %s", async (_, cipherSuite) => {
    const suites = [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256];
    const { client } = await connectPair({ suites }, {}, { server: (hello) => ({ ...hello, cipherSuite }) });
    expect(client).toMatchObject({ alert: "illegal_parameter", code: "wrong_cipher_returned", by: "us" });
  });

  test("never has signature_algorithms, and is refused with it", async () => {
    expect(extension((await connectPair()).hellos.server, signatureAlgorithms)).toBeUndefined();
    const { client } = await connectPair(
      {},
      {},
      { server: (hello) => withExtension(hello, signatureAlgorithms, Uint8Array.of(0, 2, 4, 3)) },
    );
    expect(client).toMatchObject({ alert: "unsupported_extension", by: "us" });
  });
});
