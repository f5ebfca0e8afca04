/** The opening: what each side sends and accepts, and who waits for whom. */
import { MessageSessions } from "@handclasp/core/message-sessions";
import {
  type AcceptMessagesOptions,
  acceptMessages,
  messageAlpn,
  type OpenMessagesOptions,
  openMessages,
} from "@handclasp/core/messages";
import { describe, expect, test } from "vitest";
import { channels } from "./pair.ts";
import { closeFrame, frame, framesIn, join, openingFrame, readAll } from "./raw.ts";

/** The frames of a client with these options to a raw server, and the end of the client after this answer. */
async function clientOpening(options: OpenMessagesOptions, alpn: string, ...answer: readonly Uint8Array[]) {
  const { client, server: raw } = await channels([alpn]);
  const opening = openMessages(client, { openingTimeout: 60_000, ...options });
  const result = opening.then(
    (messages) => messages.protocol,
    (error: { code: string }) => error.code,
  );
  const sent = framesIn((await raw.read()) as Uint8Array);
  void raw.write(join(...answer));
  const end = await result;
  const rest = readAll(raw);
  void client.close();
  return { sent, end, rest: framesIn(await rest) };
}

/** The frames of a server with these options to a raw client, and the end of the server's accept. */
async function serverAnswer(options: AcceptMessagesOptions, alpn: string, ...opening: readonly Uint8Array[]) {
  const { client: raw, server } = await channels([alpn]);
  const result = acceptMessages(server, options).then(
    (accepted) => ({ opening: accepted.opening, protocol: accepted.messages.protocol }),
    (error: { code: string }) => error.code,
  );
  void raw.write(join(...opening));
  const end = await result;
  const sent = readAll(raw);
  void server.close();
  return { end, sent: framesIn(await sent) };
}

const { open, answered } = messageAlpn;
const session = { id: "a".repeat(22), received: 0 };

describe("a client", () => {
  test("without protocols is open at once if the server answers no opening", async () => {
    const { client } = await channels([open]);
    const messages = await openMessages(client, { path: "/chat?room=1" });
    expect(messages.protocol).toBe("");
  });

  test.each([
    [{ path: "/a?b=%20" }, answered, '8b {"path":"/a?b=%20","protocols":[]}', { protocol: "" }, ""],
    [{ protocols: ["a", "b"] }, open, '8b {"path":"/","protocols":["a","b"]}', { protocol: "b" }, "b"],
    [{ protocols: ["a"] }, answered, '8b {"path":"/","protocols":["a"]}', { protocol: "a" }, "a"],
  ])("with %j over %s sends %s", async (options, alpn, expected, answer, protocol) => {
    const { sent, end } = await clientOpening(options, alpn, openingFrame(answer));
    expect([sent, end]).toEqual([[expected], protocol]);
  });

  test.each([
    ["a protocol that was not offered", openingFrame({ protocol: "c" }), "wrong_protocol", "did not offer"],
    ["no protocol although some were offered", openingFrame({ protocol: "" }), "wrong_protocol", "did not offer"],
    [
      "an answer with another property",
      openingFrame({ protocol: "a", x: 1 }),
      "invalid_frame",
      "an opening is invalid",
    ],
    ["an answer that is no object", openingFrame("1"), "invalid_frame", "an opening is invalid"],
    ["an answer that is no JSON", openingFrame("{"), "invalid_frame", "an opening is invalid"],
    ["a message before the answer", frame(0x81, "early"), "invalid_frame", "the first frame is not an opening"],
    ["a ping before the answer", frame(0x89), "invalid_frame", "the first frame is not an opening"],
  ])("refuses %s", async (_name, answer, code, reason) => {
    const { end, rest } = await clientOpening({ protocols: ["a"] }, answered, answer);
    expect(end).toBe(code);
    expect(rest).toEqual([expect.stringMatching(new RegExp(`^88 1002 .*${reason}`))]);
  });

  test("refuses an answer that it did not wait for", async () => {
    const { client, server: raw } = await channels([open]);
    const messages = await openMessages(client);
    void raw.write(openingFrame({ protocol: "" }));
    await expect(messages.read()).rejects.toMatchObject({ code: "invalid_frame" });
  });

  test("learns why it is refused, in one line", async () => {
    const { client, server: raw } = await channels([answered]);
    const opening = openMessages(client);
    void raw.write(closeFrame(1008, "go\naway"));
    await expect(opening).rejects.toMatchObject({
      code: "open_refused",
      message: expect.stringContaining('1008 and the reason "go\uFFFDaway"') as string,
    });
  });

  test("rejects wrong options and sends nothing", async () => {
    const { client, server: raw } = await channels();
    const wrong: readonly object[] = [
      { path: "chat" },
      { path: "/a b" },
      { path: "/é" },
      { path: "/a#b" },
      { path: `/${"a".repeat(16_384)}` },
      { protocols: [""] },
      { protocols: ["a b"] },
      { protocols: ["a", "A"] },
      { maxMessage: 0 },
      { openingTimeout: 0 },
      { unknown: 1 },
    ];
    for (const options of wrong)
      await expect(openMessages(client, options), JSON.stringify(options)).rejects.toMatchObject({
        code: "configuration",
      });
    void client.closeWrite();
    expect(await readAll(raw)).toHaveLength(0);
  });
});

