/** Connections of `createFetch`: which requests share one, which wait, and which are repeated. */
import { type ConnectOptions, TlsError } from "@handclasp/core";
import { fetchOver } from "@handclasp/fetch";
import { describe, expect, test, vi } from "vitest";
import { connectOptions } from "../../src/connect.ts";
import { always, ok, once, type Peer, rawServer } from "./rawServer.ts";

const answer = `${ok}Content-Length: 1\r\n\r\nx`;
const codeOf = async (promise: Promise<unknown>): Promise<unknown> => {
  const error = await promise.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(TypeError);
  return TlsError.is((error as TypeError).cause) ? ((error as TypeError).cause as TlsError).code : error;
};

test("requests one after the other share a connection", async () => {
  const server = rawServer(always(answer));
  const fetch = server.fetch();
  for (let i = 0; i < 3; i++) expect(await (await fetch("/")).text()).toBe("x");
  expect(server.urls).toEqual(["wss://device.test/"]);
  expect(server.peers[0]?.channel.session.alpn).toBe("http/1.1");
});

test("a short response frees its connection although no one reads it", async () => {
  const server = rawServer(always(answer));
  const fetch = server.fetch({ maxConnections: 1 });
  await fetch("/");
  await fetch("/");
  expect(server.urls).toHaveLength(1);
});

/** Responses after which the connection must not be used again. */
const last: Readonly<Record<string, string>> = {
  "Connection: close": `${ok}Connection: close\r\nContent-Length: 1\r\n\r\nx`,
  "close in a list": `${ok}Connection: a , CLOSE\r\nContent-Length: 1\r\n\r\nx`,
  "HTTP/1.0": "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx",
  "bytes after the response": `${answer}y`,
  "a second response": answer + answer,
  "an empty line after the response": `${answer}\r\n`,
};

test.each(Object.entries(last))("a connection is not used again after %s", async (_, response) => {
  const server = rawServer(always(response));
  const fetch = server.fetch();
  for (let i = 0; i < 2; i++) expect(await (await fetch("/")).text()).toBe("x");
  expect(server.urls).toHaveLength(2);
});

test("bytes that arrive on an unused connection end it, and never answer a request", async () => {
  let sendMore = (): void => {};
  const server = rawServer(async (peer) => {
    await peer.readHead();
    await peer.send(answer);
    if (peer.index === 1) {
      await new Promise<void>((resolve) => (sendMore = resolve));
      await peer.send(`${ok}Content-Length: 4\r\n\r\nevil`);
    }
    await peer.readHead();
  });
  const fetch = server.fetch({ idleTimeout: 1e9 });
  await (await fetch("/")).text();
  sendMore();
  await server.peers[0]?.channel.closed;
  expect(await (await fetch("/")).text()).toBe("x");
  expect(server.urls).toHaveLength(2);
});

test("at most maxConnections are open, and further requests wait in order", async () => {
  const heads: (string | undefined)[] = [];
  let release = (): void => {};
  const server = rawServer(async (peer) => {
    for (let head = await peer.readHead(); head; head = await peer.readHead()) {
      heads.push(/\/\d/.exec(head)?.[0]);
      if (heads.length <= 2) await new Promise<void>((resolve) => (release = chain(release, resolve)));
      await peer.send(answer);
    }
  });
  const fetch = server.fetch({ maxConnections: 2 });
  const all = [1, 2, 3, 4, 5].map((i) => fetch(`/${i}`));
  while (heads.length < 2) await new Promise(setImmediate);
  expect(server.urls).toHaveLength(2);
  release();
  for (const response of await Promise.all(all)) expect(response.status).toBe(200);
  expect(server.urls).toHaveLength(2);
  expect(heads).toEqual(["/1", "/2", "/3", "/4", "/5"]);
});

const chain = (first: () => void, second: () => void) => (): void => {
  first();
  second();
};

