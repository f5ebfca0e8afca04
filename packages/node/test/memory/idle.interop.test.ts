/** The memory that a server needs for an idle connection, and the memory that remains after a connection is closed. */
import { testCa } from "@handclasp/testing";
import { beforeAll, expect, test } from "vitest";
import { type Side, withSides } from "./side.ts";

let ca: string;
let identity: { cert: string; key: string };
beforeAll(async () => {
  const authority = await testCa({ algorithm: "ecdsa-p256" });
  ca = authority.pem;
  identity = await authority.issue({ algorithm: "ecdsa-p256" });
});

/**
 * The number of connections before the measurement. Sets and maps grow at powers of two, so none grows between this
 * number and 1,000, which is what a server admits from one address.
 */
const warmUp = 520;
/** V8's flags. Compiled code is memory too, and V8 compiles at its own times. */
const withoutCompilers = ["--no-opt", "--no-sparkplug", "--no-flush-bytecode"];
/** Each part measures the memory of so many connections more. The median leaves out a part in which more grew. */
const [parts, count] = [5, 96];

async function perConnection(server: Side, connect: (count: number) => Promise<unknown>): Promise<number> {
  await connect(warmUp);
  const measured: number[] = [];
  for (let before = await server.ask("memory"), part = 0; part < parts; part++) {
    await connect(count);
    const after = await server.ask("memory");
    measured.push((after - before) / count);
    before = after;
  }
  expect(await server.ask("open")).toBe(warmUp + parts * count);
  return measured.sort((a, b) => a - b)[parts >> 1] as number;
}

const handclasp = () =>
  withSides(async (server, client) => {
    const port = await server.ask("serve", { identity, scheme: "ws", reads: true });
    return perConnection(server, (count) => client.ask("connect", { ca, scheme: "ws", port, count }));
  }, withoutCompilers);
const raw = () =>
  withSides(async (server, client) => {
    const port = await server.ask("serveRaw");
    return perConnection(server, (count) => client.ask("connectRaw", { port, count }));
  }, withoutCompilers);

test("an idle connection needs at most 8.5 KiB more on a server than a plain WebSocket", async () => {
  const more = (await handclasp()) - (await raw());
  // Measured on Node 20: 8,380 ± 60 bytes, of which about 500 are for the pings with their timer. An object that
  // stays in memory by mistake, such as an upgrade request, exceeds the limit.
  expect(more).toBeLessThan(8704);
  expect(more).toBeGreaterThan(2048); // a smaller value means that the measurement is wrong
});

test("a closed connection leaves less than 1 KiB in use on each side", async () => {
  const left = await withSides(async (server, client) => {
    // The server stores no sessions, because the session cache has a limit of its own.
    const port = await server.ask("serve", { identity, scheme: "ws", reads: true, sessionStore: false });
    const openAndClose = async (count: number) => {
      await client.ask("connect", { ca, scheme: "ws", port, count });
      await client.ask("close");
      await expect.poll(() => server.ask("open")).toBe(0);
    };
    await openAndClose(500);
    const [before, ours] = [await server.ask("memory"), await client.ask("memory")];
    await openAndClose(500);
    return [(await server.ask("memory")) - before, (await client.ask("memory")) - ours].map((bytes) => bytes / 500);
  });
  // A connection that stays in memory would need eight times as much. V8 keeps about 100 bytes of data about code for
  // each connection.
  expect(Math.max(...left)).toBeLessThan(1024);
});
