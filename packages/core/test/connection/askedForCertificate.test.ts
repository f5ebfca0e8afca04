/**
 * If a server requests a client's certificate, gets none and refuses the client, the client's error advises to give
 * credentials.
 */
import { memoryPair, testCa } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { type AcceptOptions, accept } from "../../src/connection/accept.ts";
import { connect } from "../../src/connection/connect.ts";
import type { TlsConnection } from "../../src/connection/connection.ts";
import type { TlsError } from "../../src/errors.ts";

const ca = await testCa();
const serverCredential = nodeCredential(await ca.issue({ names: ["localhost"] }));
const clientCredential = nodeCredential(await ca.issue({ names: ["client"], client: true }));
const provider = nodeCrypto;
const needsCredentials = expect.stringContaining("asked for a certificate and got none: give credentials");

type Alert = Parameters<TlsConnection["abort"]>[1];

/** Returns the error of the client's handshake, or the client's error for the alert that the server sends after it. */
async function connectError(
  clientAuth: AcceptOptions["clientAuth"],
  alert?: Alert,
  hasCredential = false,
): Promise<TlsError> {
  const { a, b } = memoryPair();
  const options = { provider, credentials: [serverCredential], ...(clientAuth && { clientAuth, ca: ca.pem }) };
  const accepting = accept(b, options);
  accepting.then((server) => server.abort(undefined, alert)).catch(() => {});
  const client = connect(a, {
    provider,
    ca: ca.pem,
    serverName: "localhost",
    ...(hasCredential && { credentials: clientCredential }),
  });
  return (await client.then((channel) => channel.closed).catch((error: unknown) => error)) as TlsError;
}

test("the client's error advises to give credentials if the server requires a certificate", async () => {
  expect(await connectError("require")).toMatchObject({
    code: "handshake_failure",
    by: "peer",
    advice: needsCredentials,
  });
});

describe.each([
  "handshake_failure",
  "bad_certificate",
  "certificate_required",
  "certificate_unknown",
  "access_denied",
] as const)("the client's error for the alert %s", (alert) => {
  test("advises to give credentials if the server requested a certificate and got none", async () => {
    expect(await connectError("request", alert)).toMatchObject({ code: alert, by: "peer", advice: needsCredentials });
  });

  test("does not advise to give credentials if the server got a certificate", async () => {
    const error = await connectError("request", alert, true);
    expect(error).toMatchObject({ code: alert, by: "peer" });
    expect(error.advice).not.toEqual(needsCredentials);
  });

  test("does not advise to give credentials if the server requested none", async () => {
    const error = await connectError(undefined, alert);
    expect(error).toMatchObject({ code: alert, by: "peer" });
    expect(error.advice).not.toEqual(needsCredentials);
  });
});

test("the client's error for the alert internal_error does not advise to give credentials", async () => {
  expect(await connectError("request", "internal_error")).toMatchObject({ code: "internal_error", advice: undefined });
});
