import type { TraceEvent } from "@handclasp/core";
import { serverHandshakeConfig } from "@handclasp/core/unstable/engine";

import { describe, expect, test } from "vitest";
import { connectPair, connectUnanswered, exchangeBytes, extension, pki, withExtension } from "./connectPair.ts";

const id = 28;
const maxFragmentLengthId = 1;
const overhead = 24;
const uint16 = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 255);

/** The length of the longest plaintext that a side sent in records that are, or are not, encrypted. */
const longestPlaintext = (events: readonly TraceEvent[], isProtected: boolean): number =>
  Math.max(
    ...events.flatMap((event) =>
      event.type === "record" && event.direction === "sent" && event.protected === isProtected
        ? [event.fragment.length - (isProtected ? overhead : 0)]
        : [],
    ),
  );

describe("record_size_limit", () => {
  test.each([
    [64, undefined, 16_384],
    [100, 200, 200],
    [16_384, 64, 64],
  ])(
    "client limit %i, server limit %s: each side obeys the other's limit, in encrypted records only (RFC 8449 §4)",
    async (clientLimit, serverLimit, answered) => {
      const result = await connectPair(
        { recordSizeLimit: clientLimit },
        serverLimit === undefined ? {} : { recordSizeLimit: serverLimit },
      );
      expect(extension(result.hellos.client, id)).toEqual(uint16(clientLimit));
      expect(extension(result.hellos.server, id)).toEqual(uint16(answered));
      await exchangeBytes(result, 20_000);
      expect(longestPlaintext(result.events.server, true)).toBe(Math.min(clientLimit, 16_384));
      expect(longestPlaintext(result.events.client, true)).toBe(Math.min(answered, 16_384));
      expect(longestPlaintext(result.events.server, false)).toBeGreaterThan(200);
    },
  );

  test("without the option a client does not offer it, and a server with the option does not answer", async () => {
    const { hellos } = await connectPair({}, { recordSizeLimit: 100 });
    expect([extension(hellos.client, id), extension(hellos.server, id)]).toEqual([undefined, undefined]);
  });

  test("a server ignores max_fragment_length if both are offered (RFC 8449 §5)", async () => {
    const result = await connectPair({ recordSizeLimit: 700, maxFragmentLength: 512 });
    expect(extension(result.hellos.client, maxFragmentLengthId)).toBeDefined();
    expect(extension(result.hellos.server, maxFragmentLengthId)).toBeUndefined();
    expect(result.client.maxFragmentLength).toBeUndefined();
    await exchangeBytes(result, 2000);
    expect(longestPlaintext(result.events.server, true)).toBe(700);
    expect(longestPlaintext(result.events.client, true)).toBe(2000);
  });

  test.each([
    ["a code that is none of the four", Uint8Array.of(9)],
    ["no code", new Uint8Array(0)],
  ])("if both are offered, the server does not read max_fragment_length, which may contain %s", async (_, content) => {
    const client = <T extends Parameters<typeof withExtension>[0]>(hello: T): T =>
      withExtension(hello, maxFragmentLengthId, content);
    const result = await connectPair({ recordSizeLimit: 700, maxFragmentLength: 512 }, {}, { client });
    // The server continues. It notices the altered hello only when it cannot decrypt the first encrypted record.
    expect(result.server).toMatchObject({ alert: "bad_record_mac", by: "us" });
    const withoutLimit = await connectPair({ maxFragmentLength: 512 }, {}, { client });
    expect(withoutLimit.server).toMatchObject({
      alert: content.length ? "illegal_parameter" : "decode_error",
      by: "us",
    });
  });

  test.each([
    ["after", (data: Uint8Array) => [{ type: maxFragmentLengthId, data }], () => []],
    ["before", () => [], (data: Uint8Array) => [{ type: maxFragmentLengthId, data }]],
  ])("a ServerHello with max_fragment_length %s record_size_limit is illegal_parameter", async (_, after, before) => {
    const { client } = await connectPair(
      { recordSizeLimit: 700, maxFragmentLength: 512 },
      {},
      {
        server: (hello) => ({
          ...hello,
          extensions: [...before(Uint8Array.of(1)), ...(hello.extensions ?? []), ...after(Uint8Array.of(1))],
        }),
      },
    );
    expect(client).toMatchObject({ alert: "illegal_parameter", by: "us" });
  });

  test.each([0, 63])("the limit %i is illegal_parameter to either side", async (limit) => {
    const change = <T extends Parameters<typeof withExtension>[0]>(hello: T): T =>
      withExtension(hello, id, uint16(limit));
    expect((await connectPair({}, {}, { client: change })).server).toMatchObject({
      alert: "illegal_parameter",
      by: "us",
    });
    const { client } = await connectPair({ recordSizeLimit: 64 }, {}, { server: change });
    expect(client).toMatchObject({ alert: "illegal_parameter", by: "us" });
  });

  test("a limit that only later versions of TLS allow is accepted by a server, and refused by a client", async () => {
    const { hellos } = await connectPair({}, {}, { client: (hello) => withExtension(hello, id, uint16(0x4001)) });
    expect(extension(hellos.server, id)).toEqual(uint16(16_384));
    const { client } = await connectPair(
      { recordSizeLimit: 64 },
      {},
      { server: (hello) => withExtension(hello, id, uint16(0x4001)) },
    );
    expect(client).toMatchObject({ alert: "illegal_parameter", by: "us" });
  });

  test.each([[Uint8Array.of()], [Uint8Array.of(64)], [Uint8Array.of(0, 64, 0)]])(
    "the content %j is decode_error",
    async (data) => {
      const { server } = await connectPair({}, {}, { client: (hello) => withExtension(hello, id, data) });
      expect(server).toMatchObject({ alert: "decode_error", by: "us" });
    },
  );

  test.each([63, 16_385, 100.5, Number.NaN])("the option %d is a configuration error", async (recordSizeLimit) => {
    const refused = { code: "configuration", message: expect.stringContaining("recordSizeLimit") };
    await expect(connectUnanswered({ recordSizeLimit })).rejects.toMatchObject(refused);
    expect(() => serverHandshakeConfig({ credentials: [pki.server], recordSizeLimit })).toThrow(
      expect.objectContaining(refused),
    );
  });
});
