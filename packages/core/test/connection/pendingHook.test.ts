/**
 * While a hook has not answered, the buffered data of the peer is bounded, and an error of the transport is reported at
 * once.
 */
import { accept, connect, type Transport, type TransportEvents } from "@handclasp/core";
import { type MemoryPair, memoryPair } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { ca, codeOf, credential, outcome, passTime, type Role, roles, useVirtualClock } from "./endings.ts";

useVirtualClock();

const kib64 = 2 ** 16;

/** A handshake in which a hook of `role` was called and never answers. */
async function openWithPendingHook(role: Role, canPause: boolean) {
  const never = new Promise<never>(() => {});
  const pair: MemoryPair = memoryPair();
  const inner = role === "client" ? pair.a : pair.b;
  let events: TransportEvents | undefined;
  let pauses = 0;
  let isHookCalled = false;
  const hook = (): Promise<never> => {
    isHookCalled = true;
    return never;
  };
  const transport: Transport = {
    start: (transportEvents) => {
      events = transportEvents;
      inner.start(transportEvents);
    },
    send: (bytes) => inner.send(bytes),
    pause: () => {
      pauses++;
      return canPause && inner.pause();
    },
    resume: () => inner.resume(),
    end: () => inner.end(),
    abort: (reason) => inner.abort(reason),
  };
  const [a, b] = role === "client" ? [transport, pair.b] : [pair.a, transport];
  const client = connect(a, {
    provider: nodeCrypto,
    ca: ca.pem,
    serverName: "localhost",
    ...(role === "client" && { verify: hook }),
  });
  const server = accept(b, {
    provider: nodeCrypto,
    credentials: [role === "server" ? { ...credential, sign: hook } : credential],
  });
  for (const end of [client, server]) end.catch(() => {});
  for (let i = 0; i < 50 && !isHookCalled; i++) await passTime(1);
  expect(isHookCalled).toBe(true);
  const receive = (count: number, length: number): void => {
    for (let i = 0; i < count; i++) events?.data(new Uint8Array(length).fill(23));
  };
  return { pair, opened: role === "client" ? client : server, receive, pauses: () => pauses };
}

describe.each(roles)("while a %s's hook has not answered", (role) => {
  test("the transport is paused once, as soon as more than 128 KiB wait", async () => {
    const { receive, pauses } = await openWithPendingHook(role, true);
    receive(1, kib64);
    expect(pauses()).toBe(0);
    receive(1, kib64 + 1);
    expect(pauses()).toBe(1);
    receive(10, kib64);
    expect(pauses()).toBe(1);
  });

  test("a transport that cannot pause ends the connection once more than 16 MiB wait", async () => {
    const { receive, opened } = await openWithPendingHook(role, false);
    receive(250, kib64);
    expect(await outcome(opened, 0)).toBe("pending");
    receive(10, kib64);
    expect(await outcome(opened, 0)).toBe("`inbound_overflow`");
  });

  test("a transport's error ends the connection at once", async () => {
    const { pair, opened } = await openWithPendingHook(role, true);
    let code = "pending";
    opened.catch((error: unknown) => (code = codeOf(error)));
    pair.fail(new Error("the cable was cut"));
    await passTime(1);
    expect(code).toBe("`transport_failed`");
  });
});
