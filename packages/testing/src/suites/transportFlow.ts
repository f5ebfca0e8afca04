/**
 * Checks how a transport delivers bytes: order, backpressure, pauses, and the memory that it lends.
 * @module
 */

import { join } from "../join.ts";
import { assert, assertSame, type Check, pattern, sleep, until } from "./transportSide.ts";

export function checkFlow(check: Check): void {
  check("delivers bytes in both directions, also bytes sent right after start", async ({ a, b }) => {
    a.start();
    a.send(pattern(10));
    b.start();
    b.send(pattern(20));
    await b.received(10);
    await a.received(20);
    a.equals(pattern(20));
    b.equals(pattern(10));
  });

  check("keeps bytes that arrive before start", async ({ a, b }) => {
    a.start();
    a.send(pattern(1000));
    await sleep(50);
    b.start();
    await b.received(1000);
    b.equals(pattern(1000));
  });

  check("delivers sends of many sizes in order and intact", async ({ a, b }) => {
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
    assertSame(join(b.copies), pattern(5000));
  });

  check('send returns "full" when there is no room, and a drain event follows', async ({ a, b }) => {
    a.start();
    b.start();
    b.pause();
    const piece = 65_536;
    let sent = 0;
    let full = 0;
    // The connection has buffers of its own, such as the kernel's. If the receiver can pause, this loop fills these
    // too.
    do {
      for (let more = true; more; sent += piece) {
        assert(sent < 2 ** 26, 'send took 64 MiB and did not return "full"');
        more = a.send(pattern(piece)) === "ok";
      }
      full++;
      await sleep(30);
    } while (b.canPause && a.drains === full);
    b.resume();
    await b.received(sent);
    await until(() => a.drains === full, "no drain event");
    await sleep(20);
    assert(a.drains === full, `${a.drains} drain events, and "full" ${full} times`);
  });

  check("pauses and resumes, if it can", async ({ a, b, pausesAtOnce = true }) => {
    a.start();
    b.start();
    a.send(pattern(100));
    await b.received(100);
    b.pause();
    a.send(pattern(100));
    a.send(pattern(100));
    a.end();
    await sleep(50);
    if (b.canPause && pausesAtOnce)
      assert(b.length === 100 && b.ends === 0, "an event came while the transport was paused");
    b.resume();
    await b.received(300);
    await until(() => b.ends === 1, "no end event");
  });

  check("can be paused inside the data handler", async ({ a, b, pausesAtOnce = true }) => {
    a.start();
    b.start();
    let calls = 0;
    b.onData = () => {
      calls++;
      b.pause();
    };
    for (let sent = 0; sent < 10; sent++) {
      a.send(pattern(100));
      await sleep();
    }
    await until(() => calls > 0, "no data event");
    await sleep(20);
    if (b.canPause && pausesAtOnce) assert(calls === 1, `${calls} data events, although the first one paused`);
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

  check("memory: every byte that was sent is given back once", async ({ a, b }) => {
    const { memory } = a.transport;
    if (!memory) {
      a.start();
      return;
    }
    const returned = new Map<ArrayBufferLike, Uint8Array>();
    let returnedCount = 0;
    const release = memory.release;
    // The test keeps the memory that is given back, so that it can count each byte.
    memory.release = (bytes) => {
      const marks = returned.get(bytes.buffer);
      if (!marks) return;
      returnedCount += bytes.length;
      marks.fill(1, bytes.byteOffset, bytes.byteOffset + bytes.length);
      // If the transport still reads the memory, it now sends wrong bytes, as if the memory were lent again.
      bytes.fill(0xee);
    };
    try {
      const lengths = [1, 100, 16_413, 3 * 16_413, 66_560, 66_560, 20_000, 2_000_000, 500, 66_560];
      const contents: Uint8Array[] = [];
      const lend = (length: number): Uint8Array => {
        const bytes = memory.allocate(length);
        const content = pattern(length + contents.length).subarray(contents.length);
        bytes.set(content);
        contents.push(content);
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
      const all = join(contents);
      await b.received(all.length);
      b.equals(all);
      a.end();
      assert(a.send(lend(1000)) === "gone", "send took bytes after end");
      const sent = all.length + 1000;
      const countDistinct = (): number =>
        [...returned.values()].reduce((sum, marks) => marks.reduce((count, mark) => count + mark, sum), 0);
      await until(
        () => returnedCount >= sent,
        () => `${returnedCount} of ${sent} bytes were given back`,
      );
      await sleep(20);
      assert(
        returnedCount === sent && countDistinct() === sent,
        `of ${sent} bytes, ${returnedCount} were given back, ${countDistinct()} of them different`,
      );
    } finally {
      memory.release = release;
    }
  });
}
