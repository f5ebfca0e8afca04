import { accept, connect, type TlsError } from "@handclasp/core";
import { nodeCredential, nodeCrypto } from "@handclasp/node";
import { memoryPair, testCa } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import type { InspectorEvent } from "../src/event.ts";
import { type Recording, recordingFromJson, recordingToJson } from "../src/recording.ts";

const ca = await testCa();

async function record(trusted: string): Promise<{ recording: Recording }> {
  const events: InspectorEvent[] = [];
  const pair = memoryPair();
  const credential = nodeCredential(await ca.issue({ names: ["localhost"] }));
  const server = accept(pair.b, { credentials: credential, provider: nodeCrypto });
  server.catch(() => {});
  const trace = { listener: (event: InspectorEvent) => void events.push(event), secrets: true };
  const connected = connect(pair.a, { ca: trusted, serverName: "localhost", provider: nodeCrypto, trace });
  const client = await connected.catch(() => undefined);
  if (client) await Promise.all([client.close(), server.then((peer) => peer.close())]);
  return { recording: { role: "client", events } };
}

describe("a recording as JSON", () => {
  test("is read as it was written", async () => {
    const { recording } = await record(ca.pem);
    expect(recording.events.length).toBeGreaterThan(20);
    expect(recordingFromJson(recordingToJson(recording))).toEqual(recording);
  });

  test("keeps the code and the reason of an error", async () => {
    const { recording } = await record((await testCa()).pem);
    const last = recordingFromJson(recordingToJson(recording)).events.find((event) => event.type === "closed");
    const error = last?.type === "closed" ? (last.error as TlsError & { reason: string }) : undefined;
    expect(error).toMatchObject({ code: "unknown_issuer", by: "us", position: 0 });
    expect(error?.reason).toBeTypeOf("string");
  });

  const valid = { format: "handclasp-trace/1", role: "client", events: [] };
  test.each([
    ["no JSON", "{"],
    ["another format", JSON.stringify({ ...valid, format: "har" })],
    ["another role", JSON.stringify({ ...valid, role: "proxy" })],
    ["an unknown event", JSON.stringify({ ...valid, events: [{ type: "magic" }] })],
    ["an event of the prototype", JSON.stringify({ ...valid, events: [{ type: "toString" }] })],
    ["an event without its bytes", JSON.stringify({ ...valid, events: [{ type: "secret", name: "master_secret" }] })],
    ["bytes that are not hexadecimal", JSON.stringify({ ...valid, events: [{ type: "cut", x: { hex: "0g" } }] })],
    ["too many events", JSON.stringify({ ...valid, events: Array.from({ length: 2001 }, () => ({ type: "cut" })) })],
  ])("is refused if it is %s", (_, text) => {
    expect(() => recordingFromJson(text)).toThrow(TypeError);
  });
});
