import type { Transport, TransportEvents } from "@handclasp/core";
import { beforeEach, describe, expect, test } from "vitest";
import { type Flip, TamperingTransport, type Target } from "../../src/page/tamper.ts";

const record = (type: number, ...body: number[]): Uint8Array => Uint8Array.of(type, 3, 3, 0, body.length, ...body);
const zeros = (length: number): number[] => Array.from({ length }, () => 0);
const handshake = (type: number, length = 60): Uint8Array => record(22, type, 0, 0, length, ...zeros(length));
const applicationData = record(23, ...zeros(40));

let wire: Uint8Array[];
let got: Uint8Array[];
let flips: Flip[];
let calls: string[];
let peer: TransportEvents;
let transport: TamperingTransport;
beforeEach(() => {
  [wire, got, flips, calls] = [[], [], [], []];
  const inner: Transport = {
    start: (events) => {
      peer = events;
    },
    send: (bytes) => (wire.push(bytes) < 3 ? "ok" : "full"),
    pause: () => calls.push("pause") > 0,
    resume: () => void calls.push("resume"),
    end: () => void calls.push("end"),
    established: () => void calls.push("established"),
    nextTurn: () => void calls.push("next turn"),
    abort: (reason) => void calls.push(`abort ${reason}`),
  };
  transport = new TamperingTransport(inner, (flip) => flips.push(flip));
  transport.start({
    data: (bytes) => got.push(bytes),
    drain: () => calls.push("drained"),
    end: () => calls.push("ended"),
    error: (error) => calls.push(`error ${String(error)}`),
  });
});

const join = (parts: readonly Uint8Array[]): number[] => parts.flatMap((part) => [...part]);

describe("without a target", () => {
  test("everything passes unaltered, both ways", () => {
    const all = [handshake(2), handshake(16), applicationData];
    transport.send(Uint8Array.from(join(all)));
    peer.data(Uint8Array.from(join(all)));
    expect([wire, got, flips]).toEqual([all, all, []]);
  });

  test("what comes byte by byte goes on record by record", () => {
    for (const byte of join([handshake(2), applicationData])) peer.data(Uint8Array.of(byte));
    expect(got).toEqual([handshake(2), applicationData]);
  });

  test("the rest of the contract is the inner transport's", () => {
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

describe.each<{ target: Target; direction: Flip["direction"]; own: Uint8Array; offset: number }>([
  { target: "server_hello", direction: "received", own: handshake(2), offset: 26 },
  { target: "client_key_exchange", direction: "sent", own: handshake(16), offset: 57 },
  { target: "message", direction: "sent", own: applicationData, offset: 44 },
  { target: "echo", direction: "received", own: applicationData, offset: 44 },
])("target $target", ({ target, direction, own, offset }) => {
  const pass = (way: Flip["direction"], bytes: Uint8Array): Uint8Array | undefined => {
    if (way === "received") peer.data(bytes);
    else transport.send(bytes);
    return (way === "received" ? got : wire).at(-1);
  };

  test("alters one bit of the first such record, says which, and is done", () => {
    transport.target = target;
    const altered = own.slice();
    altered[offset] = 1;
    expect(pass(direction, own)).toEqual(altered);
    expect(flips).toEqual([{ direction, target, record: own, offset, before: 0, after: 1 }]);
    expect(transport.target).toBeUndefined();
    expect(pass(direction, own)).toEqual(own);
    expect(flips).toHaveLength(1);
  });

  test("leaves the other direction and other records alone, and waits", () => {
    transport.target = target;
    const other = direction === "sent" ? "received" : "sent";
    expect(pass(other, own)).toEqual(own);
    for (const bystander of [handshake(1), handshake(11), record(20, 1), record(21, 2, 40)])
      expect(pass(direction, bystander)).toEqual(bystander);
    expect([flips, transport.target]).toEqual([[], target]);
  });
});
