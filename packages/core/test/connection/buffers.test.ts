/** Bytes that the application gives as Buffers: their `slice` does not copy, and they stay the application's. */
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

/** Whether the session was resumed. */
async function visit(to: ReturnType<typeof config>, sessions = keepSessions()): Promise<boolean> {
  const { a, b } = memoryPair();
  const options = { provider: nodeCrypto, ca: ca.pem, serverName: "localhost", sessions };
  const [channel, server] = await Promise.all([connect(a, options), accept(b, to)]);
  await Promise.all([channel.close(), server.close()]);
  return channel.session.resumed;
}

function bufferStore(): SessionStore & { readonly all: Map<string, Buffer> } {
  const all = new Map<string, Buffer>();
  return {
    all,
    get: (key) => all.get(key),
    set: (key, session) => void all.set(key, Buffer.from(session)),
    delete: (key) => void all.delete(key),
  };
}

test.each(["server", "client"])("a %s's store keeps its master secret, and never one of zeros", async (role) => {
  const store = bufferStore();
  const to = config({ tickets: false, ...(role === "server" && { sessionStore: store }) });
  const sessions = keepSessions({ tickets: false, ...(role === "client" && { store }) });
  expect(await visit(to, sessions)).toBe(false);
  const [kept] = store.all.values();
  const before = kept?.toString("hex");
  expect(await visit(to, sessions)).toBe(true);
  expect(kept?.toString("hex")).toBe(before);
  expect(await visit(to, sessions)).toBe(true);
});

test("ticket keys that are wiped once they are given stay what they were", async () => {
  const key = randomBytes(48);
  const copy = Uint8Array.from(key);
  const to = config({ ticketKeys: [key] });
  key.fill(0);
  const sessions = keepSessions();
  expect(await visit(to, sessions)).toBe(false);
  expect(await visit(config({ ticketKeys: [copy] }), sessions)).toBe(true);
  expect(await visit(config({ ticketKeys: [new Uint8Array(48)] }), sessions)).toBe(false);
});

test("a ticket key that is written over in place is another key", async () => {
  const key = randomBytes(48);
  const to = config({ ticketKeys: () => [key] });
  expect(await visit(to)).toBe(false);
  randomBytes(48).copy(key);
  const sessions = keepSessions();
  expect(await visit(to, sessions)).toBe(false);
  expect(await visit(config({ ticketKeys: [Uint8Array.from(key)] }), sessions)).toBe(true);
});

test("a certificate and a private key that are wiped once they are given work on", async () => {
  const [cert, key] = [der(issued.cert), der(issued.key)];
  const credential = await nobleCredential({ cert, key });
  cert.fill(0);
  key.fill(0);
  expect(await visit(config({ credentials: credential }))).toBe(false);
});
