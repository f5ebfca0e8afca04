import { grease, legacySuites, type Random, type TraceEvent } from "@handclasp/core";
import { describe, expect, test } from "vitest";
import { bytes, decode, encode, list, uint8, uint16 } from "../../src/wire/codec.ts";
import type { ClientHello } from "../../src/wire/messages.ts";
import { certificateRequest, serverEcdhKeyExchange } from "../../src/wire/messages.ts";
import { connectPair, extension, pki, withExtension } from "./extensions/connectPair.ts";
import { handshakeThrough, message, record } from "./mitm.ts";

const isGrease = (value: number): boolean => (value & 0x0f0f) === 0x0a0a && value >> 8 === (value & 255);
const numbers = (hello: ClientHello | undefined, id: number): readonly number[] =>
  decode(list(2, uint16), extension(hello, id) as Uint8Array, "");
const supportedGroups = 10;
const pointFormats = 11;
const signatureAlgorithms = 13;
const alpn = 16;
const paddingId = 21;

/** A source of bytes that are all `byte`. */
const constant =
  (byte: number): Random =>
  (length) =>
    new Uint8Array(length).fill(byte);

describe("GREASE that the client sends", () => {
  test("is in suites, groups, schemes, and the first and the last extension; the handshake succeeds", async () => {
    const { client, server, hellos } = await connectPair({ grease });
    expect(server).toMatchObject({ suite: client.suite, extendedMasterSecret: true });
    for (const values of [
      hellos.client?.cipherSuites ?? [],
      numbers(hellos.client, supportedGroups),
      numbers(hellos.client, signatureAlgorithms),
    ]) {
      expect(values[0]).toSatisfy(isGrease);
      expect(values.filter(isGrease)).toHaveLength(1);
    }
    const extensions = hellos.client?.extensions ?? [];
    expect(extensions.filter(({ type }) => isGrease(type))).toEqual([extensions[0], extensions.at(-1)]);
    expect(extensions[0]?.data).toHaveLength(0);
    expect(extensions.at(-1)?.data).toHaveLength(1);
  });

  test("differs from hello to hello", async () => {
    const seen = new Set<number | undefined>();
    for (let i = 0; i < 20; i++) seen.add((await connectPair({ grease })).hellos.client?.cipherSuites[0]);
    expect(seen.size).toBeGreaterThan(3);
  });

  test.each([0x00, 0x5b, 0xff])("with random bytes of %i, no extension occurs twice", async (byte) => {
    const { hellos, server } = await connectPair({ grease, random: constant(byte) });
    const first = ((byte & 0xf0) | 0x0a) * 0x101;
    const types = (hellos.client?.extensions ?? []).map(({ type }) => type);
    expect([types[0], types.at(-1)]).toEqual([first, first ^ 0x1010]);
    expect(server.role).toBe("server");
  });

  test("comes before the padding extension", async () => {
    const { hellos } = await connectPair({ grease, suites: legacySuites, alpn: ["x".repeat(100)] });
    const types = (hellos.client?.extensions ?? []).map(({ type }) => type);
    expect(types.at(-1)).toBe(paddingId);
    expect(types.at(-2)).toSatisfy(isGrease);
  });

  test("is not sent without the option", async () => {
    const { hellos } = await connectPair({});
    expect([
      ...(hellos.client?.cipherSuites ?? []),
      ...(hellos.client?.extensions ?? []).map(({ type }) => type),
      ...numbers(hellos.client, supportedGroups),
      ...numbers(hellos.client, signatureAlgorithms),
    ]).not.toSatisfy((all: number[]) => all.some(isGrease));
  });

  test("a client refuses a server that chooses a GREASE suite or extension", async () => {
    const client = { grease, random: constant(0x4a) };
    const suite = await connectPair(client, {}, { server: (hello) => ({ ...hello, cipherSuite: 0x4a4a }) });
    expect(suite.client).toMatchObject({ code: "wrong_cipher_returned", by: "us" });
    const answered = await connectPair(
      client,
      {},
      { server: (hello) => withExtension(hello, 0x4a4a, new Uint8Array(0)) },
    );
    expect(answered.client).toMatchObject({ alert: "unsupported_extension", by: "us" });
  });

  test.each([
    ["a group", "illegal_parameter"],
    ["a signature scheme", "illegal_parameter"],
  ])("a client refuses a server that chooses a GREASE value as %s", async (what, alert) => {
    const outcome = await handshakeThrough(
      pki,
      (unit) => {
        if (unit.name !== "server_key_exchange") return unit.wire;
        const { params, signed } = decode(serverEcdhKeyExchange.body, unit.body, "");
        const chosen =
          what === "a group"
            ? { params: { ...params, namedCurve: 0x4a4a }, signed }
            : { params, signed: { ...signed, scheme: 0x4a4a } };
        return record(22, message(12, encode(serverEcdhKeyExchange.body, chosen)));
      },
      { client: { grease, random: constant(0x4a) } },
    );
    expect(outcome.client).toMatchObject({ alert, by: "us" });
  });
});

