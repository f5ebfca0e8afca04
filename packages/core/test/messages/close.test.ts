/** The closing handshake: which codes and reasons a Close may have, and what each side sends and sees. */
import { describe, expect, test } from "vitest";
import { cutReason } from "../../src/messages/close.ts";
import { messagePair } from "./pair.ts";
import { closeFrame, frame, framesIn, hex, join, rawClient, readAll } from "./raw.ts";

describe("our Close", () => {
  test.each([
    [[], "88"],
    [[1000], "88 1000"],
    [[1000, ""], "88 1000"],
    [[undefined, "only a reason"], "88 1000 only a reason"],
    [[1014, "€"], "88 1014 €"],
    [[3000], "88 3000"],
    [[4999, "r".repeat(123)], `88 4999 ${"r".repeat(123)}`],
  ] as const)("of %j is on the wire", async ([code, reason], expected) => {
    const { messages, raw } = await rawClient();
    const sent = readAll(raw);
    const closed = messages.close(code, reason);
    void raw.write(closeFrame(3333, "theirs"));
    expect(await closed).toEqual({ code: 3333, reason: "theirs", droppedBytes: 0 });
    expect(framesIn(await sent)).toEqual([expected]);
  });

  test.each([
    [0, ""],
    [999, ""],
    [1004, ""],
    [1005, "a reason"],
    [1006, ""],
    [1015, ""],
    [2999, ""],
    [5000, ""],
    [1000.5, ""],
    [Number.NaN, ""],
    [1000, "r".repeat(124)],
    [1000, "€".repeat(42)],
  ])("of %d %s is a usage error, and the connection stays open", async (code, reason) => {
    const { client, server } = await messagePair();
    await expect(client.close(code, reason)).rejects.toMatchObject({ code: "usage" });
    void client.send("open");
    expect(await server.read()).toBe("open");
  });

  test("follows all messages, and nothing follows it", async () => {
    const { messages, raw } = await rawClient();
    const sent = readAll(raw);
    void messages.send("message");
    void messages.close(1000);
    await expect(messages.send("late")).rejects.toMatchObject({ code: "closed_locally" });
    await expect(messages.ping()).rejects.toMatchObject({ code: "closed_locally" });
    await raw.write(join(frame(0x89, "ping"), frame(0x81, "late"), closeFrame(1000)));
    await messages.closed;
    expect(framesIn(await sent)).toEqual(["81 message", "88 1000"]);
  });

  test("counts once: the first call decides", async () => {
    const { client, server } = await messagePair();
    void client.close(4001);
    void client.close(4002);
    expect(await server.read()).toBeUndefined();
    expect(await server.closed).toMatchObject({ code: 4001 });
  });
});

describe("the peer's Close", () => {
  test.each([
    ["8800", { code: 1005, reason: "" }, "88"],
    ["8802 03e8", { code: 1000, reason: "" }, "88 1000"],
    ["8806 0bb8 e282ac 21", undefined, "88 3000"],
    ["8806 0fa0 f09d849e", { code: 4000, reason: "𝄞" }, "88 4000"],
  ])("%s is answered by its code", async (bytes, expected, answer) => {
    const { messages, raw } = await rawClient();
    const sent = readAll(raw);
    // A Close ends what the peer sends: the frame behind it is not read, and would be a fault.
    void raw.write(join(hex(bytes), frame(0x83)));
    expect(await messages.read()).toBeUndefined();
    expect(await messages.closed).toEqual({ ...(expected ?? { code: 3000, reason: "€!" }), droppedBytes: 0 });
    expect(framesIn(await sent)).toEqual([answer]);
  });

  test("may be between the fragments of a message, which is then dropped", async () => {
    const { messages, raw } = await rawClient();
    void readAll(raw);
    void raw.write(join(frame(0x01, "half a message"), closeFrame(1001)));
    expect(await messages.read()).toBeUndefined();
    expect(await messages.closed).toMatchObject({ code: 1001 });
  });

  test("leaves the messages before it readable, also after `close`", async () => {
    const { messages, raw } = await rawClient();
    void readAll(raw);
    void raw.write(join(frame(0x81, "one"), frame(0x81, "two"), closeFrame(1000)));
    expect(await messages.read()).toBe("one");
    await messages.closed;
    await messages.close();
    expect(await messages.read()).toBe("two");
    expect(await messages.read()).toBeUndefined();
    expect(await messages.read()).toBeUndefined();
  });
});

test("the reason of a fault is cut at a character", () => {
  expect(cutReason("short")).toBe("short");
  expect(cutReason("€".repeat(50))).toBe("€".repeat(41));
  expect(cutReason(`a${"𝄞".repeat(50)}`)).toBe(`a${"𝄞".repeat(30)}`);
});
