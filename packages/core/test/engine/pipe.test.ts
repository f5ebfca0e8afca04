/** Tests the engine without a connection: the test moves the bytes between two engines. */
import { clientEngine, type Engine, type EngineEvent, serverEngine } from "@handclasp/core/unstable/engine";
import { testCa } from "@handclasp/testing";
import { expect, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";

const ca = await testCa();
const credentials = nodeCredential(await ca.issue({ names: ["device.example"] }));

/** One side: an engine, the data that it received, and its events. */
function makeEnd(make: (driver: Parameters<typeof clientEngine>[1]) => Engine) {
  const received: number[] = [];
  const eventTypes: EngineEvent["type"][] = [];
  const engine = make({
    inbound: { push: (bytes) => void received.push(...bytes), admit: () => true, setBacklog: () => {} },
    scheduleTake: () => {},
  });
  return { engine, received, eventTypes };
}

/** Moves bytes until no engine has more. Records are sealed and opened synchronously, so nothing is awaited. */
function moveBytes(a: ReturnType<typeof makeEnd>, b: ReturnType<typeof makeEnd>): void {
  for (let hasMoved = true; hasMoved; ) {
    hasMoved = false;
    for (const [from, to] of [[a, b] as const, [b, a] as const]) {
      const { output, events } = from.engine.take();
      from.eventTypes.push(...events.map(({ type }) => type));
      for (const bytes of output) to.engine.receive(bytes);
      hasMoved ||= output.length > 0;
    }
  }
}

test("two engines complete a handshake, exchange data and close, without a timer or a transport", async () => {
  const client = makeEnd((driver) =>
    clientEngine({ provider: nodeCrypto, ca: ca.pem, serverName: "device.example" }, driver),
  );
  const server = makeEnd((driver) => serverEngine({ provider: nodeCrypto, credentials }, driver));
  client.engine.start();
  server.engine.start();
  // node:crypto makes key shares and signatures asynchronously, so the engines are polled until the handshake is done.
  while (client.engine.phase === "handshake" || server.engine.phase === "handshake") {
    moveBytes(client, server);
    await new Promise((resolve) => setImmediate(resolve));
  }
  client.engine.write(Uint8Array.of(1, 2, 3));
  moveBytes(client, server);
  server.engine.write(Uint8Array.of(4));
  client.engine.close();
  server.engine.close();
  moveBytes(client, server);
  expect([server.received, client.received]).toEqual([[1, 2, 3], [4]]);
  expect([client.eventTypes, server.eventTypes]).toEqual([
    ["established", "close_notify", "closed"],
    ["established", "close_notify", "closed"],
  ]);
});