describe("a peer's GREASE is ignored", () => {
  /** Expects that the server sends its ServerHello, which shows that it accepted the ClientHello. */
  const expectAccepted = async (change: (hello: ClientHello) => ClientHello): Promise<readonly TraceEvent[]> => {
    const result = await connectPair({ alpn: ["h2"] }, { alpn: ["h2"] }, { client: change });
    expect(result.hellos.server).toBeDefined();
    expect(extension(result.hellos.server, alpn)).toEqual(encode(list(2, bytes(1)), [Uint8Array.of(0x68, 0x32)]));
    return result.events.server;
  };
  const values = [0x0a0a, 0xfafa];
  test.each<[string, (hello: ClientHello) => ClientHello]>([
    ["suites", (hello) => ({ ...hello, cipherSuites: [0x0a0a, ...hello.cipherSuites, 0xfafa] })],
    ["compression methods", (hello) => ({ ...hello, compressionMethods: [0x0b, 0, 0x2a] })],
    ["extensions", (hello) => withExtension(withExtension(hello, 0x0a0a, new Uint8Array(0)), 0xfafa, Uint8Array.of(0))],
    [
      "groups",
      (hello) => withExtension(hello, supportedGroups, encode(list(2, uint16), [0x0a0a, 0x001d, 0x0017, 0xfafa])),
    ],
    ["point formats", (hello) => withExtension(hello, pointFormats, encode(list(1, uint8), [0x0b, 0, 0x2a]))],
    [
      "schemes",
      (hello) => withExtension(hello, signatureAlgorithms, encode(list(2, uint16), [0x0a0a, 0x0403, 0xfafa])),
    ],
    [
      "protocols",
      (hello) =>
        withExtension(
          hello,
          alpn,
          encode(list(2, bytes(1)), [Uint8Array.of(0x0a, 0x0a), Uint8Array.of(0x68, 0x32), Uint8Array.of(0xfa, 0xfa)]),
        ),
    ],
    ["supported_versions", (hello) => withExtension(hello, 43, encode(list(1, uint16), [0x7a7a, 0x0304, 0x0303]))],
  ])("in the %s of a client", async (_, change) => {
    await expectAccepted(change);
  });

  test("in a server's CertificateRequest", async () => {
    const outcome = await handshakeThrough(pki, (unit) => {
      if (unit.name !== "certificate_request") return unit.wire;
      const request = decode(certificateRequest.body, unit.body, "");
      return record(
        22,
        message(
          13,
          encode(certificateRequest.body, {
            ...request,
            certificateTypes: [0x0a, ...request.certificateTypes],
            schemes: [...values, ...request.schemes],
          }),
        ),
      );
    });
    // The client continues and sends its certificate. The server refuses the signature only because the transcripts
    // differ.
    expect(outcome.server).toMatchObject({ code: "bad_signature", by: "us" });
  });
});
