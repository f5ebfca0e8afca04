import { testCa } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { nodeCredential } from "../../../../node/src/crypto/credential.ts";
import { connectPair, extension, pki, withExtension } from "./connectPair.ts";

const id = 0;
/** ServerNameList, RFC 6066 §3. */
const list = (...names: readonly (readonly [type: number, name: string])[]): Uint8Array => {
  const all = names.flatMap(([type, name]) => [type, 0, name.length, ...new TextEncoder().encode(name)]);
  return Uint8Array.of(all.length >> 8, all.length & 255, ...all);
};
const trusting = { ca: undefined, insecure: true } as const;
const empty = new Uint8Array(0);

const ca = await testCa();
const other = nodeCredential(await ca.issue({ names: ["a.example", "*.b.example"] }));
const several = { credentials: [pki.server, other] };

describe("server_name", () => {
  test("is the host name without a trailing dot, and is in the server's session", async () => {
    const { hellos, server } = await connectPair({ ...trusting, serverName: "www.example.com." });
    expect(extension(hellos.client, id)).toEqual(list([0, "www.example.com"]));
    expect(server).toMatchObject({ serverName: "www.example.com" });
  });

  const lenient = { ...several, strictSni: false };
  const ends = {
    "with two certificates": several,
    "with two certificates and strictSni false": lenient,
    "with one certificate": {},
    "with one certificate and strictSni": { strictSni: true },
  };
  test.each([
    ["a.example", "with two certificates", empty],
    ["w.b.example", "with two certificates", empty],
    ["localhost", "with two certificates", empty],
    ["c.example", "with two certificates and strictSni false", undefined],
    ["localhost", "with one certificate", undefined],
    ["localhost", "with one certificate and strictSni", empty],
  ] as const)(
    "the name %s to a server %s is answered with an empty extension only if the server used it: %j",
    async (serverName, name, wanted) => {
      const end = ends[name];
      const { hellos, server } = await connectPair({ ...trusting, serverName }, end);
      expect(server).toMatchObject({ serverName });
      expect(extension(hellos.server, id)).toEqual(wanted);
    },
  );

  test.each(["127.0.0.1", "::1", "2001:db8::1"])("is not sent for the address %s", async (serverName) => {
    const { hellos, server } = await connectPair({ ...trusting, serverName });
    expect([extension(hellos.client, id), extension(hellos.server, id)]).toEqual([undefined, undefined]);
    expect(server).toMatchObject({ serverName: null });
  });

  test.each([
    ["no name", list()],
    ["a name that is longer than the data", Uint8Array.of(0, 5, 0, 0, 9, 97, 98)],
    ["a truncated name of another type", Uint8Array.of(0, 2, 1, 0)],
  ])("with %s is decode_error", async (_, data) => {
    const { server } = await connectPair({}, {}, { client: (hello) => withExtension(hello, id, data) });
    expect(server).toMatchObject({ alert: "decode_error", by: "us" });
  });

  test.each([
    ["an empty host name", list([0, ""])],
    ["two host names", list([0, "a.example"], [0, "b.example"])],
    ["two host names, and a name of another type between", list([0, "a.example"], [1, "x"], [0, "a.example"])],
    ["a host name with a zero byte", list([0, "a.example\0.b"])],
    ["a host name of 256 bytes", Uint8Array.of(1, 3, 0, 1, 0, ...new Uint8Array(256).fill(97))],
  ])("with %s is illegal_parameter", async (_, data) => {
    const { server } = await connectPair({}, {}, { client: (hello) => withExtension(hello, id, data) });
    expect(server).toMatchObject({ alert: "illegal_parameter", by: "us" });
  });

  test.each([
    ["a single name of another type", list([1, "x"]), undefined],
    ["a name after the host name", list([0, "a.example"], [255, "\0"]), "a.example"],
    ["an empty name before the host name", list([7, ""], [0, "a.example"]), "a.example"],
    ["each of two names of one unknown type", list([7, "x"], [7, "y"], [0, "a.example"]), "a.example"],
  ])("%s is skipped (RFC 6066 §3)", async (_, data, serverName) => {
    // The server continues, and the answer in its ServerHello shows whether it read the host name. The client's
    // transcript differs, so the handshake fails later.
    const { hellos } = await connectPair({}, several, { client: (hello) => withExtension(hello, id, data) });
    expect(hellos.server).toBeDefined();
    expect(extension(hellos.server, id)).toEqual(serverName && empty);
  });

  test("an answer with content is decode_error", async () => {
    const { client } = await connectPair({}, {}, { server: (hello) => withExtension(hello, id, Uint8Array.of(0)) });
    expect(client).toMatchObject({ alert: "decode_error", by: "us" });
  });
});
