/** Nothing follows our close_notify (RFC 5246 §7.2.1), whatever the peer says that we would answer by a warning. */
import type { TraceEvent } from "@handclasp/core";
import { expect, test, vi } from "vitest";
import type { RecordWriter } from "../../src/record/writer.ts";
import { open, pass, virtualTime } from "../connection/endings.ts";
import { message } from "../handshake/mitm.ts";

/** The writers of all connections, in the order of their making: what no connection would say is put there. */
const writers = vi.hoisted(() => [] as RecordWriter[]);
vi.mock("../../src/record/writer.ts", async (original) => ({
  RecordWriter: class extends (await original<typeof import("../../src/record/writer.ts")>()).RecordWriter {
    constructor(...options: ConstructorParameters<typeof RecordWriter>) {
      super(...options);
      writers.push(this);
    }
  },
}));

virtualTime();

const handshake = 22;

test.each([
  ["a server's HelloRequest", "client", message(0)],
  ["a client's ClientHello", "server", message(1, new Uint8Array(40))],
] as const)("%s is refused without a word then", async (_, role, hello) => {
  writers.length = 0;
  const sent: string[] = [];
  const { own, peer } = await open(role, {
    trace: (event: TraceEvent) => {
      if (event.type === "alert" && event.direction === "sent") sent.push(`${event.level} ${event.description}`);
    },
  });
  await own.closeWrite();
  await pass(0);
  // The client is made first.
  writers[role === "client" ? 1 : 0]?.send(handshake, hello);
  await peer.write(Uint8Array.of(7));
  await pass(0);
  expect(await own.read()).toEqual(Uint8Array.of(7));
  await pass(0);
  expect(sent).toEqual(["warning close_notify"]);
});
