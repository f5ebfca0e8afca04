/**
 * If a hook of the application throws an error that has ended another connection, this connection does not take it for
 * its own end.
 */
import { accept, type Credential, connect, TlsError } from "@handclasp/core";
import { memoryPair, testCa } from "@handclasp/testing";
import { describe, expect, test, vi } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["localhost"] }));

/** The errors of both sides of a handshake. */
async function failures(verify: () => unknown, serverCredential: Credential = credential) {
  const { a, b } = memoryPair();
  const results = await Promise.allSettled([
    connect(a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost", verify: verify as () => boolean }),
    accept(b, { provider: nodeCrypto, credentials: [serverCredential] }),
  ]);
  const [client, server] = results.map((end) => (end.status === "rejected" ? (end.reason as TlsError) : undefined));
  return { client, server };
}

/** The error of another connection, such as one over which a hook queries a database. */
const otherConnectionError: Promise<TlsError> = failures(() => false).then(({ server }) => server as TlsError);

const failingHooks: [string, (error: unknown) => () => unknown][] = [
  [
    "throws",
    (error) => () => {
      throw error;
    },
  ],
  ["rejects with", (error) => () => Promise.reject(error)],
];

describe.each(failingHooks)("a hook that %s", (_how, failWith) => {
  test("another connection's error refuses this peer with an alert of this connection", async () => {
    const cause = await otherConnectionError;
    expect(cause).toMatchObject({ by: "peer" });
    const { client, server } = await failures(failWith(cause));
    expect(client).toMatchObject({ code: "untrusted", by: "us", cause });
    expect(server).toMatchObject({ by: "peer", alert: client?.alert });
  });

  test("an error that is not a TlsError refuses the peer", async () => {
    const cause = new RangeError("no such user");
    const { client, server } = await failures(failWith(cause));
    expect(client).toMatchObject({ code: "untrusted", by: "us", cause });
    expect(client?.message).toContain("no such user");
    expect(server).toMatchObject({ by: "peer", alert: client?.alert });
  });

  test("a new TlsError chooses the alert", async () => {
    const error = new TlsError("certificate_revoked", "on the list");
    const { client, server } = await failures(failWith(error));
    expect(client).toBe(error);
    expect(server).toMatchObject({ by: "peer", alert: "certificate_revoked" });
  });

  test("another connection's error in `sign` is hook_failed on this side and internal_error at the peer", async () => {
    const cause = await otherConnectionError;
    const { client, server } = await failures(() => true, {
      ...credential,
      sign: failWith(cause) as Credential["sign"],
    });
    expect(server).toMatchObject({ code: "hook_failed", by: "us", fault: "application", cause });
    expect(client).toMatchObject({ by: "peer", alert: "internal_error" });
  });
});

describe("values that only JavaScript callers can pass", () => {
  const options = { provider: nodeCrypto, ca: ca.pem, serverName: "localhost" };

  test("a transport that lacks a method is refused before anything is sent", async () => {
    for (const method of ["start", "send", "pause", "resume", "end", "abort"] as const) {
      const { a } = memoryPair();
      const incompleteTransport = Object.assign(Object.create(a), { [method]: undefined });
      await expect(connect(incompleteTransport, options)).rejects.toMatchObject({ code: "configuration" });
    }
  });

  test("an alert that is named like a property of every object is sent as internal_error", async () => {
    const { a, b } = memoryPair();
    const [client, server] = await Promise.all([
      connect(a, options),
      accept(b, { provider: nodeCrypto, credentials: credential }),
    ]);
    client.abort(undefined, "toString" as "user_canceled");
    await expect(server.read()).rejects.toMatchObject({ by: "peer", alert: "internal_error" });
  });

  test("a listener's rejection is printed, and ends neither the connection nor the process", async () => {
    const consoleError = vi.spyOn(console, "error").mockReturnValue();
    const cause = new Error("the disk is full");
    const { a, b } = memoryPair();
    const listener = (): void => Promise.reject(cause) as unknown as undefined;
    const [client] = await Promise.all([
      connect(a, { ...options, trace: { listener } }),
      accept(b, { provider: nodeCrypto, credentials: credential }),
    ]);
    await client.close();
    expect(consoleError).toHaveBeenCalledWith(expect.stringContaining("a callback failed"), cause);
    consoleError.mockRestore();
  });
});
