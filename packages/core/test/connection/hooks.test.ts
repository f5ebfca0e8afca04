/** What becomes of an error that a hook of the application throws: it is never another connection's. */
import { accept, type Credential, connect, TlsError } from "@handclasp/core";
import { memoryPair, testCa } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
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
