import { TlsError } from "@handclasp/core";
import { connect } from "@handclasp/node";
import { describe, expect, test } from "vitest";
import { type HandclaspMatchers, matchers } from "../src/playwright/matchers.ts";
import { type TestServer, testServer } from "../src/server/testServer.ts";

/** Calls a matcher as Playwright's `expect` does, with a timeout that only a wrong receiver reaches. */
async function match(
  name: keyof HandclaspMatchers,
  receiver: unknown,
  expected?: unknown,
  { isNot = false, timeout = 60_000 } = {},
): Promise<{ readonly pass: boolean; readonly message: string }> {
  const state = { isNot, timeout, utils: { matcherHint: () => "hint" } } as unknown as ThisType<never>;
  const matcher = matchers[name] as (...args: unknown[]) => Promise<{ pass: boolean; message: () => string }>;
  const { pass, message } = await matcher.call(state, receiver, expected);
  return { pass, message: message() };
}
const now = { timeout: 0 };

async function connected(server: TestServer) {
  return await connect(server.url, { ca: server.ca.pem });
}

describe("toHaveNegotiated", () => {
  test("compares values and patterns, of a channel and of a server's newest channel", async () => {
    await using server = await testServer();
    expect(await match("toHaveNegotiated", server, {}, now)).toEqual({
      pass: false,
      message: "hint\n\nthe server has no channel",
    });
    const channel = await connected(server);
    for (const receiver of [channel, server])
      expect(await match("toHaveNegotiated", receiver, { resumed: false, suite: /AES_128_GCM/ })).toMatchObject({
        pass: true,
      });
    expect(await match("toHaveNegotiated", channel, { resumed: true, suite: /GCM/ }, now)).toEqual({
      pass: false,
      message: "hint\n\nresumed: false (expected true)",
    });
    expect(await match("toHaveNegotiated", channel, { suite: /CBC/ }, { isNot: true })).toMatchObject({ pass: false });
    await expect(match("toHaveNegotiated", channel, { cipher: "x" })).rejects.toThrow("cipher is not in the session");
  });
});

describe("toHaveReceivedAlert", () => {
  test("finds the peer's alert in a server's errors, in an error and in the end of a channel", async () => {
    await using server = await testServer();
    const channel = await connected(server);
    channel.abort(undefined, "internal_error");
    expect(await match("toHaveReceivedAlert", server, "internal_error")).toMatchObject({ pass: true });
    expect(await match("toHaveReceivedAlert", server.channels[0], "internal_error")).toMatchObject({ pass: true });
    expect(await match("toHaveReceivedAlert", server, "unknown_ca", now)).toEqual({
      pass: false,
      message: expect.stringMatching(/errors: internal_error, alert internal_error by peer: /),
    });
    const received = new TlsError("unknown_ca", "refused", { by: "peer" });
    expect(await match("toHaveReceivedAlert", received, "unknown_ca")).toMatchObject({ pass: true });
    expect(await match("toHaveReceivedAlert", new TlsError("unknown_ca", "sent"), "unknown_ca", now)).toMatchObject({
      pass: false,
    });
    await expect(match("toHaveReceivedAlert", server, "unknwon_ca")).rejects.toThrow("not the name of an alert");
  });
});

describe("toHaveClosedCleanly", () => {
  test("waits for the end of a channel, and of each channel of a server", async () => {
    await using server = await testServer();
    const [first, second] = [await connected(server), await connected(server)];
    expect(await match("toHaveClosedCleanly", first, undefined, now)).toEqual({
      pass: false,
      message: "hint\n\n1 of 1 channels are open",
    });
    void first.close();
    expect(await match("toHaveClosedCleanly", first)).toMatchObject({ pass: true });
    void second.close();
    expect(await match("toHaveClosedCleanly", server)).toMatchObject({ pass: true });
    const third = await connected(server);
    third.abort();
    expect(await match("toHaveClosedCleanly", server, undefined, { isNot: true })).toMatchObject({ pass: false });
    await server.channels[2]?.closed.catch(() => {});
    expect(await match("toHaveClosedCleanly", server, undefined, now)).toMatchObject({ pass: false });
  });
});
