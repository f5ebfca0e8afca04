import type { TraceEvent } from "@handclasp/core";
import { serverHandshakeConfig } from "@handclasp/core/unstable/engine";

import { describe, expect, test } from "vitest";
import { connectPair, connectUnanswered, exchangeBytes, extension, pki, withExtension } from "./connectPair.ts";

const id = 28;
const maxFragmentLengthId = 1;
const overhead = 24;
const uint16 = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 255);

/** The longest plaintext of what a side sent, under keys or not. */
const longest = (events: readonly TraceEvent[], isProtected: boolean): number =>
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
  ])("a client takes %i, a server %s: each obeys the other, under keys alone (RFC 8449 §4)", async (own, its, said) => {
    const result = await connectPair({ recordSizeLimit: own }, its === undefined ? {} : { recordSizeLimit: its });
    expect(extension(result.hellos.client, id)).toEqual(uint16(own));
    expect(extension(result.hellos.server, id)).toEqual(uint16(said));
    await exchangeBytes(result, 20_000);
    expect(longest(result.events.server, true)).toBe(Math.min(own, 16_384));
    expect(longest(result.events.client, true)).toBe(Math.min(said, 16_384));
    expect(longest(result.events.server, false)).toBeGreaterThan(200);
  });

  test("without the option a client does not offer it, and a server that has it does not answer", async () => {
    const { hellos } = await connectPair({}, { recordSizeLimit: 100 });
    expect([extension(hellos.client, id), extension(hellos.server, id)]).toEqual([undefined, undefined]);
  });

  test("beside it max_fragment_length is ignored (RFC 8449 §5)", async () => {
    const result = await connectPair({ recordSizeLimit: 700, maxFragmentLength: 512 });
    expect(extension(result.hellos.client, maxFragmentLengthId)).toBeDefined();
    expect(extension(result.hellos.server, maxFragmentLengthId)).toBeUndefined();
    expect(result.client.maxFragmentLength).toBeUndefined();
    await exchangeBytes(result, 2000);
    expect(longest(result.events.server, true)).toBe(700);
    expect(longest(result.events.client, true)).toBe(2000);
  });

  test.each([
    ["a length that is none of the four", Uint8Array.of(9)],
    ["no length at all", new Uint8Array(0)],
  ])("beside it, max_fragment_length may say %s", async (_, said) => {
    const client = <T extends Parameters<typeof withExtension>[0]>(hello: T): T =>
      withExtension(hello, maxFragmentLengthId, said);
    const result = await connectPair({ recordSizeLimit: 700, maxFragmentLength: 512 }, {}, { client });
    // The server goes on; that the hello was altered is seen once there are keys.
    expect(result.server).toMatchObject({ alert: "bad_record_mac", by: "us" });
    const alone = await connectPair({ maxFragmentLength: 512 }, {}, { client });
    expect(alone.server).toMatchObject({ alert: said.length ? "illegal_parameter" : "decode_error", by: "us" });
  });

  test.each([
    ["behind", (data: Uint8Array) => [{ type: maxFragmentLengthId, data }], () => []],
    ["before", () => [], (data: Uint8Array) => [{ type: maxFragmentLengthId, data }]],
  ])("both answered, max_fragment_length %s it: illegal_parameter", async (_, behind, before) => {
    const { client } = await connectPair(
      { recordSizeLimit: 700, maxFragmentLength: 512 },
      {},
      {
        server: (hello) => ({
          ...hello,
          extensions: [...before(Uint8Array.of(1)), ...(hello.extensions ?? []), ...behind(Uint8Array.of(1))],
        }),
      },
    );
    expect(client).toMatchObject({ alert: "illegal_parameter", by: "us" });
  });

  test.each([0, 63])("%i is illegal_parameter to either side", async (limit) => {
    const change = <T extends Parameters<typeof withExtension>[0]>(hello: T): T =>
      withExtension(hello, id, uint16(limit));
    expect((await connectPair({}, {}, { client: change })).server).toMatchObject({
      alert: "illegal_parameter",
      by: "us",
    });
    const { client } = await connectPair({ recordSizeLimit: 64 }, {}, { server: change });
    expect(client).toMatchObject({ alert: "illegal_parameter", by: "us" });
  });

  test("more than TLS 1.2 has: a server takes it for another version's, a client refuses it", async () => {
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

  test.each([63, 16_385, 100.5, Number.NaN])("%d is a configuration error", async (recordSizeLimit) => {
    const refused = { code: "configuration", message: expect.stringContaining("recordSizeLimit") };
    await expect(connectUnanswered({ recordSizeLimit })).rejects.toMatchObject(refused);
    expect(() => serverHandshakeConfig({ credentials: [pki.server], recordSizeLimit })).toThrow(
      expect.objectContaining(refused),
    );
  });
});