describe("a server", () => {
  test.each([
    ["without protocols and open to all, does not answer", {}, open, { path: "/", protocols: [] }, [], ""],
    ["answers if it has said so", {}, answered, { path: "/x", protocols: [] }, ['8b {"protocol":""}'], ""],
    [
      "selects by its own preference",
      { protocols: ["b", "a"] },
      open,
      { path: "/", protocols: ["a", "b"] },
      ['8b {"protocol":"b"}'],
      "b",
    ],
    ["with protocols accepts a client without", { protocols: ["a"] }, open, { path: "/", protocols: [] }, [], ""],
  ] as const)("%s", async (_name, options, alpn, opening, expected, protocol) => {
    const { end, sent } = await serverAnswer(options, alpn, openingFrame(opening));
    expect(end).toEqual({ opening, protocol });
    expect(sent).toEqual(expected);
  });

  test.each([
    [
      "a client whose protocols it lacks",
      { protocols: ["b"] },
      { path: "/", protocols: ["a"] },
      "1008 no common protocol",
    ],
    ["a client with protocols if it has none", {}, { path: "/", protocols: ["a"] }, "1008 no common protocol"],
    [
      "a client that comes back to close a session that has ended",
      { sessions: new MessageSessions() },
      { path: "/", protocols: [], session: { id: "a".repeat(22), received: 0, closing: true } },
      "1000 the session has ended",
    ],
    ["a client that is not allowed", { allow: () => false }, { path: "/", protocols: [] }, "1008 not allowed"],
    [
      "a client if `allow` returns another value than true",
      { allow: (() => 1) as unknown as () => boolean },
      { path: "/", protocols: [] },
      "1008 not allowed",
    ],
  ])("refuses %s", async (_name, options, opening, close) => {
    const { end, sent } = await serverAnswer(options, answered, openingFrame(opening));
    expect([end, sent]).toEqual(["open_refused", [`88 ${close}`]]);
  });

  test("refuses a client if `allow` throws, and says nothing of the error", async () => {
    const allow = (): boolean => {
      throw new Error("secret");
    };
    const { end, sent } = await serverAnswer({ allow }, answered, openingFrame());
    expect([end, sent]).toEqual(["hook_failed", ["88 1011"]]);
  });

  test.each([
    ["no object", "null"],
    ["a list", '["/",[]]'],
    ["no JSON", "{path}"],
    ["not UTF-8", Buffer.from('{"path":"/\xff","protocols":[]}', "latin1").toString("latin1")],
    ["without a path", { protocols: [] }],
    ["without protocols", { path: "/" }],
    ["a path that is no text", { path: 1, protocols: [] }],
    ["a relative path", { path: "a", protocols: [] }],
    ["a path with a space", { path: "/a b", protocols: [] }],
    ["a path with a fragment", { path: "/#a", protocols: [] }],
    ["a line feed behind the path", { path: "/a\n", protocols: [] }],
    ["protocols that are no list", { path: "/", protocols: "a" }],
    ["a protocol that is no token", { path: "/", protocols: ["a,b"] }],
    ["a protocol twice", { path: "/", protocols: ["a", "a"] }],
    ["another property", { path: "/", protocols: [], extra: 1 }],
    ["a session that is closing in another way", { path: "/", protocols: [], session: { ...session, closing: 1 } }],
    ["a session with another property", { path: "/", protocols: [], session: { ...session, extra: 1 } }],
    ["__proto__", '{"path":"/","protocols":[],"__proto__":{}}'],
  ])("refuses an opening: %s", async (_name, opening) => {
    const { end, sent } = await serverAnswer({}, open, openingFrame(opening));
    expect([end, sent]).toEqual(["invalid_frame", ["88 1002 an opening is invalid"]]);
  });

  test("refuses an opening that is not UTF-8", async () => {
    const { end, sent } = await serverAnswer({}, open, frame(0x8b, new Uint8Array([0x22, 0xff, 0x22])));
    expect([end, sent]).toEqual(["invalid_frame", ["88 1007 a text is not UTF-8"]]);
  });

  test.each([
    ["a message", frame(0x81, "early")],
    // Its payload is not awaited: a client that may not open could make us hold 16 MiB.
    ["the header of a long message", frame(0x82, new Uint8Array(100_000)).subarray(0, 10)],
    ["a ping", frame(0x89)],
    ["a Close", closeFrame(1000)],
  ])("refuses a client that begins with %s", async (_name, first) => {
    const { end, sent } = await serverAnswer({}, open, first, openingFrame());
    expect([end, sent]).toEqual(["invalid_frame", ["88 1002 the first frame is not an opening"]]);
  });

  test("ends a channel whose opening does not arrive in time", async () => {
    const { client: raw, server } = await channels();
    const accepting = acceptMessages(server, { openingTimeout: 20 });
    void raw.write(openingFrame().subarray(0, 10));
    await expect(accepting).rejects.toMatchObject({ code: "handshake_timeout" });
    await expect(server.closed).rejects.toMatchObject({ code: "aborted" });
  });

  test("without our ALPN protocol is a fault of its configuration", async () => {
    const { server } = await channels([]);
    await expect(acceptMessages(server)).rejects.toMatchObject({ code: "configuration" });
  });
});
