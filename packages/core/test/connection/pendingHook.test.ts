/** A hook that has not answered yet: what the peer says meanwhile is bounded, and a carrier's error is told at once. */
import { accept, connect, type Transport, type TransportEvents } from "@handclasp/core";
import { type MemoryPair, memoryPair } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { ca, codeOf, credential, outcome, pass, type Role, roles, virtualTime } from "./endings.ts";

virtualTime();

const kib64 = 2 ** 16;

/** A handshake in which a hook of `role`'s has been asked, and never answers. */
async function pending(role: Role, canPause: boolean) {
  const never = new Promise<never>(() => {});
  const pair: MemoryPair = memoryPair();
  const inner = role === "client" ? pair.a : pair.b;
  let events: TransportEvents | undefined;
  let pauses = 0;
  let asked = false;
  const hook = (): Promise<never> => {
    asked = true;
    return never;
  };
  const own: Transport = {
    start: (given) => {
      events = given;
      inner.start(given);
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
  const [a, b] = role === "client" ? [own, pair.b] : [pair.a, own];
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
  for (let i = 0; i < 50 && !asked; i++) await pass(1);
  expect(asked).toBe(true);
  const arrive = (count: number, length: number): void => {
    for (let i = 0; i < count; i++) events?.data(new Uint8Array(length).fill(23));
  };
  return { pair, opened: role === "client" ? client : server, arrive, pauses: () => pauses };
}

describe.each(roles)("while a %s's hook has not answered", (role) => {
  test("the carrier is paused, once, as soon as more than 128 KiB wait", async () => {
    const { arrive, pauses } = await pending(role, true);
    arrive(1, kib64);
    expect(pauses()).toBe(0);
    arrive(1, kib64 + 1);
    expect(pauses()).toBe(1);
    arrive(10, kib64);
    expect(pauses()).toBe(1);
  });

  test("a carrier that cannot pause ends the connection once 16 MiB wait", async () => {
    const { arrive, opened } = await pending(role, false);
    arrive(250, kib64);
    expect(await outcome(opened, 0)).toBe("pending");
    arrive(10, kib64);
    expect(await outcome(opened, 0)).toBe("`inbound_overflow`");
  });

  test("a carrier's error ends the connection at once", async () => {
    const { pair, opened } = await pending(role, true);
    let code = "pending";
    opened.catch((error: unknown) => (code = codeOf(error)));
    pair.fail(new Error("the cable was cut"));
    await pass(1);
    expect(code).toBe("`transport_failed`");
  });
});
