/** The roots that Node.js ships: when `ca` accepts them, and when they cause a configuration error. */
import { rootCertificates } from "node:tls";
import { type ConnectOptions, connect, createServer, nodeCredential, systemRoots } from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import { afterAll, expect, test } from "vitest";

const ca = await testCa();
const issued = await ca.issue({ names: ["localhost"] });
const server = createServer({ credentials: [nodeCredential(issued)] }, (channel) => channel.close());
const { port } = (await server.listenTcp()).address() as { port: number };
afterAll(() => server.close());
const pins = [`sha256/${"A".repeat(43)}=`];

test("systemRoots() parses the roots of Node.js once, and `ca` accepts them alone or with other CAs", async () => {
  const roots = await systemRoots();
  // All roots that Node.js ships can be read, also those that are signed with SHA-1.
  expect(roots).toHaveLength(rootCertificates.length);
  expect(await systemRoots()).toBe(roots);
  const target = `tcp://localhost:${port}`;
  await expect(connect(target, { ca: roots })).rejects.toMatchObject({ code: "unknown_issuer" });
  const channel = await connect(target, { ca: [...roots, ca.pem] });
  await channel.close();
});

test.each([["tcp://localhost:1"], ["ws://localhost:1/"]])(
  '%s: connect refuses ca: "system", and the advice says what to write instead',
  async (url) => {
    for (const words of ["system", ["system", ca.pem]])
      await expect(connect(url, { ca: words })).rejects.toMatchObject({
        code: "configuration",
        advice: "ca: await systemRoots(), or ca: [...(await systemRoots()), own]",
      });
  },
);

const connectFailure = expect.stringMatching(/^(connection_refused|host_not_found)$/);

/**
 * The error of a connection. Nothing listens at the URLs here, so the connection fails even if the options are
 * accepted.
 */
const attempt = async (url: string, options: ConnectOptions): Promise<unknown> =>
  connect(url, options).catch(({ code, message }) => ({ code, message }));

test.each([["ws://relay.invalid:1/"], ["wss://relay.invalid:1/"]])("%s: the roots need a serverName", async (url) => {
  const roots = await systemRoots();
  const refused = { code: "configuration", message: expect.stringContaining("without serverName") };
  for (const own of [roots, [...roots, ca.pem], roots[0]]) expect(await attempt(url, { ca: own })).toEqual(refused);
  expect(await attempt(url, { ca: roots, pins })).toEqual(refused);
  expect(await attempt(url, { ca: ca.pem })).toMatchObject({ code: connectFailure });
  expect(await attempt(url, { ca: roots, serverName: "device.example" })).toMatchObject({ code: connectFailure });
});

test.each([
  ["ws://relay.invalid:1/", ["relay.invalid", "RELAY.invalid", "relay.invalid."]],
  ["wss://relay.invalid.:1/", ["relay.invalid"]],
  ["wss://[::1]:1/", ["::1", "[::1]", "0:0:0:0:0:0:0:1"]],
  ["ws://127.0.0.1:1/", ["127.0.0.1"]],
])("%s: with the roots, a serverName equal to the URL's host is refused unless there are pins", async (url, names) => {
  const roots = await systemRoots();
  for (const serverName of names) {
    const refused = { code: "configuration", message: expect.stringContaining("the host of the URL") };
    expect(await attempt(url, { ca: [ca.pem, ...roots], serverName })).toEqual(refused);
    expect(await attempt(url, { ca: roots, serverName, pins: [] })).toEqual(refused);
    for (const options of [{ ca: roots, pins }, { ca: ca.pem }])
      expect(await attempt(url, { ...options, serverName })).toMatchObject({ code: connectFailure });
  }
});

test("over tcp: the roots need no serverName", async () => {
  expect(await attempt("tcp://127.0.0.1:1", { ca: await systemRoots() })).toMatchObject({ code: "connection_refused" });
});