/** Answers the first request of the first connection, and ends that connection at the second request. */
const leaves =
  (end: (peer: Peer) => unknown) =>
  async (peer: Peer): Promise<void> => {
    await peer.readHead();
    await peer.send(answer);
    const head = await peer.readHead();
    if (!head) return;
    if (peer.index === 1) await end(peer);
    else await peer.send(answer);
  };

const ends: Readonly<Record<string, (peer: Peer) => unknown>> = {
  closes: (peer) => peer.channel.close(),
  aborts: (peer) => peer.channel.abort(),
};

test.each(Object.entries(ends))("an idempotent request is repeated once if the server %s", async (_, end) => {
  for (const method of ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]) {
    const server = rawServer(leaves(end));
    const fetch = server.fetch();
    await (await fetch("/")).text();
    const response = await fetch("/", { method, ...(method === "PUT" && { body: "abc" }) });
    expect([method, response.status, server.urls.length]).toEqual([method, 200, 2]);
  }
});

test("a request is repeated on a new connection, although another one is unused", async () => {
  const paths: (string | undefined)[] = [];
  const readPath = async (peer: Peer): Promise<void> => {
    paths.push((await peer.readHead())?.split(" ")[1]);
  };
  const server = rawServer(async (peer) => {
    await readPath(peer);
    while (server.peers.length < 2) await new Promise(setImmediate);
    await peer.send(answer);
    if (peer.index > 2) return;
    await readPath(peer);
    peer.channel.abort();
  });
  const fetch = server.fetch();
  await Promise.all([fetch("/a"), fetch("/a")]);
  expect(await (await fetch("/b")).text()).toBe("x");
  expect(paths).toEqual(["/a", "/a", "/b", "/b"]);
  expect(server.urls).toHaveLength(3);
});

test("a POST, a stream, and a request on a new connection are not repeated", async () => {
  for (const init of [
    { method: "POST", body: "a" },
    { method: "PUT", body: new Blob(["a"]).stream(), duplex: "half" as const },
  ]) {
    const server = rawServer(leaves((peer) => peer.channel.close()));
    const fetch = server.fetch();
    await (await fetch("/")).text();
    expect(await codeOf(fetch("/", init))).toBe("incomplete_response");
    expect(server.urls).toHaveLength(1);
  }
  const server = rawServer(once(""));
  expect(await codeOf(server.fetch()("/"))).toBe("incomplete_response");
  expect(server.urls).toHaveLength(1);
});

test("a request is not repeated after a byte of the response, nor twice", async () => {
  const server = rawServer(leaves((peer) => peer.send("H").then(() => peer.channel.close())));
  const fetch = server.fetch();
  await (await fetch("/")).text();
  expect(await codeOf(fetch("/"))).toBe("incomplete_response");
  expect(server.urls).toHaveLength(1);

  const dying = rawServer(async (peer) => {
    await peer.readHead();
    if (peer.index === 1) await peer.send(answer);
    if (peer.index === 1) await peer.readHead();
    await peer.channel.close();
  });
  const other = dying.fetch();
  await (await other("/")).text();
  expect(await codeOf(other("/"))).toBe("incomplete_response");
  expect(dying.urls).toHaveLength(2);
});

test("a failed connection rejects with its TlsError as the cause", async () => {
  const server = rawServer(always(answer));
  expect(await codeOf(server.fetchTo("wss://device.test/")("/"))).toBe("configuration");
  expect(await codeOf(server.fetchTo("wss://wrong.test/", server.trust)("/"))).toBe("name_mismatch");
  let cancelled: unknown;
  const body = new ReadableStream({
    cancel(reason) {
      cancelled = reason;
    },
  });
  const request = server.fetchTo("wss://device.test/")("/", { method: "POST", body, duplex: "half" });
  const error = await request.catch((reason: unknown) => reason);
  expect(cancelled).toBe(error);
});

