/** If a key reaches its limit while data waits, that data cannot be sealed. Both sides see an error. */
import { accept, connect, type TlsConnection } from "@handclasp/core";
import { memoryPair, testCa } from "@handclasp/testing";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";

vi.mock("../../src/limits.ts", async (original) => ({ ...(await original<object>()), maxRecordsSent: 20 }));

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["localhost"] }));
const nextTurn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
const keyExhausted = { code: "key_exhausted", fault: "application" };

let client: TlsConnection;
let server: TlsConnection;
beforeEach(async () => {
  const { a, b } = memoryPair();
  [client, server] = await Promise.all([
    connect(a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost" }),
    accept(b, { provider: nodeCrypto, credentials: [credential] }),
  ]);
  // Finished was the first of the 20 records, and the last eight are reserved for alerts.
  for (let i = 1; i < 12; i++) {
    await client.write(Uint8Array.of(i));
    await nextTurn();
  }
});

/** Reads until the end. Returns the error, or "a clean end". */
async function readToEnd(channel: TlsConnection): Promise<unknown> {
  try {
    while (await channel.read());
    return "a clean end";
  } catch (error) {
    return error;
  }
}

describe("data that exceeds the limit of its key", () => {
  test("ends the connection, and the peer gets an alert", async () => {
    const readEnd = readToEnd(server);
    await client.write(Uint8Array.of(12));
    await expect(client.closed).rejects.toMatchObject(keyExhausted);
    expect(await readEnd).toMatchObject({ alert: "internal_error", by: "peer" });
  });

  test("is not lost silently when its writer closes after the write", async () => {
    const readEnd = readToEnd(server);
    await client.write(Uint8Array.of(12));
    await expect(client.closeWrite()).rejects.toMatchObject(keyExhausted);
    await expect(client.closed).rejects.toMatchObject(keyExhausted);
    expect(await readEnd).toMatchObject({ alert: "internal_error", by: "peer" });
  });

  test("is not lost silently after the peer's close_notify", async () => {
    const readEnd = readToEnd(server);
    await server.closeWrite();
    expect(await client.read()).toBeUndefined();
    await client.write(Uint8Array.of(12));
    await expect(client.closeWrite()).rejects.toMatchObject(keyExhausted);
    await expect(client.closed).rejects.toMatchObject(keyExhausted);
    expect(await readEnd).toMatchObject({ alert: "internal_error", by: "peer" });
  });

  test("does not suppress the alert of an abort", async () => {
    const readEnd = readToEnd(server);
    await client.write(Uint8Array.of(12));
    client.abort(undefined, "access_denied");
    expect(await readEnd).toMatchObject({ alert: "access_denied", by: "peer" });
  });
});
