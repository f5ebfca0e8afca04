import { expect, test } from "vitest";
import { KeyRing } from "../src/keyRing.ts";

const times = { window: 1_000, lifetime: 2_000, lead: 300 };

/** A ring with a clock of its own. */
function ringAt(time: number) {
  const clock = { time };
  return { clock, ring: new KeyRing(times, () => clock.time) };
}
const rotate = (ring: KeyRing): string => {
  const { text } = ring.completed();
  ring.merge(text);
  return text;
};

test("an empty ring has no key, and its first two keys are one that encrypts and the next one", () => {
  const { clock, ring } = ringAt(5_000);
  expect(ring.ticketKeys()).toEqual([]);
  expect(ring.isUpToDate("[]")).toBe(false);
  const text = rotate(ring);
  expect(ring.isUpToDate(text)).toBe(true);
  expect(ring.isUpToDate("[]")).toBe(false);
  expect(ring.next).toBe(6_000);
  const [first, second] = ring.ticketKeys();
  clock.time = 5_999;
  expect(ring.ticketKeys()[0]).toBe(first);
  clock.time = 6_000;
  expect(ring.ticketKeys()).toEqual([second, first]);
  expect(ring.isUpToDate(text)).toBe(false);
});

test("a key opens for a window and a lifetime, and is then overwritten", () => {
  const { clock, ring } = ringAt(0);
  rotate(ring);
  const [first] = ring.ticketKeys() as [Uint8Array];
  clock.time = 2_999;
  expect(ring.ticketKeys()).toContain(first);
  clock.time = 3_000;
  expect(ring.ticketKeys()).not.toContain(first);
  expect(first).toEqual(new Uint8Array(48));
});

test("in a long run of processes that read in turn, no key encrypts before each has it", () => {
  const clock = { time: 0 };
  const rings = Array.from({ length: 5 }, () => new KeyRing(times, () => clock.time));
  let stored = "[]";
  for (let step = 0; step < 500; step++) {
    clock.time += 60;
    const ring = rings[step % 5] as KeyRing;
    ring.merge(stored);
    if (!ring.isUpToDate(stored)) stored = rotate(ring);
    if (step < 5) continue;
    const names = rings.map((one) => one.ticketKeys().map((key) => Buffer.from(key).toString("hex")));
    const sealing = new Set(names.map(([first]) => first));
    expect(sealing.size, `the keys that encrypt at ${clock.time}`).toBe(1);
    expect(names.every((all) => [...sealing].every((one) => all.includes(one as string)))).toBe(true);
  }
});

test("after a time without a leader, the next key waits until all can have it", () => {
  const { clock, ring } = ringAt(0);
  rotate(ring);
  clock.time = 2_500;
  rotate(ring);
  expect(ring.next).toBe(2_800);
});

test("a process with a slow clock encrypts with a key that the others have", () => {
  const fast = ringAt(10_000).ring;
  const slow = ringAt(0).ring;
  slow.merge(rotate(fast));
  expect(slow.ticketKeys()[0]).toEqual(fast.ticketKeys()[0]);
});

test("two rings that were made apart agree once they are merged", () => {
  const [one, other] = [ringAt(0).ring, ringAt(0).ring];
  const [text, otherText] = [rotate(one), rotate(other)];
  one.merge(otherText);
  other.merge(text);
  expect(one.ticketKeys()).toEqual(other.ticketKeys());
  expect(one.isUpToDate(text)).toBe(false);
  expect(one.isUpToDate(one.completed().text)).toBe(true);
  one.clear();
  expect(one.size).toBe(0);
});
