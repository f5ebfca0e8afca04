/** The engine alone, over a pipe of bytes: two arrays, and whoever moves what is in them. */
import { clientEngine, type Engine, type EngineEvent, serverEngine } from "@handclasp/core/unstable/engine";
import { testCa } from "@handclasp/testing";
import { expect, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";

const ca = await testCa();
const credentials = nodeCredential(await ca.issue({ names: ["device.example"] }));

/** One end: an engine, what it has received and told. */
function end(make: (driver: Parameters<typeof clientEngine>[1]) => Engine) {
  const received: number[] = [];
  const told: EngineEvent["type"][] = [];
  const engine = make({
    inbound: { push: (bytes) => void received.push(...bytes), admit: () => true, backlog: () => {} },
    wake: () => {},
  });
  return { engine, received, told };
}

/** Moves bytes until neither has any more. With a provider that answers at once, nothing has to be waited for. */
function pump(a: ReturnType<typeof end>, b: ReturnType<typeof end>): void {
  for (let moved = true; moved; ) {
    moved = false;
    for (const [from, to] of [[a, b] as const, [b, a] as const]) {
      const { output, events } = from.engine.take();
      from.told.push(...events.map(({ type }) => type));
      for (const bytes of output) to.engine.receive(bytes);
      moved ||= output.length > 0;
    }
  }
}

test("shakes hands, carries data and ends, without a timer or a transport", async () => {
  const client = end((driver) =>
    clientEngine({ provider: nodeCrypto, ca: ca.pem, serverName: "device.example" }, driver),
  );
  const server = end((driver) => serverEngine({ provider: nodeCrypto, credentials }, driver));
  client.engine.start();
  server.engine.start();
  // node:crypto makes key shares and signatures later: the engines are asked until they are done.
  while (client.engine.phase === "handshake" || server.engine.phase === "handshake") {
    pump(client, server);
    await new Promise((resolve) => setImmediate(resolve));
  }
  client.engine.write(Uint8Array.of(1, 2, 3));
  pump(client, server);
  server.engine.write(Uint8Array.of(4));
  client.engine.close();
  server.engine.close();
  pump(client, server);
  expect([server.received, client.received]).toEqual([[1, 2, 3], [4]]);
  expect([client.told, server.told]).toEqual([
    ["established", "end", "closed"],
    ["established", "end", "closed"],
  ]);
});
