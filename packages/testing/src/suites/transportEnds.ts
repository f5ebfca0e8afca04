/**
 * How every transport has to end: by either side, in order, by abort, by an error, and what may follow.
 * @module
 */

import { assert, type Check, later, pattern, until } from "./transportSide.ts";

export function checkEnds(check: Check): void {
  check("ends after what was sent", async ({ a, b }) => {
    a.start();
    b.start();
    b.established();
    a.send(pattern(300_000));
    a.end();
    await until(() => b.ends === 1, "no end");
    assert(b.length === 300_000, `end after ${b.length} of 300000 bytes`);
    b.end();
    await until(() => a.ends === 1, "no end of the other side");
  });

  check("ends right after start, and sends before it", async ({ a, b }) => {
    a.start();
    a.send(pattern(7));
    a.end();
    b.start();
    await until(() => b.ends === 1, "no end");
    b.equals(pattern(7));
  });

  check("both may end at once, and twice", async ({ a, b }) => {
    a.start();
    b.start();
    a.send(pattern(5));
    b.send(pattern(5));
    await a.received(5);
    await b.received(5);
    a.end();
    b.end();
    a.end();
    b.end();
    await until(() => a.ends === 1 && b.ends === 1, "no end");
  });

  check("goes on sending after the peer has ended, where it can", async ({ a, b, endHalf }) => {
    a.start();
    b.start();
    if (!endHalf) return;
    a.send(pattern(5));
    await b.received(5);
    endHalf();
    await until(() => b.ends === 1, "no end");
    await later(20);
    assert(b.send(pattern(100_000)) !== "gone", "the carrier is said to be gone");
    b.end();
    await until(() => a.ends === 1, "no end of the other side");
    a.equals(pattern(100_000));
    assert(b.ends === 1, "no end, or two");
  });

  check("closeWrite ends our side behind what was sent, and the peer goes on, where it can", async ({ a, b }) => {
    a.start();
    b.start();
    a.send(pattern(50_000));
    if (!a.closeWrite()) return;
    assert(a.send(pattern(10)) === "gone", "it takes bytes after closeWrite");
    await until(() => b.ends === 1, "no end");
    b.equals(pattern(50_000));
    await later(20);
    assert(b.send(pattern(100_000)) !== "gone", "the carrier is said to be gone");
    await a.received(100_000);
    a.equals(pattern(100_000));
    a.end();
    b.end();
    await until(() => a.ends === 1, "no end of the other side");
  });

  check("error after end, once, and nothing behind it", async ({ a, b, gone }) => {
    a.start();
    b.start();
    b.send(pattern(1000));
    await a.received(1000);
    if (gone) gone();
    else {
      b.end();
      a.end();
    }
    await until(() => a.errors.length === 1, "no error");
    assert(a.ends === 1, "no end before the error");
    assert(a.send(pattern(10)) === "gone", "it takes what it cannot send");
    a.resume();
    a.end();
    await later(30);
  });

  check("error reaches a paused receiver, behind what had come", async ({ a, b, reset }) => {
    a.start();
    b.start();
    if (!reset) return;
    a.onData = (bytes) => {
      a.copies.push(bytes);
      a.pause();
    };
    for (let at = 0; at < 1000; at += 100) b.send(pattern(1000).slice(at, at + 100));
    await until(() => a.length > 0, "no data");
    await later(20);
    reset();
    // Who neither reads nor writes does not hear from a kernel that the peer is gone.
    for (let tries = 0; a.errors.length === 0; tries++) {
      assert(tries < 20_000, "no error");
      a.send(pattern(1));
      await later(2);
    }
    await later(20);
    a.equals(pattern(1000).slice(0, a.length));
  });

  check("send on a dead carrier says gone", async ({ a, b, reset }) => {
    a.start();
    b.start();
    if (!reset) return;
    b.send(pattern(5));
    await a.received(5);
    reset();
    await until(() => a.errors.length === 1, "no error");
    for (const length of [10, 2 ** 20, 1]) assert(a.send(pattern(length)) === "gone", "it takes what it cannot send");
    await later(20);
  });

  check("send after our own end or abort says gone", async ({ a, b }) => {
    a.start();
    b.start();
    a.send(pattern(5));
    await b.received(5);
    a.end();
    assert(a.send(pattern(10)) === "gone", "it takes bytes after end");
    b.abort("enough");
    assert(b.send(pattern(10)) === "gone", "it takes bytes after abort");
    await until(() => a.ends + a.errors.length > 0, "the peer does not notice");
    assert(b.length === 5, "what was sent after the end arrived");
  });

  check("abort delivers what was sent, and is followed by no event", async ({ a, b }) => {
    a.start();
    b.start();
    b.send(pattern(50_000));
    a.send(pattern(1000));
    a.abort("bad_record_mac \u2026 with a reason that is longer than what fits a close frame".padEnd(300, "!"));
    await until(() => b.ends + b.errors.length > 0, "the peer does not notice");
    b.equals(pattern(1000));
    await later(30);
    assert(a.length + a.ends + a.drains + a.errors.length === 0, "an event after abort");
  });

  check("abort right after start still delivers", async ({ a, b }) => {
    a.start();
    a.send(pattern(7));
    a.abort("no");
    b.start();
    await until(() => b.ends + b.errors.length > 0, "the peer does not notice");
    b.equals(pattern(7));
  });

  check("abort from inside data is followed by no event", async ({ a, b }) => {
    a.start();
    b.start();
    let calls = 0;
    b.onData = () => {
      calls++;
      b.abort("enough");
    };
    for (let sent = 0; sent < 10; sent++) a.send(pattern(10));
    a.end();
    await until(() => calls > 0, "no data");
    await later(50);
    assert(calls === 1, `${calls} calls of data although aborted in the first`);
    assert(b.ends + b.errors.length === 0, "an event after abort");
  });

  check("methods after the end do no harm", async ({ a, b }) => {
    a.start();
    b.start();
    a.end();
    b.end();
    await until(() => a.ends === 1 && b.ends === 1, "no end");
    for (const side of [a, b]) {
      side.send(pattern(10));
      side.pause();
      side.resume();
      side.end();
      side.abort("over");
      side.abort("over");
    }
    await later(20);
  });

  check("has an error when the carrier breaks", async ({ a, b, reset }) => {
    a.start();
    b.start();
    if (!reset) return;
    b.send(pattern(5));
    await a.received(5);
    reset();
    await until(() => a.errors.length === 1, "no error");
    await later(20);
  });

  check("has an error when a text message comes", async ({ a, b, text }) => {
    a.start();
    b.start();
    if (!text) return;
    text();
    await until(() => a.errors.length === 1, "no error");
    b.send(pattern(5));
    await later(20);
    assert(a.length === 0, "data after the error");
  });
}
