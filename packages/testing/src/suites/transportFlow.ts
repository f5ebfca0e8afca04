/**
 * What every transport has to do with bytes: order, room, pauses, and the memory that they are in.
 * @module
 */

import { join } from "../join.ts";
import { assert, type Check, later, pattern, same, until } from "./transportSide.ts";

export function checkFlow(check: Check): void {
  check("carries bytes both ways, sent right after start", async ({ a, b }) => {
    a.start();
    a.send(pattern(10));
    b.start();
    b.send(pattern(20));
    await b.received(10);
    await a.received(20);
    a.equals(pattern(20));
    b.equals(pattern(10));
  });

  check("keeps what arrives before start", async ({ a, b }) => {
    a.start();
    a.send(pattern(1000));
    await later(50);
    b.start();
    await b.received(1000);
    b.equals(pattern(1000));
  });

  check("delivers in order and intact, whatever the sizes", async ({ a, b }) => {
    a.start();
    b.start();
    a.established();
    b.established();
    const sizes = [1, 2, 125, 126, 127, 16_389, 65_535, 65_536, 65_537, 3, 262_144, 500_000, 1, 1_500_000];
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const all = pattern(total);
    let at = 0;
    for (const size of sizes) {
      if (a.send(all.slice(at, at + size)) === "full") await a.drained();
      at += size;
    }
    await b.received(total);
    b.equals(all);
  });

  check("delivers arrays that the receiver may change", async ({ a, b }) => {
    a.start();
    b.start();
    b.onData = (bytes) => {
      b.copies.push(bytes.slice());
      bytes.fill(0xff);
    };
    for (let at = 0; at < 5000; at += 100) a.send(pattern(5000).slice(at, at + 100));
    await b.received(5000);
    same(join(b.copies), pattern(5000));
  });

  check('says "full" when it is, then drain', async ({ a, b }) => {
    a.start();
    b.start();
    b.pause();
    const piece = 65_536;
    let sent = 0;
    let full = 0;
    // The carrier has buffers of its own (a kernel's): where the receiver can pause, go on until even those are full.
    do {
      for (let more = true; more; sent += piece) {
        assert(sent < 2 ** 26, "took 64 MiB and was not full");
        more = a.send(pattern(piece)) === "ok";
      }
      full++;
      await later(30);
    } while (b.pauses && a.drains === full);
    b.resume();
    await b.received(sent);
    await until(() => a.drains === full, "no drain");
    await later(20);
    assert(a.drains === full, `${a.drains} times drain for ${full} times "full"`);
  });

  check("pauses and resumes, where it can", async ({ a, b }) => {
    a.start();
    b.start();
    a.send(pattern(100));
    await b.received(100);
    b.pause();
    a.send(pattern(100));
    a.send(pattern(100));
    a.end();
    await later(50);
    if (b.pauses) assert(b.length === 100 && b.ends === 0, "something came while it was paused");
    b.resume();
    await b.received(300);
    await until(() => b.ends === 1, "no end");
  });

  check("may be paused from inside data", async ({ a, b }) => {
    a.start();
    b.start();
    let calls = 0;
    b.onData = () => {
      calls++;
      b.pause();
    };
    for (let sent = 0; sent < 10; sent++) {
      a.send(pattern(100));
      await later();
    }
    await until(() => calls > 0, "no data");
    await later(20);
    if (b.pauses) assert(calls === 1, `${calls} calls of data although paused in the first`);
    b.onData = undefined;
    b.resume();
    await b.received(1000);
  });

  check("delivers 80 KiB at once before the handshake is done", async ({ a, b }) => {
    a.start();
    b.start();
    a.send(pattern(81_920));
    await b.received(81_920);
    b.equals(pattern(81_920));
  });

  check("memory: every byte that was sent comes back once", async ({ a, b }) => {
    const { memory } = a.transport;
    if (!memory) {
      a.start();
      return;
    }
    const returned = new Map<ArrayBufferLike, Uint8Array>();
    let back = 0;
    const give = memory.give;
    // It is lent once only here, so that each byte can be counted.
    memory.give = (bytes) => {
      const times = returned.get(bytes.buffer);
      if (!times) return;
      back += bytes.length;
      times.fill(1, bytes.byteOffset, bytes.byteOffset + bytes.length);
      // Whoever still reads it reads something else now, as when it is lent again.
      bytes.fill(0xee);
    };
    try {
      const lengths = [1, 100, 16_413, 3 * 16_413, 66_560, 66_560, 20_000, 2_000_000, 500, 66_560];
      const wanted: Uint8Array[] = [];
      const lend = (length: number): Uint8Array => {
        const bytes = memory.take(length);
        const content = pattern(length + wanted.length).subarray(wanted.length);
        bytes.set(content);
        wanted.push(content);
        returned.set(bytes.buffer, new Uint8Array(bytes.buffer.byteLength));
        return bytes;
      };
      a.start();
      a.established();
      b.start();
      b.established();
      for (const length of lengths) if (a.send(lend(length)) === "full") await a.drained();
      b.pause();
      for (let more = 64; more && a.send(lend(66_560)) === "ok"; more--);
      b.resume();
      const all = join(wanted);
      await b.received(all.length);
      b.equals(all);
      a.end();
      assert(a.send(lend(1000)) === "gone", "it takes bytes after end");
      const sent = all.length + 1000;
      const total = (): number =>
        [...returned.values()].reduce((sum, times) => times.reduce((count, n) => count + n, sum), 0);
      await until(
        () => back >= sent,
        () => `${back} of ${sent} bytes came back`,
      );
      await later(20);
      assert(back === sent && total() === sent, `${back} bytes came back, ${total()} different ones of ${sent}`);
    } finally {
      memory.give = give;
    }
  });
}
