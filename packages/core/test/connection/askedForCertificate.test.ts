/** A client that was asked for a certificate and showed none is told so when the server refuses it. */
import { memoryPair, testCa } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { type AcceptOptions, accept } from "../../src/connection/accept.ts";
import { connect } from "../../src/connection/connect.ts";
import type { TlsConnection } from "../../src/connection/connection.ts";
import type { TlsError } from "../../src/errors.ts";

const ca = await testCa();
const serving = nodeCredential(await ca.issue({ names: ["localhost"] }));
const own = nodeCredential(await ca.issue({ names: ["client"], client: true }));
const provider = nodeCrypto;
const giveOne = expect.stringContaining("asked for a certificate, and got none: give credentials");

type Alert = Parameters<TlsConnection["abort"]>[1];

/** How the handshake fails for the client, or what the server's alert means to it after that. */
async function refused(clientAuth: AcceptOptions["clientAuth"], alert?: Alert, shows = false): Promise<TlsError> {
  const { a, b } = memoryPair();
  const options = { provider, credentials: [serving], ...(clientAuth && { clientAuth, ca: ca.pem }) };
  const accepting = accept(b, options);
  accepting.then((server) => server.abort(undefined, alert)).catch(() => {});
  const client = connect(a, { provider, ca: ca.pem, serverName: "localhost", ...(shows && { credentials: own }) });
  return (await client.then((channel) => channel.closed).catch((error: unknown) => error)) as TlsError;
}

test("handshake_failure, where the server requires one", async () => {
  expect(await refused("require")).toMatchObject({ code: "handshake_failure", by: "peer", advice: giveOne });
});

describe.each([
  "handshake_failure",
  "bad_certificate",
  "certificate_required",
  "certificate_unknown",
  "access_denied",
] as const)("%s", (alert) => {
  test("of a server that asked, and got none", async () => {
    expect(await refused("request", alert)).toMatchObject({ code: alert, by: "peer", advice: giveOne });
  });

  test("of a server that got one", async () => {
    const error = await refused("request", alert, true);
    expect(error).toMatchObject({ code: alert, by: "peer" });
    expect(error.advice).not.toEqual(giveOne);
  });

  test("of a server that did not ask", async () => {
    const error = await refused(undefined, alert);
    expect(error).toMatchObject({ code: alert, by: "peer" });
    expect(error.advice).not.toEqual(giveOne);
  });
});

test("an alert that has nothing to do with it has its own advice, or none", async () => {
  expect(await refused("request", "internal_error")).toMatchObject({ code: "internal_error", advice: undefined });
});
