import type { Transport, TransportEvents } from "@handclasp/core";
import type { Flip, PathEvent } from "@handclasp/inspector";
import { beforeEach, describe, expect, test } from "vitest";
import { type FlipTarget, TamperingTransport } from "../../src/page/tamper.ts";

const record = (type: number, ...body: number[]): Uint8Array => Uint8Array.of(type, 3, 3, 0, body.length, ...body);
const zeros = (length: number): number[] => Array.from({ length }, () => 0);
const handshake = (type: number, length = 60): Uint8Array => record(22, type, 0, 0, length, ...zeros(length));
const applicationData = record(23, ...zeros(40));

let sent: Uint8Array[];
let received: Uint8Array[];
let flips: PathEvent[];
let calls: string[];
let peer: TransportEvents;
let transport: TamperingTransport;
beforeEach(() => {
  [sent, received, flips, calls] = [[], [], [], []];
  const inner: Transport = {
    start: (events) => {
      peer = events;
    },
    send: (bytes) => (sent.push(bytes) < 3 ? "ok" : "full"),
    pause: () => calls.push("pause") > 0,
    resume: () => void calls.push("resume"),
    end: () => void calls.push("end"),
    established: () => void calls.push("established"),
    nextTurn: () => void calls.push("next turn"),
    abort: (reason) => void calls.push(`abort ${reason}`),
  };
  transport = new TamperingTransport(inner, (flip) => flips.push(flip));
  transport.start({
    data: (bytes) => received.push(bytes),
    drain: () => calls.push("drained"),
    end: () => calls.push("ended"),
    error: (error) => calls.push(`error ${String(error)}`),
  });
});

const join = (parts: readonly Uint8Array[]): number[] => parts.flatMap((part) => [...part]);

describe("without a target, TamperingTransport", () => {
  test("passes all records unaltered in both directions", () => {
    const all = [handshake(2), handshake(16), applicationData];
    transport.send(Uint8Array.from(join(all)));
    peer.data(Uint8Array.from(join(all)));
    expect([sent, received, flips]).toEqual([all, all, []]);
  });

  test("joins single bytes and passes them on as whole records", () => {
    for (const byte of join([handshake(2), applicationData])) peer.data(Uint8Array.of(byte));
    expect(received).toEqual([handshake(2), applicationData]);
  });

  test("passes on the other methods and events of the inner transport", () => {
    expect([transport.send(handshake(1)), transport.send(handshake(1)), transport.send(handshake(1))]).toEqual([
      "ok",
      "ok",
      "full",
    ]);
    expect(transport.pause()).toBe(true);
    transport.resume();
    transport.established();
    transport.nextTurn?.(() => {});
    transport.end();
    transport.abort("bad_record_mac");
    peer.drain();
    peer.end();
    peer.error(new Error("lost"));
    expect(calls).toEqual([
      "pause",
      "resume",
      "established",
      "next turn",
      "end",
      "abort bad_record_mac",
      "drained",
      "ended",
      "error Error: lost",
    ]);
  });
});

describe.each<{ target: FlipTarget; direction: Flip["direction"]; targeted: Uint8Array; offset: number }>([
  { target: "server_hello", direction: "received", targeted: handshake(2), offset: 26 },
  { target: "client_key_exchange", direction: "sent", targeted: handshake(16), offset: 57 },
  { target: "client_hello", direction: "sent", targeted: handshake(1), offset: 26 },
  { target: "certificate", direction: "received", targeted: handshake(11), offset: 57 },
  { target: "message", direction: "sent", targeted: applicationData, offset: 44 },
  { target: "echo", direction: "received", targeted: applicationData, offset: 44 },
])("with the target $target, TamperingTransport", ({ target, direction, targeted, offset }) => {
  const pass = (passDirection: Flip["direction"], bytes: Uint8Array): Uint8Array | undefined => {
    if (passDirection === "received") peer.data(bytes);
    else transport.send(bytes);
    return (passDirection === "received" ? received : sent).at(-1);
  };

  test("flips one bit in the first record that is the target, reports the flip, and alters no later record", () => {
    transport.attack = { type: "flip", target };
    const altered = targeted.slice();
    altered[offset] = 1;
    expect(pass(direction, targeted)).toEqual(altered);
    expect(flips).toEqual([{ type: "flip", direction, record: targeted, offset, before: 0, after: 1 }]);
    expect(transport.attack).toBeUndefined();
    expect(pass(direction, targeted)).toEqual(targeted);
    expect(flips).toHaveLength(1);
  });

  test("does not alter other records or the other direction, and keeps the target", () => {
    transport.attack = { type: "flip", target };
    const other = direction === "sent" ? "received" : "sent";
    expect(pass(other, targeted)).toEqual(targeted);
    for (const unrelated of [handshake(15), handshake(13), record(21, 2, 40)])
      expect(pass(direction, unrelated)).toEqual(unrelated);
    expect([flips, transport.attack]).toEqual([[], { type: "flip", target }]);
  });
});

test("a flip alters the chosen byte of a message that shares its record with others", () => {
  transport.attack = { type: "flip", target: "server_key_exchange", byte: 6 };
  const flight = record(22, 2, 0, 0, 1, 9, 12, 0, 0, 4, 1, 2, 3, 4, 14, 0, 0, 0);
  peer.data(flight);
  expect(flips).toMatchObject([{ offset: 5 + 5 + 6, before: 3, after: 2 }]);
});

test("a flip of Finished alters the first handshake record after ChangeCipherSpec", () => {
  transport.attack = { type: "flip", target: "finished" };
  const encrypted = record(22, ...zeros(40));
  for (const sending of [handshake(16), record(20, 1), encrypted]) transport.send(sending);
  expect(flips).toMatchObject([{ direction: "sent", record: encrypted, offset: 44 }]);
});

test("a replay sends the next record of application data twice", () => {
  transport.attack = { type: "replay" };
  for (const sending of [handshake(16), applicationData, applicationData]) transport.send(sending);
  expect(sent).toEqual([handshake(16), applicationData, applicationData, applicationData]);
  expect(flips).toEqual([{ type: "replay", direction: "sent", record: applicationData }]);
});

test("a cut ends the transport instead of sending the next record of application data", async () => {
  transport.attack = { type: "cut" };
  transport.send(applicationData);
  await Promise.resolve();
  peer.data(applicationData);
  peer.end();
  expect([sent, received, flips, calls]).toEqual([[], [], [{ type: "cut" }], ["abort cut", "ended"]]);
});
