/** AbortSignal and the time limits of `createFetch`, under a virtual clock. */
import { TlsError } from "@handclasp/core";
import { describe, expect, test, vi } from "vitest";
import { pass, virtualTime } from "../ends/virtualTime.ts";
import { always, ok, type Peer, rawServer } from "./rawServer.ts";

virtualTime();

const answer = `${ok}Content-Length: 1\r\n\r\nx`;
const turns = async (): Promise<void> => {
  for (let i = 0; i < 50; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    // A connection over memory waits for its next turn with a timer.
    await pass(0);
  }
};
const never = (): Promise<never> => new Promise(() => {});

/** Settles a promise that may wait for nothing more, and returns its error. */
async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  let error: unknown = "pending";
  promise.then(
    () => {
      error = "resolved";
    },
    (reason: unknown) => {
      error = reason;
    },
  );
  await turns();
  return error;
}

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  const error = await errorOf(promise);
  const cause = (error as { cause?: unknown } | undefined)?.cause;
  return error instanceof TypeError && TlsError.is(cause) ? cause.code : error;
}

describe("a request that can never be sent rejects before any later microtask:", () => {
  test.each<[string, Parameters<typeof fetch>]>([
    ["an aborted signal", ["/", { signal: AbortSignal.abort() }]],
    ["a wrong method", ["/", { method: "A B" }]],
    ["a wrong URL", ["https://user:password@device.test/"]],
  ])("%s", async (_, args) => {
    const log: string[] = [];
    const request = rawServer(always(answer))
      .fetch()(...args)
      .catch(() => log.push("rejected"));
    const later = Promise.resolve().then(() => log.push("a later microtask"));
    await Promise.all([request, later]);
    expect(log).toEqual(["rejected", "a later microtask"]);
  });
});

test("a Request with an aborted signal counts as read, also in Firefox, whose Request has no body", async () => {
  const signal = AbortSignal.abort();
  const fetch = rawServer(always(answer)).fetch();
  const request = new Request("https://device.test/", { method: "POST", body: "a", signal });
  expect(await errorOf(fetch(request))).toMatchObject({ name: "AbortError" });
  expect(request.bodyUsed).toBe(true);
  const { url, method, headers } = request;
  const arrayBuffer = vi.fn(() => Promise.reject(new Error("no bytes")));
  const other = { url, method, headers, signal, arrayBuffer } as unknown as Request;
  expect(await errorOf(fetch(other))).toMatchObject({ name: "AbortError" });
  expect(arrayBuffer).toHaveBeenCalledOnce();
});

