import type { TraceEvent } from "@handclasp/core";
import { beforeEach, describe, expect, test } from "vitest";
import type { Flip } from "../src/event.ts";
import { type RecordEvent, type Row, Story } from "../src/story.ts";

type Direction = "sent" | "received";

let story: Story;
beforeEach(() => {
  story = new Story("client");
});

let next = 0;
/** Returns bytes that continue to count up from call to call, so that no two records are equal. */
const bytes = (length: number): Uint8Array<ArrayBuffer> => Uint8Array.from({ length }, () => next++ & 0xff);

const record = (
  direction: Direction,
  contentType: RecordEvent["contentType"],
  fragment: Uint8Array<ArrayBuffer>,
): RecordEvent => ({
  type: "record",
  direction,
  contentType,
  protected: false,
  sequenceNumber: 0,
  header: new Uint8Array(5),
  fragment,
});
const message = (direction: Direction, name: string, length: number): TraceEvent => ({
  type: "handshake",
  direction,
  name,
  bytes: bytes(length),
  body: {},
});
const secret = (name: Extract<TraceEvent, { type: "secret" }>["name"], length: number): TraceEvent => ({
  type: "secret",
  name: name as "master_secret",
  bytes: bytes(length),
});

function only<Kind extends Row["kind"]>(rows: readonly Row[], kind: Kind): Extract<Row, { kind: Kind }> {
  expect(rows.map((row) => row.kind)).toEqual([kind]);
  return rows[0] as Extract<Row, { kind: Kind }>;
}

describe("the records that findRecords returns for a message", () => {
  test("include a record that the trace reports after the message", () => {
    const row = only(story.add(message("sent", "client_hello", 60)), "handshake");
    expect(row.findRecords()).toEqual([]);
    const carrier = record("sent", "handshake", bytes(60));
    expect(story.add(carrier)).toEqual([]);
    expect(row.findRecords()).toEqual([carrier]);
  });

  test("are correct for two messages in one record, and for one message in two records", () => {
    const [first, second] = [record("received", "handshake", bytes(50)), record("received", "handshake", bytes(30))];
    story.add(first);
    story.add(second);
    const rows = [40, 4, 36].map((length) => only(story.add(message("received", "certificate", length)), "handshake"));
    expect(rows.map((row) => row.findRecords())).toEqual([[first], [first], [first, second]]);
  });

  test("have the direction and the content type of the message", () => {
    const carrying = record("sent", "handshake", bytes(10));
    for (const other of [
      record("received", "handshake", bytes(10)),
      record("sent", "alert", bytes(2)),
      record("sent", "change_cipher_spec", bytes(1)),
    ])
      story.add(other);
    story.add(carrying);
    expect(only(story.add(message("sent", "finished", 10)), "handshake").findRecords()).toEqual([carrying]);
  });

  test("are determined by the lengths of their plaintexts if they are protected", () => {
    const plaintext = bytes(16);
    const carrier = { ...record("sent", "handshake", bytes(64)), protected: true, plaintext };
    const after = record("sent", "handshake", bytes(16));
    story.add(carrier);
    story.add(after);
    expect(only(story.add(message("sent", "finished", 16)), "handshake").findRecords()).toEqual([carrier]);
    expect(only(story.add(message("sent", "finished", 16)), "handshake").findRecords()).toEqual([after]);
  });
});

test("messages after a ChangeCipherSpec are encrypted, only in the direction of the ChangeCipherSpec", () => {
  const isEncrypted = (direction: Direction) =>
    only(story.add(message(direction, "finished", 16)), "handshake").isEncrypted;
  expect([isEncrypted("sent"), isEncrypted("received")]).toEqual([false, false]);
  only(story.add({ type: "change_cipher_spec", direction: "sent" }), "change_cipher_spec");
  expect([isEncrypted("sent"), isEncrypted("received")]).toEqual([true, false]);
  const alert = only(
    story.add({ type: "alert", direction: "sent", level: "warning", description: "close_notify" }),
    "alert",
  );
  expect(alert.isEncrypted).toBe(true);
});

test("a record of application data becomes a row", () => {
  const data = record("received", "application_data", bytes(40));
  expect(story.add(data)).toEqual([{ kind: "application_data", from: "server", record: data }]);
});

test("the premaster secret and the master secret become rows, and the key block with its keys becomes one row", () => {
  only(story.add(secret("premaster_secret", 48)), "secret");
  only(story.add(secret("master_secret", 48)), "secret");
  const keys = only(story.add(secret("key_block", 104)), "keys");
  expect(story.add(secret("client_write_key", 16))).toEqual([]);
  expect(story.add(secret("server_write_IV", 16))).toEqual([]);
  expect(keys.keys.map(({ name }) => name)).toEqual(["key_block", "client_write_key", "server_write_IV"]);
});

test("randoms and secrets become known values with names", () => {
  story.add({
    type: "agreed",
    suite: "TLS_RSA_WITH_AES_128_CBC_SHA",
    clientRandom: bytes(32),
    serverRandom: bytes(32),
    extendedMasterSecret: true,
  });
  story.add(secret("premaster_secret", 48));
  story.add(secret("client_write_MAC_key", 20));
  expect(story.knownValues.map(({ name }) => name)).toEqual([
    "client random",
    "server random",
    "premaster secret",
    "client write MAC key",
  ]);
  expect(story.extendedMasterSecret).toBe(true);
  expect(story.suite?.keyExchange.name).toBe("rsa");
});

test("in the trace of a server, sent messages are from the server", () => {
  const server = new Story("server");
  const row = only(server.add(message("sent", "server_hello", 50)), "handshake");
  expect(row.from).toBe("server");
});

test("the failure of a connection becomes one row, although both the trace and the caller report it", () => {
  const error = new Error("refused");
  expect(story.add({ type: "closed", error })).toEqual([{ kind: "failure", error }]);
  expect(story.fail(error)).toEqual([]);
});

describe("the row of a flipped bit", () => {
  const flipOf = (direction: Direction, carrier: RecordEvent): Flip => ({
    type: "flip",
    direction,
    record: Uint8Array.from([...carrier.header, ...carrier.fragment]),
    offset: 7,
    before: 0,
    after: 1,
  });

  test("in a received record is returned at once, before the row of the altered record", () => {
    const flip = flipOf("received", record("received", "handshake", bytes(20)));
    expect(story.isAttacked).toBe(false);
    expect(story.add(flip)).toEqual([{ kind: "path", event: flip }]);
    expect(story.isAttacked).toBe(true);
  });

  test("in a sent record is returned directly after the row of that record", () => {
    const [other, carrying] = [record("sent", "handshake", bytes(20)), record("sent", "application_data", bytes(20))];
    const flip = flipOf("sent", carrying);
    expect(story.add(flip)).toEqual([]);
    expect(story.add(other)).toEqual([]);
    expect(story.add(carrying).map(({ kind }) => kind)).toEqual(["application_data", "path"]);
    expect(story.add(carrying).map(({ kind }) => kind)).toEqual(["application_data"]);
  });

  test("in a record that was traced before it was sent is returned at once", () => {
    const [hello, carrying] = [record("sent", "handshake", bytes(9)), record("sent", "handshake", bytes(20))];
    for (const sent of [hello, carrying]) story.add(sent);
    const flip = flipOf("sent", carrying);
    expect(story.add(flip)).toEqual([{ kind: "path", event: flip }]);
    expect(story.add(record("sent", "handshake", bytes(7)))).toEqual([]);
  });
});
