/**
 * Checks how a transport ends: by either side, cleanly, by abort or by an error, and which events may follow.
 * @module
 */

import { assert, type Check, pattern, sleep, until } from "./transportSide.ts";

export function checkEnds(check: Check): void {
  check("the end event follows the bytes sent before it", async ({ a, b }) => {
    a.start();
    b.start();
    b.established();
    a.send(pattern(300_000));
    a.end();
    await until(() => b.ends === 1, "no end event");
    assert(b.length === 300_000, `the end came after ${b.length} of 300000 bytes`);
    b.end();
    await until(() => a.ends === 1, "the other side got no end");
  });

  check("bytes that are sent right after start, and the end after them, arrive", async ({ a, b }) => {
    a.start();
    a.send(pattern(7));
    a.end();
    b.start();
    await until(() => b.ends === 1, "no end event");
    b.equals(pattern(7));
  });

  check("both sides can end at once, and can call end twice", async ({ a, b }) => {
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
    await until(() => a.ends === 1 && b.ends === 1, "no end event");
  });

  check("a side still sends after the peer has ended, if the transport can be half-open", async ({ a, b, endHalf }) => {
    a.start();
    b.start();
    if (!endHalf) return;
    a.send(pattern(5));
    await b.received(5);
    endHalf();
    await until(() => b.ends === 1, "no end event");
    await sleep(20);
    assert(b.send(pattern(100_000)) !== "gone", 'send returned "gone" on a half-open transport');
    b.end();
    await until(() => a.ends === 1, "the other side got no end");
    a.equals(pattern(100_000));
    assert(b.ends === 1, "not exactly one end event");
  });

  check(
    "closeWrite ends one direction, and the peer still sends, if the transport can be half-open",
    async ({ a, b }) => {
      a.start();
      b.start();
      a.send(pattern(50_000));
      if (!a.closeWrite()) return;
      assert(a.send(pattern(10)) === "gone", "send took bytes after closeWrite");
      await until(() => b.ends === 1, "no end event");
      b.equals(pattern(50_000));
      await sleep(20);
      assert(b.send(pattern(100_000)) !== "gone", 'send returned "gone" on a half-open transport');
      await a.received(100_000);
      a.equals(pattern(100_000));
      a.end();
      b.end();
      await until(() => a.ends === 1, "the other side got no end");
    },
  );

  check(
    "after both directions have ended, one error follows, and no event follows the error",
    async ({ a, b, gone }) => {
      a.start();
      b.start();
      b.send(pattern(1000));
      await a.received(1000);
      if (gone) gone();
      else {
        b.end();
        a.end();
      }
      await until(() => a.errors.length === 1, "no error event");
      assert(a.ends === 1, "no end event before the error");
      assert(a.send(pattern(10)) === "gone", "send took bytes that it cannot send");
      a.resume();
      a.end();
      await sleep(30);
    },
  );

  check("a paused receiver gets the error, after the bytes that had arrived", async ({ a, b, reset }) => {
    a.start();
    b.start();
    if (!reset) return;
    a.onData = (bytes) => {
      a.copies.push(bytes);
      a.pause();
    };
    for (let at = 0; at < 1000; at += 100) b.send(pattern(1000).slice(at, at + 100));
    await until(() => a.length > 0, "no data event");
    await sleep(20);
    reset();
    // A kernel does not report a reset to a socket that neither reads nor writes, so this test writes.
    for (let tries = 0; a.errors.length === 0; tries++) {
      assert(tries < 20_000, "no error event");
      a.send(pattern(1));
      await sleep(2);
    }
    await sleep(20);
    a.equals(pattern(1000).slice(0, a.length));
  });

  check('send returns "gone" after the error', async ({ a, b, reset }) => {
    a.start();
    b.start();
    if (!reset) return;
    b.send(pattern(5));
    await a.received(5);
    reset();
    await until(() => a.errors.length === 1, "no error event");
    for (const length of [10, 2 ** 20, 1])
      assert(a.send(pattern(length)) === "gone", "send took bytes that it cannot send");
    await sleep(20);
  });

  check('send returns "gone" after end and after abort', async ({ a, b }) => {
    a.start();
    b.start();
    a.send(pattern(5));
    await b.received(5);
    a.end();
    assert(a.send(pattern(10)) === "gone", "send took bytes after end");
    b.abort("enough");
    assert(b.send(pattern(10)) === "gone", "send took bytes after abort");
    await until(() => a.ends + a.errors.length > 0, "the peer got neither end nor error");
    assert(b.length === 5, "bytes that were sent after the end arrived");
  });

  check("abort delivers the bytes sent before, and no event follows it", async ({ a, b }) => {
    a.start();
    b.start();
    b.send(pattern(50_000));
    a.send(pattern(1000));
    a.abort("bad_record_mac \u2026 with a reason that is longer than a close frame may hold".padEnd(300, "!"));
    await until(() => b.ends + b.errors.length > 0, "the peer got neither end nor error");
    b.equals(pattern(1000));
    await sleep(30);
    assert(a.length + a.ends + a.drains + a.errors.length === 0, "an event after abort");
  });

  check("abort right after start delivers the bytes sent before", async ({ a, b }) => {
    a.start();
    a.send(pattern(7));
    a.abort("no");
    b.start();
    await until(() => b.ends + b.errors.length > 0, "the peer got neither end nor error");
    b.equals(pattern(7));
  });

  check("no event follows an abort inside the data handler", async ({ a, b }) => {
    a.start();
    b.start();
    let calls = 0;
    b.onData = () => {
      calls++;
      b.abort("enough");
    };
    for (let sent = 0; sent < 10; sent++) a.send(pattern(10));
    a.end();
    await until(() => calls > 0, "no data event");
    await sleep(50);
    assert(calls === 1, `${calls} data events, although the first one aborted`);
    assert(b.ends + b.errors.length === 0, "an event after abort");
  });

  check("after both directions have ended, methods neither throw nor cause an event", async ({ a, b }) => {
    a.start();
    b.start();
    a.end();
    b.end();
    await until(() => a.ends === 1 && b.ends === 1, "no end event");
    for (const side of [a, b]) {
      side.send(pattern(10));
      side.pause();
      side.resume();
      side.end();
      side.abort("the test has ended");
      side.abort("the test has ended");
    }
    await sleep(20);
  });

  check("a broken connection causes an error event", async ({ a, b, reset }) => {
    a.start();
    b.start();
    if (!reset) return;
    b.send(pattern(5));
    await a.received(5);
    reset();
    await until(() => a.errors.length === 1, "no error event");
    await sleep(20);
  });

  check("a text message causes an error event, and no data follows", async ({ a, b, text }) => {
    a.start();
    b.start();
    if (!text) return;
    text();
    await until(() => a.errors.length === 1, "no error event");
    b.send(pattern(5));
    await sleep(20);
    assert(a.length === 0, "data after the error");
  });
}
