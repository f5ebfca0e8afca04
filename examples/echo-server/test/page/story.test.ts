import { TLS_RSA_WITH_AES_128_CBC_SHA, type TraceEvent } from "@handclasp/core";
import { beforeEach, describe, expect, test } from "vitest";
import { type RecordEvent, type Row, Story } from "../../src/page/story.ts";
import type { Flip } from "../../src/page/tamper.ts";

type Direction = "sent" | "received";

let story: Story;
beforeEach(() => {
  story = new Story(TLS_RSA_WITH_AES_128_CBC_SHA, "x25519");
});

/** Numbered bytes, so that each record is one of its own. */
let next = 0;
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

describe("the records a message travelled in", () => {
  test("are known also where the record is told after its message", () => {
    const row = only(story.tell(message("sent", "client_hello", 60)), "handshake");
    expect(row.carriers()).toEqual([]);
    const carrier = record("sent", "handshake", bytes(60));
    expect(story.tell(carrier)).toEqual([]);
    expect(row.carriers()).toEqual([carrier]);
  });

  test("two messages in one record, and one message over two records", () => {
    const [first, second] = [record("received", "handshake", bytes(50)), record("received", "handshake", bytes(30))];
    story.tell(first);
    story.tell(second);
    const rows = [40, 4, 36].map((length) => only(story.tell(message("received", "certificate", length)), "handshake"));
    expect(rows.map((row) => row.carriers())).toEqual([[first], [first], [first, second]]);
  });

  test("are those of its own direction and content type", () => {
    const own = record("sent", "handshake", bytes(10));
    for (const other of [
      record("received", "handshake", bytes(10)),
      record("sent", "alert", bytes(2)),
      record("sent", "change_cipher_spec", bytes(1)),
    ])
      story.tell(other);
    story.tell(own);
    expect(only(story.tell(message("sent", "finished", 10)), "handshake").carriers()).toEqual([own]);
  });

  test("a protected record counts by what it carries", () => {
    const plaintext = bytes(16);
    const carrier = { ...record("sent", "handshake", bytes(64)), protected: true, plaintext };
    const after = record("sent", "handshake", bytes(16));
    story.tell(carrier);
    story.tell(after);
    expect(only(story.tell(message("sent", "finished", 16)), "handshake").carriers()).toEqual([carrier]);
    expect(only(story.tell(message("sent", "finished", 16)), "handshake").carriers()).toEqual([after]);
  });
});

test("what follows a ChangeCipherSpec is sealed, in its direction only", () => {
  const sealed = (direction: Direction) => only(story.tell(message(direction, "finished", 16)), "handshake").sealed;
  expect([sealed("sent"), sealed("received")]).toEqual([false, false]);
  only(story.tell({ type: "change_cipher_spec", direction: "sent" }), "change_cipher_spec");
  expect([sealed("sent"), sealed("received")]).toEqual([true, false]);
  const alert = only(
    story.tell({ type: "alert", direction: "sent", level: "warning", description: "close_notify" }),
    "alert",
  );
  expect(alert.sealed).toBe(true);
});

test("application data is a row as soon as its record is told", () => {
  const data = record("received", "application_data", bytes(40));
  expect(story.tell(data)).toEqual([{ kind: "application_data", direction: "received", record: data }]);
});

test("premaster and master secret are rows, and the whole key block is one", () => {
  only(story.tell(secret("premaster_secret", 48)), "secret");
  only(story.tell(secret("master_secret", 48)), "secret");
  const keys = only(story.tell(secret("key_block", 104)), "keys");
  expect(story.tell(secret("client_write_key", 16))).toEqual([]);
  expect(story.tell(secret("server_write_IV", 16))).toEqual([]);
  expect(keys.keys.map(({ name }) => name)).toEqual(["key_block", "client_write_key", "server_write_IV"]);
});

test("values are known by name, so that they are recognized wherever they turn up", () => {
  story.tell({
    type: "agreed",
    suite: "TLS_RSA_WITH_AES_128_CBC_SHA",
    clientRandom: bytes(32),
    serverRandom: bytes(32),
    extendedMasterSecret: true,
  });
  story.tell(secret("premaster_secret", 48));
  story.tell(secret("client_write_MAC_key", 20));
  expect(story.known.map(({ name }) => name)).toEqual([
    "client random",
    "server random",
    "premaster secret",
    "client write MAC key",
  ]);
  expect(story.extendedMasterSecret).toBe(true);
});

describe("a flipped bit", () => {
  const flipOf = (direction: Direction, carrier: RecordEvent): Flip => ({
    direction,
    target: "message",
    record: Uint8Array.from([...carrier.header, ...carrier.fragment]),
    offset: 7,
    before: 0,
    after: 1,
  });

  test("on its way to us: a row before what it altered", () => {
    const flip = flipOf("received", record("received", "handshake", bytes(20)));
    expect(story.tellFlip(flip)).toEqual([{ kind: "flip", flip }]);
  });

  test("on its way from us: a row right after its record, and after no other", () => {
    const [other, own] = [record("sent", "handshake", bytes(20)), record("sent", "application_data", bytes(20))];
    const flip = flipOf("sent", own);
    expect(story.tellFlip(flip)).toEqual([]);
    expect(story.tell(other)).toEqual([]);
    expect(story.tell(own).map(({ kind }) => kind)).toEqual(["application_data", "flip"]);
    expect(story.tell(own).map(({ kind }) => kind)).toEqual(["application_data"]);
  });

  test("in a record that was held: a row once it goes out", () => {
    const [hello, own] = [record("sent", "handshake", bytes(9)), record("sent", "handshake", bytes(20))];
    for (const each of [hello, own]) story.tell(each);
    const flip = flipOf("sent", own);
    expect(story.tellFlip(flip)).toEqual([{ kind: "flip", flip }]);
    expect(story.tell(record("sent", "handshake", bytes(7)))).toEqual([]);
  });
});
