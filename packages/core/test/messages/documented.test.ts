/** Runs the example of docs/message-framing.md: a raw client sends its bytes, and our server must send the others. */
import { readFileSync } from "node:fs";
import { acceptMessages } from "@handclasp/core/messages";
import { expect, test } from "vitest";
import { channels } from "./pair.ts";
import { hex, toHex } from "./raw.ts";

const text = readFileSync(new URL("../../../../docs/message-framing.md", import.meta.url), "utf8");
const lines = [...text.matchAll(/^(client|server) {2}([0-9a-f]+) {2}/gm)].map(([, by, bytes = ""]) => ({ by, bytes }));

test("the example of docs/message-framing.md is what our server does", async () => {
  expect(lines.map(({ by }) => by)).toEqual(expect.arrayContaining(["client", "server"]));
  const { client: raw, server } = await channels();
  const echoing = acceptMessages(server, { protocols: ["chat"] }).then(async ({ messages }) => {
    for await (const message of messages) await messages.send(message);
    return messages.closed;
  });
  let received = "";
  for (const [i, { by, bytes }] of lines.entries()) {
    if (by === "client") await raw.write(hex(bytes));
    else {
      while (received.length < bytes.length) received += toHex((await raw.read()) ?? new Uint8Array(0));
      expect(received.slice(0, bytes.length), `line ${i + 1}`).toBe(bytes);
      received = received.slice(bytes.length);
    }
  }
  expect([await raw.read(), received]).toEqual([undefined, ""]);
  expect(await echoing).toEqual({ code: 4000, reason: "bye", droppedBytes: 0 });
});
