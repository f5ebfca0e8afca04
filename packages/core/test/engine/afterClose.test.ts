/**
 * Our side sends nothing after its close_notify (RFC 5246 §7.2.1), even if the peer sends a message that we would
 * otherwise answer with a warning.
 */
import type { TraceEvent } from "@handclasp/core";
import { expect, test, vi } from "vitest";
import type { RecordWriter } from "../../src/record/writer.ts";
import { open, passTime, useVirtualClock } from "../connection/endings.ts";
import { message } from "../handshake/mitm.ts";

/**
 * The writers of all connections, in the order of their creation. With them, the test sends messages that a
 * connection would not send.
 */
const writers = vi.hoisted(() => [] as RecordWriter[]);
vi.mock("../../src/record/writer.ts", async (original) => ({
  RecordWriter: class extends (await original<typeof import("../../src/record/writer.ts")>()).RecordWriter {
    constructor(...options: ConstructorParameters<typeof RecordWriter>) {
      super(...options);
      writers.push(this);
    }
  },
}));

useVirtualClock();

const handshake = 22;

test.each([
  ["a server's HelloRequest", "client", message(0)],
  ["a client's ClientHello", "server", message(1, new Uint8Array(40))],
] as const)("%s gets no warning after our close_notify", async (_, role, hello) => {
  writers.length = 0;
  const sent: string[] = [];
  const { local, peer } = await open(role, {
    trace: (event: TraceEvent) => {
      if (event.type === "alert" && event.direction === "sent") sent.push(`${event.level} ${event.description}`);
    },
  });
  await local.closeWrite();
  await passTime(0);
  // The client's writer is created first.
  writers[role === "client" ? 1 : 0]?.send(handshake, hello);
  await peer.write(Uint8Array.of(7));
  await passTime(0);
  expect(await local.read()).toEqual(Uint8Array.of(7));
  await passTime(0);
  expect(sent).toEqual(["warning close_notify"]);
});
