/** Bodies of `createFetch`: streaming, back-pressure, early answers and failures. */
import { TlsError } from "@handclasp/core";
import { describe, expect, test } from "vitest";
import { always, ok, type Peer, rawServer } from "./rawServer.ts";

const answer = `${ok}Content-Length: 1\r\n\r\nx`;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function failureOf(promise: Promise<unknown> | undefined): Promise<unknown> {
  const error = await promise?.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(TypeError);
  const { cause } = error as TypeError;
  return TlsError.is(cause) ? cause.code : cause;
}

describe("a Response", () => {
  test("is one of the platform, with the properties that fetch gives", async () => {
    const server = rawServer(
      always(`HTTP/1.1 201 Made\r\nX-A: b\r\nX-A: c\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n${answer.slice(ok.length)}`),
    );
    const response = await server.fetch()("/p?q#f");
    const { status, statusText, url, type, redirected } = response;
    expect(response).toBeInstanceOf(Response);
    expect([status, statusText, url, type, redirected, response.ok]).toEqual([
      201,
      "Made",
      "https://device.test/p?q",
      "basic",
      false,
      true,
    ]);
    expect([response.headers.get("x-a"), response.headers.getSetCookie()]).toEqual(["b, c", ["a", "b"]]);
    const copy = response.clone();
    expect([copy.url, copy.type, await copy.text(), await response.text()]).toEqual([url, "basic", "x", "x"]);
  });

  test.each([
    ["HEAD", `${ok}Content-Length: 5\r\n\r\n`],
    ["HEAD", `HTTP/1.1 103 Early Hints\r\n\r\n${ok}Transfer-Encoding: chunked\r\n\r\n`],
    ["HEAD", `${ok}Content-Encoding: gzip\r\n\r\n`],
    ["GET", "HTTP/1.1 204 No Content\r\n\r\n"],
    ["GET", "HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n"],
    ["GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"],
  ])("to %s has no body, and its connection is used again: %j", async (method, response) => {
    const server = rawServer(always(response));
    const fetch = server.fetch();
    for (let i = 0; i < 2; i++) expect((await fetch("/", { method })).body).toBe(null);
    expect(server.urls).toHaveLength(1);
  });

  test("with the status 205 and a body ends its connection", async () => {
    const server = rawServer(always("HTTP/1.1 205 Reset\r\nContent-Length: 500000\r\n\r\nx"));
    const fetch = server.fetch();
    for (let i = 0; i < 2; i++) expect((await fetch("/")).body).toBe(null);
    expect(server.urls).toHaveLength(2);
  });
});

describe("the body of a response", () => {
  test("arrives piece by piece", async () => {
    let next = (): void => {};
    const server = rawServer(async (peer) => {
      await peer.readHead();
      await peer.send(`${ok}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n`);
      await new Promise<void>((resolve) => (next = resolve));
      await peer.send("1\r\nb\r\n0\r\n\r\n");
    });
    const reader = (await server.fetch()("/")).body?.getReader();
    expect((await reader?.read())?.value).toEqual(new Uint8Array([97]));
    next();
    expect((await reader?.read())?.value).toEqual(new Uint8Array([98]));
    expect((await reader?.read())?.done).toBe(true);
  });

  test("is not received faster than the program reads", async () => {
    const total = 64 * 2 ** 20;
    const piece = new Uint8Array(65_536);
    let written = 0;
    const server = rawServer(async (peer) => {
      await peer.readHead();
      await peer.send(`${ok}Content-Length: ${total}\r\n\r\n`);
      for (; written < total; written += piece.length) await peer.send(piece);
    });
    const reader = (await server.fetch()("/")).body?.getReader();
    let read = 0;
    /** Waits until the server writes no more. */
    const stalled = async (): Promise<void> => {
      for (let before = -1; before !== written; ) {
        before = written;
        for (let i = 0; i < 50; i++) await turn();
      }
    };
    for (let i = 0; i < 8; i++) {
      await stalled();
      // Both sides together: the client's queue, the transport, and the server's.
      expect(written - read).toBeLessThan(4 * 2 ** 20);
      while (read < (i + 1) * 2 ** 20) read += (await reader?.read())?.value?.length ?? 0;
    }
    expect(written).toBeLessThan(total);
    await reader?.cancel();
  });

  test("ends or fails although no read is pending", async () => {
    const bodies = { "1\r\na\r\n0\r\n\r\n": "closed", "1\r\na\r\ngarbage": "invalid_response" };
    for (const [body, end] of Object.entries(bodies)) {
      const server = rawServer(always(`${ok}Transfer-Encoding: chunked\r\n\r\n${body}`));
      const reader = (await server.fetch()("/")).body?.getReader();
      expect((await reader?.read())?.value).toEqual(new Uint8Array([97]));
      if (end === "closed") await reader?.closed;
      else expect(await failureOf(reader?.closed)).toBe(end);
    }
  });

  test("does not depend on Object.prototype", async () => {
    const fetch = rawServer(always(answer)).fetch();
    await (await fetch("/")).text();
    // As in WPT's stream-safe-creation.
    for (const name of ["type", "size"])
      Object.defineProperty(Object.prototype, name, { value: -1, configurable: true, writable: true });
    try {
      expect(await (await fetch("/")).text()).toBe("x");
    } finally {
      for (const name of ["type", "size"]) Reflect.deleteProperty(Object.prototype, name);
    }
  });

  test("can be cancelled, which ends the connection", async () => {
    const server = rawServer(async (peer) => {
      await peer.readHead();
      await peer.send(`${ok}\r\nabc`);
      await peer.readHead();
    });
    const fetch = server.fetch({ maxConnections: 1 });
    await (await fetch("/")).body?.cancel();
    await expect(server.peers[0]?.channel.closed).rejects.toMatchObject({ code: "user_canceled" });
    await (await fetch("/")).body?.cancel();
    expect(server.urls).toHaveLength(2);
  });
});