test("an open channel carries one request at a time, and no more after its end", async () => {
  const server = rawServer(always(answer));
  const channel = await server.open();
  const fetch = server.fetchTo(channel);
  const texts = await Promise.all(["/a", "https://device.test/b"].map(async (url) => (await fetch(url)).text()));
  expect(texts).toEqual(["x", "x"]);
  await channel.close();
  expect(await codeOf(fetch("/"))).toBe("closed_locally");
  expect(server.urls).toHaveLength(1);
});

test("a channel for another protocol gets no request", async () => {
  const server = rawServer(always(answer));
  const channel = await server.connect(new URL("wss://device.test/"), { ...server.trust, alpn: ["other"] });
  expect(channel.session.alpn).toBe("other");
  const { recordsSent } = channel.traffic;
  expect(await codeOf(server.fetchTo(channel)("/"))).toBe("usage");
  expect(channel.traffic.recordsSent).toBe(recordsSent);
});

test("close closes unused connections, lets a response end, and refuses later requests", async () => {
  let finish = (): void => {};
  const server = rawServer(async (peer) => {
    await peer.readHead();
    if (peer.index === 1) {
      await peer.send(`${ok}Content-Length: 2\r\n\r\nx`);
      await new Promise<void>((resolve) => (finish = resolve));
    }
    await peer.send(peer.index === 1 ? "y" : answer);
    await peer.readHead();
  });
  const fetch = server.fetch({ idleTimeout: 1e9 });
  const slow = await fetch("/");
  await (await fetch("/")).text();
  const closed = fetch.close();
  await server.peers[1]?.channel.closed;
  expect(await codeOf(fetch("/"))).toBe("usage");
  finish();
  expect(await slow.text()).toBe("xy");
  await closed;
  await server.peers[0]?.channel.closed;
  expect(server.urls).toHaveLength(2);
});

describe("at the end of its grace period, close", () => {
  const part = `${ok}Content-Length: 1000000\r\n\r\n${"x".repeat(200_000)}`;
  const waitingServer = () =>
    rawServer(async (peer) => {
      if ((await peer.readHead())?.includes("/long")) await peer.send(part);
      await peer.readHead();
    });

  test("fails bodies that the program reads or does not read, and a request without answer", async () => {
    const server = waitingServer();
    const fetch = server.fetch();
    const unread = await fetch("/long");
    const reading = (await fetch("/long")).text();
    const unanswered = fetch("/");
    while (server.peers.length < 3) await new Promise(setImmediate);
    await fetch.close({ grace: 50 });
    const expected = { name: "TypeError", cause: { code: "closed_locally", fault: "application" } };
    await expect(reading).rejects.toMatchObject(expected);
    await expect(unanswered).rejects.toMatchObject(expected);
    // The bytes that had arrived do not look like the whole body.
    await expect(unread.arrayBuffer()).rejects.toMatchObject(expected);
    for (const peer of server.peers) await expect(peer.channel.closed).rejects.toMatchObject({ by: "peer" });
  });

  test("does not wait for a route or a connection that is not open, and sends no request on it later", async () => {
    let give = (_: { url: string; ca: string }): void => {};
    const server = waitingServer();
    const waiting = server.fetchTo(() => new Promise((resolve) => (give = resolve)));
    const request = waiting("https://device.test/");
    await waiting.close({ grace: 0 });
    give({ ...server.trust, url: "wss://device.test/" });
    expect(await codeOf(request)).toBe("usage");
    expect(server.urls).toHaveLength(0);

    const heads: (string | undefined)[] = [];
    let open: (() => void) | undefined;
    const slow = rawServer(async (peer) => heads.push(await peer.readHead()));
    const opening = fetchOver<ConnectOptions>(
      async (url, options) => {
        await new Promise<void>((resolve) => (open = resolve));
        return slow.connect(url, options);
      },
      connectOptions,
      "wss://device.test/",
      slow.trust,
    );
    const late = opening("/");
    while (!open) await new Promise(setImmediate);
    await opening.close({ grace: 0 });
    open();
    expect(await codeOf(late)).toBe("closed_locally");
    expect(heads.filter(Boolean)).toEqual([]);
  });

  test("waits 5 s if the program does not say", async () => {
    const server = waitingServer();
    const fetch = server.fetch();
    const unread = await fetch("/long");
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      let isClosed = false;
      const closing = fetch.close().then(() => (isClosed = true));
      await vi.advanceTimersByTimeAsync(4_999);
      expect(isClosed).toBe(false);
      await vi.advanceTimersByTimeAsync(1);
      await closing;
    } finally {
      vi.useRealTimers();
    }
    expect(await codeOf(unread.text())).toBe("closed_locally");
  });

  test.each([{ grace: -1 }, { grace: "1" }, { grase: 1 }, { grace: Number.NaN }])("%j is refused", async (options) => {
    const fetch = waitingServer().fetch();
    expect(() => fetch.close(options as object)).toThrow(/grace|grase/);
    await fetch.close();
  });
});

