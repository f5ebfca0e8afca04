/**
 * A fast writer and a reader that does not read yet: both need little memory, and no byte is lost when the reader
 * starts to read.
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

/** Several connections, whose memory together is large compared with the rest of the process. */
const count = 8;
const maxMemory = 4 * 2 ** 20;
/** More bytes than the kernel's buffers and ours hold together: only a writer that never waits writes so many. */
const most = 24 * 2 ** 20;

describe.each(["ws", "tcp"])("over %s", (scheme) => {
  test.each([
    ["a client", "write", 1000],
    ["a server", "write", 1_000_000],
    ["a client", "pipe", 65_536],
    ["a server", "pipe", 65_536],
  ])("%s that uses %s with %i bytes at a time has to wait, and loses no byte", async (writerRole, method, size) => {
    await withSides(async (server, client) => {
      const port = await server.ask("serve", { identity, scheme });
      await client.ask("connect", { ca, scheme, port, count });
      const [writer, reader] = writerRole === "a client" ? [client, server] : [server, client];
      const idle = await Promise.all([writer.ask("memory"), reader.ask("memory")]);

      await writer.ask("write", { method, size, most });
      const written = await writer.ask("stalled");
      expect(written).toBeGreaterThan(0);
      expect(written).toBeLessThan(most * count);
      const full = await Promise.all([writer.ask("memory"), reader.ask("memory")]);
      const growth = full.map((bytes, i) => (bytes - (idle[i] as number)) / count);
      expect(Math.max(...growth)).toBeLessThan(maxMemory);

      const [sent, read] = await Promise.all([writer.ask("written"), reader.ask("read")]);
      expect(read).toHaveLength(count);
      expect([...read].sort()).toEqual([...sent].sort());
    });
  });
});
