import { describe, expect, test } from "vitest";
import { connectPair, connectUnanswered, extension, withExtension } from "./connectPair.ts";

const id = 16;
/** ProtocolNameList, RFC 7301 §3.1. */
const names = (...all: readonly string[]): Uint8Array => {
  const list = all.flatMap((name) => [name.length, ...new TextEncoder().encode(name)]);
  return Uint8Array.of(list.length >> 8, list.length & 255, ...list);
};
const alpn = ["a", "b"];

describe("application_layer_protocol_negotiation", () => {
  test("is offered in the client's order, answered with one protocol, and not sent without the option", async () => {
    const { hellos } = await connectPair({ alpn }, { alpn: ["b", "a"] });
    expect([extension(hellos.client, id), extension(hellos.server, id)]).toEqual([names("a", "b"), names("b")]);
    expect(extension((await connectPair()).hellos.client, id)).toBeUndefined();
  });

  test.each([
    ["two protocols", names("a", "b"), "decode_error"],
    ["no protocol", names(), "decode_error"],
    ["an empty protocol", names(""), "decode_error"],
    ["a protocol that was not offered", names("c"), "illegal_parameter"],
  ])("an answer of %s is refused (RFC 7301 §3.1)", async (_, data, alert) => {
    const { client } = await connectPair({ alpn }, { alpn }, { server: (hello) => withExtension(hello, id, data) });
    expect(client).toMatchObject({ alert, by: "us" });
  });

  test.each([
    ["no protocol", names()],
    ["an empty protocol", names("a", "")],
  ])("an offer of %s is decode_error", async (_, data) => {
    const { server } = await connectPair({ alpn }, { alpn }, { client: (hello) => withExtension(hello, id, data) });
    expect(server).toMatchObject({ alert: "decode_error", by: "us" });
  });

  test("the error quotes the client's protocols shortened and without control characters", async () => {
    const offers = names(...Array<string>(200).fill("\u001b\u007f"));
    const { server } = await connectPair({ alpn }, { alpn }, { client: (hello) => withExtension(hello, id, offers) });
    expect(server).toMatchObject({ code: "no_application_protocol" });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the test looks for them
    expect((server as Error).message).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    expect((server as Error).message.length).toBeLessThan(300);
  });

  test.each(["", "x".repeat(256), "ü"])("the protocol %j is a configuration error", async (protocol) => {
    await expect(connectUnanswered({ alpn: [protocol] })).rejects.toMatchObject({ fault: "configuration" });
  });
});