describe("a signal that aborts", () => {
  const reasons: readonly unknown[] = [undefined, new Error("mine"), "text", null, 0];
  const isReason = (error: unknown, reason: unknown): void => {
    if (reason === undefined) expect(error).toMatchObject({ name: "AbortError", constructor: DOMException });
    else expect(error).toBe(reason);
  };

  test.each(reasons)("before the request rejects with its reason: %s", async (reason) => {
    const server = rawServer(always(answer));
    isReason(await errorOf(server.fetch()("/", { signal: AbortSignal.abort(reason) })), reason);
    expect(server.urls).toEqual([]);
  });

  test("before the request cancels the stream of the body", async () => {
    let cancelled: unknown;
    const body = new ReadableStream({
      cancel(reason) {
        cancelled = reason;
      },
    });
    const server = rawServer(always(answer));
    const signal = AbortSignal.abort("why");
    expect(await errorOf(server.fetch()("/", { method: "POST", body, duplex: "half", signal }))).toBe("why");
    expect(cancelled).toBe("why");
  });

  test("right after the call cancels the stream of the body", async () => {
    let cancelled: unknown;
    const body = new ReadableStream({
      cancel(reason) {
        cancelled = reason;
      },
    });
    const server = rawServer(always(answer));
    const controller = new AbortController();
    const init = { method: "POST", body, duplex: "half" as const, signal: controller.signal };
    const request = server.fetch()("/", init);
    expect(body.locked).toBe(true);
    controller.abort("why");
    expect([await errorOf(request), cancelled]).toEqual(["why", "why"]);
    expect(server.urls).toEqual([]);
  });

  /** Each handler leaves the request waiting at one place. */
  const places: Readonly<Record<string, (peer: Peer) => Promise<unknown>>> = {
    "for the answer": async (peer) => peer.readHead().then(never),
    "after an informational response": async (peer) => {
      await peer.readHead();
      await peer.send("HTTP/1.1 103 Early Hints\r\n\r\n");
      await never();
    },
  };
  for (const [place, handler] of Object.entries(places))
    test.each(reasons)(`while the request waits ${place}: %s`, async (reason) => {
      const server = rawServer(handler);
      const controller = new AbortController();
      const request = server.fetch()("/", { signal: controller.signal });
      await turns();
      controller.abort(reason);
      isReason(await errorOf(request), reason);
      expect(await codeOf(server.peers[0]?.channel.closed as Promise<void>)).toMatchObject({ code: "user_canceled" });
    });

  test("while the request connects", async () => {
    const server = rawServer(always(answer));
    const controller = new AbortController();
    const request = server.fetchTo("wss://device.test/", { ...server.trust })("/", { signal: controller.signal });
    controller.abort();
    expect(await errorOf(request)).toMatchObject({ name: "AbortError" });
    expect(server.peers).toEqual([]);
  });

  test("while the request waits for a route, and other requests go on", async () => {
    let resolve = (_: { url: string; ca: string }): void => {};
    const server = rawServer(always(answer));
    const fetch = server.fetchTo(() => new Promise((done) => (resolve = done)), { origin: "https://device.test" });
    const controller = new AbortController();
    const first = fetch("/", { signal: controller.signal });
    const second = fetch("/");
    await turns();
    controller.abort("why");
    expect(await errorOf(first)).toBe("why");
    resolve({ ...server.trust, url: "wss://device.test/" });
    expect(await errorOf(second)).toBe("resolved");
  });

  test("while the request waits for a connection, which the next request gets", async () => {
    let answerFirst = (): void => {};
    const server = rawServer(async (peer) => {
      await peer.readHead();
      await new Promise<void>((resolve) => (answerFirst = resolve));
      await peer.send(answer);
      await always(answer)(peer);
    });
    const fetch = server.fetch({ maxConnections: 1 });
    const controller = new AbortController();
    const first = fetch("/1");
    const second = fetch("/2", { signal: controller.signal });
    const third = fetch("/3");
    await turns();
    controller.abort("why");
    expect(await errorOf(second)).toBe("why");
    answerFirst();
    expect(await errorOf(Promise.all([first, third]))).toBe("resolved");
  });

  test("while the body is sent cancels the stream", async () => {
    let cancelled: unknown;
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new Uint8Array(1)),
      cancel(reason) {
        cancelled = reason;
      },
    });
    const server = rawServer(never);
    const controller = new AbortController();
    const init = { method: "POST", body, duplex: "half" as const, signal: controller.signal };
    const request = server.fetch()("/", init);
    await turns();
    controller.abort("why");
    expect([await errorOf(request), cancelled]).toEqual(["why", "why"]);
  });

  test("while the body arrives fails the stream, also what waits to be read", async () => {
    const server = rawServer(async (peer) => {
      await peer.readHead();
      await peer.send(`${ok}Content-Length: 5\r\n\r\nab`);
      await never();
    });
    const controller = new AbortController();
    const request = server.fetch()("/", { signal: controller.signal });
    await turns();
    const response = await request;
    controller.abort("why");
    expect(await errorOf(response.text())).toBe("why");
    expect(await codeOf(server.peers[0]?.channel.closed as Promise<void>)).toMatchObject({ code: "user_canceled" });
  });

  test("after the body has arrived and before the program reads it fails the stream", async () => {
    const server = rawServer(always(answer));
    const controller = new AbortController();
    const request = server.fetch()("/", { signal: controller.signal });
    await turns();
    const response = await request;
    controller.abort("why");
    expect(await errorOf(response.text())).toBe("why");
  });

  test("after the program has read the body does nothing", async () => {
    const server = rawServer(always(answer));
    const controller = new AbortController();
    const fetch = server.fetch();
    const request = fetch("/", { signal: controller.signal });
    await turns();
    expect(await (await request).text()).toBe("x");
    controller.abort("why");
    await (await fetch("/")).text();
    expect(server.urls).toHaveLength(1);
  });
});

