import { describe, expect, test } from "vitest";
import { encode } from "../../../src/wire/codec.ts";
import { type ClientHello, clientHello } from "../../../src/wire/messages.ts";
import { connectPair, extension, withExtension } from "./connectPair.ts";

const id = 21;
const length = (hello: ClientHello | undefined): number =>
  hello ? 4 + encode(clientHello.body, hello).length : Number.NaN;

/** ALPN protocols that make the ClientHello `wanted` bytes long before it is padded. */
async function alpnFor(wanted: number): Promise<string[]> {
  const base = length((await connectPair({ alpn: ["x"] })).hellos.client);
  const more = wanted - base;
  return more > 200 ? ["x".repeat(more - 301), "x".repeat(150), "x".repeat(150)] : ["x".repeat(1 + more)];
}

describe("padding", () => {
  test.each([
    [255, 255],
    [256, 512],
    [300, 512],
    [507, 512],
    [508, 513],
    [511, 516],
    [512, 512],
    [600, 600],
  ])("a ClientHello of %i bytes becomes one of %i (RFC 7685 §4)", async (before, after) => {
    const { client, hellos } = await connectPair({ alpn: await alpnFor(before) });
    expect(client.role).toBe("client");
    expect(length(hellos.client)).toBe(after);
    const data = extension(hellos.client, id);
    expect(data).toEqual(after === before ? undefined : new Uint8Array(Math.max(1, 508 - before)));
    if (data) expect(hellos.client?.extensions?.at(-1)?.type).toBe(id);
  });

  test("a server ignores it, whatever its content", async () => {
    const { server, hellos } = await connectPair(
      {},
      {},
      { client: (hello) => withExtension(hello, id, Uint8Array.of(1)) },
    );
    expect(extension(hellos.server, id)).toBeUndefined();
    expect(server.code).not.toBe("decode_error");
    expect(hellos.server).toBeDefined();
  });

  test("an answer is unsupported_extension", async () => {
    const { client } = await connectPair(
      { alpn: ["x".repeat(200)] },
      {},
      { server: (hello) => withExtension(hello, id, new Uint8Array(0)) },
    );
    expect(client).toMatchObject({ alert: "unsupported_extension", by: "us" });
  });
});
