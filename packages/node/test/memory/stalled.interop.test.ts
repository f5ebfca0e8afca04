/**
 * A fast writer against a reader that does not read: what both hold, and that nothing is lost once the reader reads.
 */
import { testCa } from "@handclasp/testing";
import { beforeAll, describe, expect, test } from "vitest";
import { withSides } from "./side.ts";

let ca: string;
let identity: { cert: string; key: string };
beforeAll(async () => {
  const authority = await testCa({ algorithm: "ecdsa-p256" });
  ca = authority.pem;
  identity = await authority.issue({ algorithm: "ecdsa-p256" });
});

/** Together they stand out from what else a process holds. */
const count = 8;
const most = 4 * 2 ** 20;
/** More than the kernel's buffers and ours have room for together. */
const total = 24 * 2 ** 20;

describe.each(["ws", "tcp"])("over %s", (carrier) => {
  test.each([
    ["a client", "write", 1000],
    ["a server", "write", 1_000_000],
    ["a client", "pipe", 65_536],
    ["a server", "pipe", 65_536],
  ])("%s that goes by %s, %i bytes at a time, is stopped and loses nothing", async (who, how, size) => {
    const all = Math.floor(total / size) * size;
    await withSides(async (server, client) => {
      const port = await server.ask("serve", { identity, carrier });
      await client.ask("connect", { ca, carrier, port, count });
      const [writer, reader] = who === "a client" ? [client, server] : [server, client];
      const idle = await Promise.all([writer.ask("memory"), reader.ask("memory")]);

      await writer.ask("write", { how, size, total: all });
      expect(await writer.ask("stalled")).toBeLessThan(all * count);
      const full = await Promise.all([writer.ask("memory"), reader.ask("memory")]);
      const held = full.map((bytes, i) => (bytes - (idle[i] as number)) / count);
      expect(Math.max(...held)).toBeLessThan(most);

      const [sent, read] = await Promise.all([writer.ask("written"), reader.ask("read", { total: all })]);
      expect(read).toHaveLength(count);
      expect([...read].sort()).toEqual([...sent].sort());
    });
  });
});
