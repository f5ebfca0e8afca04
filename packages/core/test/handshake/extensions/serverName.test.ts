import { describe, expect, test } from "vitest";
import { extension, meet, withExtension } from "./meet.ts";

const id = 0;
/** ServerNameList, RFC 6066 §3. */
const list = (...names: readonly (readonly [type: number, name: string])[]): Uint8Array => {
  const all = names.flatMap(([type, name]) => [type, 0, name.length, ...new TextEncoder().encode(name)]);
  return Uint8Array.of(all.length >> 8, all.length & 255, ...all);
};
const trusting = { ca: undefined, insecure: true } as const;

describe("server_name", () => {
  test("is the host's, without a dot at its end, and answered empty", async () => {
    const { hellos, server } = await meet({ ...trusting, serverName: "www.example.com." });
    expect(extension(hellos.client, id)).toEqual(list([0, "www.example.com"]));
    expect(extension(hellos.server, id)).toEqual(new Uint8Array(0));
    expect(server).toMatchObject({ serverName: "www.example.com" });
  });

  test.each(["127.0.0.1", "::1", "2001:db8::1"])("is not sent for the address %s", async (serverName) => {
    const { hellos, server } = await meet({ ...trusting, serverName });
    expect([extension(hellos.client, id), extension(hellos.server, id)]).toEqual([undefined, undefined]);
    expect(server).toMatchObject({ serverName: null });
  });

  test.each([
    ["no name", list()],
    ["an empty name", list([0, ""])],
    ["two names of one type", list([0, "a.example"], [0, "b.example"])],
    ["a name of another type", list([1, "a.example"])],
    ["a name with a zero in it", list([0, "a.example\0.b"])],
    ["a name that is longer than there are bytes", Uint8Array.of(0, 5, 0, 0, 9, 97, 98)],
  ])("with %s is decode_error", async (_, data) => {
    const { server } = await meet({}, {}, { client: (hello) => withExtension(hello, id, data) });
    expect(server).toMatchObject({ alert: "decode_error", by: "us" });
  });

  test("answered with content is decode_error", async () => {
    const { client } = await meet({}, {}, { server: (hello) => withExtension(hello, id, Uint8Array.of(0)) });
    expect(client).toMatchObject({ alert: "decode_error", by: "us" });
  });
});
