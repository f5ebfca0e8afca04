/**
 * The application may pass bytes as Buffers, and change them afterwards. `slice` of a Buffer does not copy, unlike
 * `slice` of a Uint8Array.
 */
import { randomBytes } from "node:crypto";
import { type AcceptOptions, accept, connect, keepSessions, type SessionStore, serverConfig } from "@handclasp/core";
import { memoryPair, testCa } from "@handclasp/testing";
import { expect, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { nobleCredential } from "../../src/x509/nobleCredential.ts";

const ca = await testCa();
const issued = await ca.issue({ names: ["localhost"] });
const credentials = nodeCredential(issued);
const der = (pem: string): Buffer => Buffer.from(pem.replace(/-----.*-----|\s/g, ""), "base64");
const config = (options: Partial<AcceptOptions>) => serverConfig({ provider: nodeCrypto, credentials, ...options });

/** Connects once, and returns whether the session was resumed. */
async function connectOnce(
  serverConfiguration: ReturnType<typeof config>,
  sessions = keepSessions(),
): Promise<boolean> {
  const { a, b } = memoryPair();
  const options = { provider: nodeCrypto, ca: ca.pem, serverName: "localhost", sessions };
  const [channel, server] = await Promise.all([connect(a, options), accept(b, serverConfiguration)]);
  await Promise.all([channel.close(), server.close()]);
  return channel.session.resumed;
}

function bufferStore(): SessionStore & { readonly sessions: Map<string, Buffer> } {
  const sessions = new Map<string, Buffer>();
  return {
    sessions,
    get: (key) => sessions.get(key),
    set: (key, session) => void sessions.set(key, Buffer.from(session)),
    delete: (key) => void sessions.delete(key),
  };
}

test.each(["server", "client"])(
  "a %s does not wipe the session in its store: the session can be resumed again",
  async (role) => {
    const store = bufferStore();
    const serverConfiguration = config({ tickets: false, ...(role === "server" && { sessionStore: store }) });
    const sessions = keepSessions({ tickets: false, ...(role === "client" && { store }) });
    expect(await connectOnce(serverConfiguration, sessions)).toBe(false);
    const [session] = store.sessions.values();
    const before = session?.toString("hex");
    expect(await connectOnce(serverConfiguration, sessions)).toBe(true);
    expect(session?.toString("hex")).toBe(before);
    expect(await connectOnce(serverConfiguration, sessions)).toBe(true);
  },
);

test("a server can still use its ticket keys after the application has wiped the array that it passed", async () => {
  const key = randomBytes(48);
  const copy = Uint8Array.from(key);
  const serverConfiguration = config({ ticketKeys: [key] });
  key.fill(0);
  const sessions = keepSessions();
  expect(await connectOnce(serverConfiguration, sessions)).toBe(false);
  expect(await connectOnce(config({ ticketKeys: [copy] }), sessions)).toBe(true);
  expect(await connectOnce(config({ ticketKeys: [randomBytes(48)] }), sessions)).toBe(false);
});

test("a server uses the new bytes of a ticket key that the application overwrites in place", async () => {
  const key = randomBytes(48);
  const serverConfiguration = config({ ticketKeys: () => [key] });
  expect(await connectOnce(serverConfiguration)).toBe(false);
  randomBytes(48).copy(key);
  const sessions = keepSessions();
  expect(await connectOnce(serverConfiguration, sessions)).toBe(false);
  expect(await connectOnce(config({ ticketKeys: [Uint8Array.from(key)] }), sessions)).toBe(true);
});

test("a credential still works after the application has wiped its certificate and private key", async () => {
  const [cert, key] = [der(issued.cert), der(issued.key)];
  const credential = await nobleCredential({ cert, key });
  cert.fill(0);
  key.fill(0);
  expect(await connectOnce(config({ credentials: credential }))).toBe(false);
});
