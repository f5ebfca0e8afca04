import { createDecipheriv, createHmac } from "node:crypto";
import { accept, type CipherSuite, connect, legacySuites, type TraceEvent } from "@handclasp/core";
import { openRecord, type RecordKeys, type RecordProtection } from "@handclasp/core/describe";
import { concat } from "@handclasp/core/unstable";
import { memoryPair } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { issuePki } from "../handshake/mitm.ts";

const pki = await issuePki();
const text = new TextEncoder().encode("hello, record");

type RecordEvent = Extract<TraceEvent, { type: "record" }>;

/** Sends `text` over a connection, and returns the record with it and the client's keys. */
async function sendText(suite: CipherSuite, textbook: boolean): Promise<{ record: RecordEvent; keys: RecordKeys }> {
  const events: TraceEvent[] = [];
  const pair = memoryPair();
  const credentials = [suite.authentication === "rsa" ? pki.rsa : pki.server];
  const server = accept(pair.b, { credentials, suites: [suite], textbook, provider: nodeCrypto });
  const client = await connect(pair.a, {
    ca: pki.ca,
    serverName: "localhost",
    suites: [suite],
    provider: nodeCrypto,
    trace: { listener: (event) => events.push(event), secrets: true },
  });
  await client.write(text);
  const peer = await server;
  expect(await peer.read()).toEqual(text);
  await Promise.all([client.close(), peer.close()]);
  const secret = (name: string): Uint8Array => {
    const event = events.find((one) => one.type === "secret" && one.name === name);
    return event?.type === "secret" ? event.bytes : new Uint8Array(0);
  };
  const record = events.find(
    (one): one is RecordEvent => one.type === "record" && one.contentType === "application_data",
  );
  if (!record) throw new Error("no record of application data");
  return {
    record,
    keys: {
      key: secret("client_write_key"),
      iv: secret("client_write_IV"),
      macKey: secret("client_write_MAC_key"),
      encryptThenMac: client.session.encryptThenMac,
    },
  };
}

const part = ({ sealed, opened }: RecordProtection, where: "sealed" | "opened", name: string): Uint8Array =>
  (where === "sealed" ? sealed : opened).find((one) => one.name === name)?.bytes ?? new Uint8Array(0);

describe.each(legacySuites.map((suite) => [suite.name, suite] as const))("with %s, openRecord", (name, suite) => {
  test.each(suite.mac ? [false, true] : [false])(
    "finds the data, and its parts are those of the record (textbook: %s)",
    async (textbook) => {
      const { record, keys } = await sendText(suite, textbook);
      expect(keys.encryptThenMac).toBe(suite.mac !== undefined && !textbook);
      const found = await openRecord(record, name, keys);
      if (!found) throw new Error("not opened");
      expect(concat(...found.sealed.map(({ bytes }) => bytes))).toEqual(record.fragment);
      expect(part(found, "opened", "content")).toEqual(text);
      expect(found.mac).toEqual(suite.mac && part(found, textbook ? "opened" : "sealed", "MAC"));
    },
  );
});

test("the parts of a textbook record agree with node:crypto", async () => {
  const suite = legacySuites.find((one) => one.name === "TLS_RSA_WITH_AES_128_CBC_SHA");
  if (!suite) throw new Error("no such suite");
  const { record, keys } = await sendText(suite, true);
  const found = await openRecord(record, suite.name, keys);
  if (!found) throw new Error("not opened");
  const decipher = createDecipheriv("aes-128-cbc", keys.key, part(found, "sealed", "IV")).setAutoPadding(false);
  const plain = concat(decipher.update(part(found, "sealed", "ciphertext")), decipher.final());
  expect(concat(...found.opened.map(({ bytes }) => bytes))).toEqual(plain);
  const mac = createHmac("sha1", keys.macKey).update(found.additionalData).update(text).digest();
  expect(part(found, "opened", "MAC")).toEqual(Uint8Array.from(mac));
});

test("openRecord finds nothing in an altered record, and in one of an unknown suite", async () => {
  const suite = legacySuites[0] as CipherSuite;
  const { record, keys } = await sendText(suite, false);
  const fragment = record.fragment.slice();
  fragment[9] = (fragment[9] ?? 0) ^ 1;
  expect(await openRecord({ ...record, fragment }, suite.name, keys)).toBeUndefined();
  expect(await openRecord(record, "TLS_NULL", keys)).toBeUndefined();
});
