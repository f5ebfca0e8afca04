/** A key that has protected all it may while data waits for more of it: that data cannot be sealed, and somebody must hear of it. */
import { accept, connect, type TlsConnection } from "@handclasp/core";
import { memoryPair, testCa } from "@handclasp/testing";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";

vi.mock("../../src/limits.ts", async (original) => ({ ...(await original<object>()), maxRecords: 20 }));

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["localhost"] }));
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
const exhausted = { code: "key_exhausted", fault: "application" };

let client: TlsConnection;
let server: TlsConnection;
beforeEach(async () => {
  const { a, b } = memoryPair();
  [client, server] = await Promise.all([
    connect(a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost" }),
    accept(b, { provider: nodeCrypto, credentials: [credential] }),
  ]);
  // Finished was the first record, and the last eight are for alerts.
  for (let i = 1; i < 12; i++) {
    await client.write(Uint8Array.of(i));
    await turn();
  }
});

/** How reading ends. */
async function outcome(channel: TlsConnection): Promise<unknown> {
  try {
    while (await channel.read());
    return "an end in order";
  } catch (error) {
    return error;
  }
}

describe("data that no record is left for", () => {
  test("ends the connection, and the peer is told", async () => {
    const end = outcome(server);
    await client.write(Uint8Array.of(12));
    await expect(client.closed).rejects.toMatchObject(exhausted);
    expect(await end).toMatchObject({ alert: "internal_error", by: "peer" });
  });

  test("is not lost without a word when the writing side closes behind it", async () => {
    const end = outcome(server);
    await client.write(Uint8Array.of(12));
    await expect(client.closeWrite()).rejects.toMatchObject(exhausted);
    await expect(client.closed).rejects.toMatchObject(exhausted);
    expect(await end).toMatchObject({ alert: "internal_error", by: "peer" });
  });

  test("is not lost without a word behind the peer's end", async () => {
    const end = outcome(server);
    await server.closeWrite();
    expect(await client.read()).toBeUndefined();
    await client.write(Uint8Array.of(12));
    await expect(client.closeWrite()).rejects.toMatchObject(exhausted);
    await expect(client.closed).rejects.toMatchObject(exhausted);
    expect(await end).toMatchObject({ alert: "internal_error", by: "peer" });
  });

  test("does not keep the alert of an abort from the peer", async () => {
    const end = outcome(server);
    await client.write(Uint8Array.of(12));
    client.abort(undefined, "access_denied");
    expect(await end).toMatchObject({ alert: "access_denied", by: "peer" });
  });
});