describe("a time limit", () => {
  test("ends an unused connection", async () => {
    const server = rawServer(always(answer));
    const fetch = server.fetch({ idleTimeout: 1000 });
    await (await fetch("/")).text();
    await pass(999);
    await (await fetch("/")).text();
    expect(server.urls).toHaveLength(1);
    await pass(1001);
    await turns();
    expect(await errorOf(server.peers[0]?.channel.closed as Promise<void>)).toBe("resolved");
    await (await fetch("/")).text();
    expect(server.urls).toHaveLength(2);
  });

  test("ends the wait for the head, which informational responses do not extend", async () => {
    const server = rawServer(async (peer) => {
      await peer.readHead();
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve, 300));
        await peer.send("HTTP/1.1 102 Processing\r\n\r\n");
      }
    });
    const request = server.fetch({ headerTimeout: 1000 })("/");
    await turns();
    await pass(990);
    await turns();
    expect(await errorOf(request)).toBe("pending");
    await pass(20);
    expect(await codeOf(request)).toBe("response_timeout");
  });

  test("ends the wait for the next bytes of a body", async () => {
    const server = rawServer(async (peer) => {
      await peer.readHead();
      await peer.send(`${ok}Content-Length: 9\r\n\r\nab`);
      await new Promise((resolve) => setTimeout(resolve, 900));
      await peer.send("c");
      await never();
    });
    const request = server.fetch({ bodyTimeout: 1000 })("/");
    await turns();
    const text = (await request).text();
    await pass(901);
    await turns();
    await pass(990);
    expect(await errorOf(text)).toBe("pending");
    await pass(20);
    expect(await codeOf(text)).toBe("response_timeout");
  });

  test("ends the wait for a server that reads no more of the request", async () => {
    const server = rawServer(never);
    const body = new Uint8Array(2 ** 25);
    const request = server.fetch({ headerTimeout: 1000 })("/", { method: "POST", body });
    await turns();
    await pass(1001);
    expect(await codeOf(request)).toBe("response_timeout");
  });

  test("ends the wait for the answer to a body", async () => {
    const server = rawServer(async (peer) => peer.readTo("abc").then(never));
    const request = server.fetch({ headerTimeout: 1000 })("/", { method: "POST", body: "abc" });
    await turns();
    await pass(990);
    expect(await errorOf(request)).toBe("pending");
    await pass(20);
    expect(await codeOf(request)).toBe("response_timeout");
  });

  test("does not end the wait for the program's own stream", async () => {
    let push = (): void => {};
    const body = new ReadableStream({
      start(controller) {
        push = () => {
          controller.enqueue(new Uint8Array(1));
          controller.close();
        };
      },
    });
    const server = rawServer(async (peer) => {
      await peer.readHead();
      await peer.readTo("0\r\n\r\n");
      await peer.send(answer);
    });
    const request = server.fetch({ headerTimeout: 1000 })("/", { method: "POST", body, duplex: "half" });
    await turns();
    await pass(10_000);
    expect(await errorOf(request)).toBe("pending");
    push();
    expect(await errorOf(request)).toBe("resolved");
  });

  test("ends the wait for a free connection", async () => {
    const server = rawServer(async (peer) => {
      await peer.readHead();
      await peer.send(`${ok}Content-Length: 999999\r\n\r\n${"x".repeat(200_000)}`);
      await never();
    });
    const fetch = server.fetch({ maxConnections: 1, headerTimeout: 1000 });
    const first = fetch("/");
    await turns();
    await first;
    const second = fetch("/");
    await turns();
    await pass(1001);
    expect(await codeOf(second)).toBe("no_free_connection");
  });
});

test("an ignored fetch that fails is no unhandled rejection", async () => {
  void rawServer(never).fetch()("https://[");
  void rawServer((peer) => Promise.resolve(peer.channel.abort())).fetch()("/");
  await turns();
});
