/** Server names that a server accepts, the properties of the session that report them, and requireAlpn. */

import {
  type AcceptOptions,
  accept,
  type ConnectOptions,
  connect,
  keepSessions,
  pskSuites,
  type Session,
  type TraceEvent,
} from "@handclasp/core";
import { acceptWith, serverHandshakeConfig, withCredentials } from "@handclasp/core/unstable/engine";
import { type IssueOptions, memoryPair, testCa } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";

const ca = await testCa();
const issue = async (names: string[], algorithm: NonNullable<IssueOptions["algorithm"]> = "ecdsa-p256") =>
  nodeCredential(await ca.issue({ names, algorithm }));
const a = await issue(["a.example", "127.0.0.1"]);
const b = await issue(["b.example"]);
const rsa = await issue(["127.0.0.1", "A.example"], "rsa-2048");
const withWildcard = await issue(["a.example", "*.c.example", "127.0.0.1"], "rsa-2048");

/** The server's session, or the alert that it sent. */
async function visit(
  options: Partial<AcceptOptions> | ReturnType<typeof serverHandshakeConfig>,
  serverName: string,
  client: Partial<ConnectOptions> = {},
): Promise<Session | string> {
  const config = "schemes" in options ? options : serverHandshakeConfig({ provider: nodeCrypto, ...options });
  const pair = memoryPair();
  const server = acceptWith(config, pair.b, {});
  const trust = client.psk ? {} : { insecure: true };
  const ends = await Promise.allSettled([
    connect(pair.a, { provider: nodeCrypto, serverName, ...trust, ...client }),
    server.opened,
  ]);
  if (ends[0].status === "rejected") return ends[0].reason.alert;
  // A fatal alert would end the session, which is to be resumed (RFC 5246 §7.2.2).
  await Promise.all([ends[0].value.close(), server.close()]);
  return server.session;
}
const sessionWith = (serverName: string | null, serverNameMatched: boolean) =>
  expect.objectContaining({ serverName, serverNameMatched });

describe("for a name that no certificate has,", () => {
  test.each<[string, Partial<AcceptOptions>, boolean]>([
    ["a server with one certificate accepts the client", { credentials: [a] }, false],
    ["a server with one certificate and strictSni refuses the client", { credentials: [a], strictSni: true }, true],
    [
      "a server with RSA and ECDSA certificates of the same names in another order accepts the client",
      { credentials: [a, rsa] },
      false,
    ],
    ["a server with certificates of different names refuses the client", { credentials: [a, b] }, true],
    [
      "a server with certificates of different names and strictSni false accepts the client",
      { credentials: [a, b], strictSni: false },
      false,
    ],
    [
      "a server with certificates that share some names, but not all, refuses the client",
      { credentials: [a, withWildcard] },
      true,
    ],
  ])("%s", async (_, options, refused) => {
    expect(await visit(options, "nobody.example")).toEqual(
      refused ? "unrecognized_name" : sessionWith("nobody.example", false),
    );
    // A client that sends no name (an address is not sent) is accepted, and so is one that sends a known name.
    expect(await visit(options, "127.0.0.1")).toEqual(sessionWith(null, false));
    expect(await visit(options, "a.example")).toEqual(sessionWith("a.example", true));
  });

  test("the default of strictSni follows the certificates when they are replaced", async () => {
    const one = serverHandshakeConfig({ provider: nodeCrypto, credentials: [a] });
    const two = withCredentials(one, [a, b]);
    expect(await visit(two, "nobody.example")).toBe("unrecognized_name");
    expect(await visit(withCredentials(two, [b]), "nobody.example")).toEqual(sessionWith("nobody.example", false));
    const notStrict = serverHandshakeConfig({ provider: nodeCrypto, credentials: [a], strictSni: false });
    expect(await visit(withCredentials(notStrict, [a, b]), "nobody.example")).toEqual(
      sessionWith("nobody.example", false),
    );
  });

  test("a client with a pre-shared key is accepted, because the server then needs no certificate", async () => {
    const key = new Uint8Array(32).fill(7);
    const suites = [...pskSuites, ...serverHandshakeConfig({ provider: nodeCrypto, credentials: [a] }).suites];
    const config = serverHandshakeConfig({
      provider: nodeCrypto,
      suites,
      psk: { lookup: () => key },
      credentials: [a, b],
    });
    const client = { suites: pskSuites, psk: { identity: "me", key }, sessions: keepSessions() };
    for (const resumed of [false, true])
      expect(await visit(config, "nobody.example", client)).toMatchObject({ resumed, serverNameMatched: false });
    expect(await visit(config, "nobody.example")).toBe("unrecognized_name");
  });
});

test("serverNameMatched is set in a resumed session too, and not in a client's session", async () => {
  const config = serverHandshakeConfig({ provider: nodeCrypto, credentials: [withWildcard] });
  const sessions = keepSessions();
  for (const resumed of [false, true]) {
    const session = await visit(config, "X.c.example", { sessions });
    expect(session).toMatchObject({ resumed, serverName: "x.c.example", serverNameMatched: true });
  }
  const pair = memoryPair();
  const [client, server] = await Promise.all([
    connect(pair.a, { provider: nodeCrypto, insecure: true, serverName: "a.example" }),
    accept(pair.b, { provider: nodeCrypto, credentials: [withWildcard] }),
  ]);
  expect(client.session.serverNameMatched).toBeUndefined();
  await Promise.all([client.close(), server.close()]);
});

describe("requireAlpn", () => {
  const required = { credentials: [a], alpn: ["x", "y"], requireAlpn: true };

  test("refuses a client that offers none of the protocols", async () => {
    expect(await visit(required, "a.example")).toBe("no_application_protocol");
    expect(await visit(required, "a.example", { alpn: ["z"] })).toBe("no_application_protocol");
    expect(await visit(required, "a.example", { alpn: ["y"] })).toMatchObject({ alpn: "y" });
    expect(await visit({ ...required, requireAlpn: false }, "a.example")).toMatchObject({ alpn: null });
  });

  test("refuses a client that resumes a session and offers none of the protocols", async () => {
    const config = serverHandshakeConfig({ provider: nodeCrypto, ...required });
    const sessions = keepSessions();
    for (const resumed of [false, true])
      expect(await visit(config, "a.example", { sessions, alpn: ["y"] })).toMatchObject({ resumed, alpn: "y" });
    const events: string[] = [];
    const trace = ({ type }: TraceEvent) => void events.push(type);
    expect(await visit(config, "a.example", { sessions, trace })).toBe("no_application_protocol");
    // A client that does not offer its session traces why.
    expect(events).not.toContain("resumption");
  });

  test("is a configuration error without the option alpn", () => {
    for (const alpn of [undefined, []])
      expect(() =>
        serverHandshakeConfig({ provider: nodeCrypto, credentials: [a], requireAlpn: true, ...(alpn && { alpn }) }),
      ).toThrow(
        expect.objectContaining({
          code: "configuration",
          message: expect.stringContaining("requireAlpn without alpn"),
        }),
      );
  });
});