test("a request after close rejects, whether fetch had connections or not", async () => {
  const server = rawServer(always(answer));
  const unused = server.fetch();
  await unused.close();
  await unused.close();
  expect(await codeOf(unused("/"))).toBe("usage");
  const used = server.fetch();
  await (await used("/")).text();
  await Promise.all([used.close(), used.close()]);
  expect(await codeOf(used("/"))).toBe("usage");
  expect(server.urls).toHaveLength(1);
});

test("close rejects a request that waits for its route", async () => {
  let give = (_: { url: string; ca: string }): void => {};
  const server = rawServer(always(answer));
  const fetch = server.fetchTo(() => new Promise((resolve) => (give = resolve)));
  const request = fetch("https://device.test/");
  const closed = fetch.close();
  give({ ...server.trust, url: "wss://device.test/" });
  expect(await codeOf(request)).toBe("usage");
  await closed;
  expect(server.urls).toHaveLength(0);
});

test("close rejects the requests that wait for a connection", async () => {
  const server = rawServer((peer) => peer.readHead());
  const fetch = server.fetch({ maxConnections: 1 });
  const first = fetch("/");
  const second = fetch("/");
  while (!server.peers.length) await new Promise(setImmediate);
  const closed = fetch.close();
  expect(await codeOf(second)).toBe("usage");
  server.peers[0]?.channel.abort();
  expect(await codeOf(first)).toBe("user_canceled");
  await closed;
});

test("the signal of createFetch ends its connections", async () => {
  const server = rawServer((peer) => peer.readHead());
  const controller = new AbortController();
  const fetch = server.fetch({ signal: controller.signal });
  const request = fetch("/");
  while (!server.peers.length) await new Promise(setImmediate);
  controller.abort();
  expect(await codeOf(request)).toBe("aborted");
});

const wrongOptions: readonly [object, string][] = [
  [{ alpn: ["h2"] }, "alpn is set by fetch itself"],
  [{ maxConnections: 0 }, "maxConnections"],
  [{ idleTimeout: -1 }, "idleTimeout"],
  [{ maxHead: "1" }, "maxHead"],
  [{ maxRedirects: 5 }, "unknown option maxRedirects"],
  [{ route: "x" }, "route"],
  [{ origin: "https://a/b" }, "origin"],
  [{ origin: "wss://a" }, "origin"],
];
test.each(wrongOptions)("createFetch throws for %j", (options, message) => {
  const server = rawServer(always(answer));
  expect(() => server.fetch(options)).toThrow(message);
});

test("createFetch throws for a wrong target, and for options of connect with a channel", async () => {
  const server = rawServer(always(answer));
  for (const target of ["", "ftp://a/", "x", 1, null, {}])
    expect(() => server.fetchTo(target as string)).toThrow(/the address/);
  const channel = await server.open();
  expect(() => server.fetchTo(channel, server.trust)).toThrow("unknown option ca");
  expect(() => server.fetchTo(() => undefined, { route: () => undefined })).toThrow("route is given twice");
});
