/** What becomes of an error that a hook of the application throws: it is never another connection's. */
import { accept, type Credential, connect, TlsError } from "@handclasp/core";
import { memoryPair, testCa } from "@handclasp/testing";
import { describe, expect, test, vi } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["localhost"] }));

/** How both ends of a handshake fail. */
async function failures(verify: () => unknown, own: Credential = credential) {
  const { a, b } = memoryPair();
  const ends = await Promise.allSettled([
    connect(a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost", verify: verify as () => boolean }),
    accept(b, { provider: nodeCrypto, credentials: [own] }),
  ]);
  const [client, server] = ends.map((end) => (end.status === "rejected" ? (end.reason as TlsError) : undefined));
  return { client, server };
}

/** How a connection ended that a hook asks something over. */
const nested: Promise<TlsError> = failures(() => false).then(({ server }) => server as TlsError);

const throwers: [string, (error: unknown) => () => unknown][] = [
  [
    "throws",
    (error) => () => {
      throw error;
    },
  ],
  ["rejects with", (error) => () => Promise.reject(error)],
];

describe.each(throwers)("a hook that %s", (_how, thrower) => {
  test("the end of another connection refuses its peer by an alert of this one's", async () => {
    const cause = await nested;
    expect(cause).toMatchObject({ by: "peer" });
    const { client, server } = await failures(thrower(cause));
    expect(client).toMatchObject({ code: "untrusted", by: "us", cause });
    expect(server).toMatchObject({ by: "peer", alert: client?.alert });
  });

  test("any other error refuses its peer", async () => {
    const cause = new RangeError("no such user");
    const { client, server } = await failures(thrower(cause));
    expect(client).toMatchObject({ code: "untrusted", by: "us", cause });
    expect(client?.message).toContain("no such user");
    expect(server).toMatchObject({ by: "peer", alert: client?.alert });
  });

  test("a TlsError of its own making chooses the alert", async () => {
    const error = new TlsError("certificate_revoked", "on the list");
    const { client, server } = await failures(thrower(error));
    expect(client).toBe(error);
    expect(server).toMatchObject({ by: "peer", alert: "certificate_revoked" });
  });

  test("the end of another connection, as a signer, is the application's fault and internal_error to the peer", async () => {
    const cause = await nested;
    const { client, server } = await failures(() => true, {
      ...credential,
      sign: thrower(cause) as Credential["sign"],
    });
    expect(server).toMatchObject({ code: "hook_failed", by: "us", fault: "application", cause });
    expect(client).toMatchObject({ by: "peer", alert: "internal_error" });
  });
});

describe("what JavaScript lets pass", () => {
  const options = { provider: nodeCrypto, ca: ca.pem, serverName: "localhost" };

  test("a transport that lacks a method is refused before anything is sent", async () => {
    for (const method of ["start", "send", "pause", "resume", "end", "abort"] as const) {
      const { a } = memoryPair();
      const lame = Object.assign(Object.create(a), { [method]: undefined });
      await expect(connect(lame, options)).rejects.toMatchObject({ code: "configuration" });
    }
  });

  test("an alert that every object has is none: the peer gets internal_error, and no clean end", async () => {
    const { a, b } = memoryPair();
    const [client, server] = await Promise.all([
      connect(a, options),
      accept(b, { provider: nodeCrypto, credentials: credential }),
    ]);
    client.abort(undefined, "toString" as "user_canceled");
    await expect(server.read()).rejects.toMatchObject({ by: "peer", alert: "internal_error" });
  });

  test("a listener that rejects is told, and ends neither the connection nor the process", async () => {
    const told = vi.spyOn(console, "error").mockReturnValue();
    const cause = new Error("the disk is full");
    const { a, b } = memoryPair();
    const listener = (): void => Promise.reject(cause) as unknown as undefined;
    const [client] = await Promise.all([
      connect(a, { ...options, trace: { listener } }),
      accept(b, { provider: nodeCrypto, credentials: credential }),
    ]);
    await client.close();
    expect(told).toHaveBeenCalledWith(expect.stringContaining("a listener of the application threw"), cause);
    told.mockRestore();
  });
});