describe("the body of a request", () => {
  test("is read only as fast as the server reads", async () => {
    let read = 0;
    let isReading = false;
    const server = rawServer(async (peer) => {
      await peer.readHead();
      while (!isReading) await turn();
      while (await peer.channel.read());
    });
    const body = new ReadableStream(
      {
        pull(controller) {
          read += 65_536;
          controller.enqueue(new Uint8Array(65_536));
        },
      },
      { highWaterMark: 0 },
    );
    const controller = new AbortController();
    const request = server.fetch()("/", { method: "POST", body, duplex: "half", signal: controller.signal });
    for (let before = -1; before !== read; ) {
      before = read;
      for (let i = 0; i < 100; i++) await turn();
    }
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThan(8 * 2 ** 20);
    isReading = true;
    const stalled = read;
    while (read < stalled + 2 ** 24) await turn();
    controller.abort();
    await expect(request).rejects.toMatchObject({ name: "AbortError" });
  });

  /** A server that answers when it has the head, and a stream that never ends. */
  async function answeredEarly(handler: (peer: Peer) => Promise<unknown>) {
    let cancelled: unknown;
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new Uint8Array(1)),
      cancel(reason) {
        cancelled = { reason };
      },
    });
    const server = rawServer(handler);
    const fetch = server.fetch();
    const response = await fetch("/", { method: "POST", body, duplex: "half" });
    const text = await response.text();
    return { response, text, cancelled, server, fetch };
  }

  test("is cancelled if the server answers before its end, and the connection is not used again", async () => {
    const early = `HTTP/1.1 413 Too Large\r\nContent-Length: 1\r\n\r\nx`;
    const { response, text, cancelled, server, fetch } = await answeredEarly(async (peer) => {
      await peer.readHead();
      await peer.send(early);
      while (await peer.channel.read());
    });
    expect([response.status, text, cancelled]).toEqual([413, "x", { reason: undefined }]);
    await (await fetch("/")).text();
    expect(server.urls).toHaveLength(2);
  });

  test("does not hide an answer before which the server closed", async () => {
    const { response } = await answeredEarly(async (peer) => {
      await peer.readHead();
      await peer.send(`HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx`);
      await peer.channel.close();
    });
    expect(response.status).toBe(413);
  });

  test.each<[string, unknown]>([
    ["a text", "text"],
    ["null", null],
    ["an array", [1]],
    ["an ArrayBuffer", new ArrayBuffer(1)],
  ])("fails at the chunk %s", async (_, chunk) => {
    const server = rawServer((peer) => peer.readHead().then(() => peer.readTo("never")));
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(chunk),
    });
    expect(await failureOf(server.fetch()("/", { method: "POST", body, duplex: "half" }))).toBe("request_body");
    await expect(server.peers[0]?.channel.closed).rejects.toThrow();
  });

  test("fails with the error of its stream as the cause", async () => {
    const server = rawServer((peer) => peer.readHead().then(() => peer.readTo("never")));
    const reason = new Error("the disk is gone");
    const body = new ReadableStream({ pull: (controller) => controller.error(reason) });
    const error = await server
      .fetch()("/", { method: "POST", body, duplex: "half" })
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(TypeError);
    expect((error as { cause: TlsError }).cause.code).toBe("request_body");
    expect((error as { cause: TlsError }).cause.cause).toBe(reason);
  });

  test.each(["ab", "abcd"])("fails if its length has changed to that of %s", async (content) => {
    const body = new Blob(["abc"]);
    body.stream = () => new Blob([content]).stream();
    let received: string | undefined;
    const server = rawServer(async (peer) => {
      await peer.readHead();
      received = await peer.readBytes(3);
    });
    expect(await failureOf(server.fetch()("/", { method: "POST", body }))).toBe("request_body");
    await server.peers[0]?.channel.closed.catch(() => {});
    expect(received).toBeUndefined();
  });

  test("a locked stream is refused", async () => {
    const body = new ReadableStream();
    body.getReader();
    const server = rawServer(always(answer));
    await expect(server.fetch()("/", { method: "POST", body, duplex: "half" })).rejects.toThrow(TypeError);
  });
});
