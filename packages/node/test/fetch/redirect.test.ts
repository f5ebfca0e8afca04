/** Redirects of `createFetch`. */
import { TlsError } from "@handclasp/core";
import { describe, expect, test } from "vitest";
import { always, ok, type Peer, rawServer } from "./rawServer.ts";

const answer = `${ok}Content-Length: 1\r\n\r\nx`;
const to = (status: number, location: string, rest = "Content-Length: 0\r\n\r\n"): string =>
  `HTTP/1.1 ${status} Moved\r\nLocation: ${location}\r\n${rest}`;

interface Seen {
  readonly line: string;
  readonly head: string;
  readonly body: string;
}

/** A server that redirects `/` and answers other paths. */
function redirecting(response: string) {
  const seen: Seen[] = [];
  const server = rawServer(async (peer: Peer) => {
    for (let head = await peer.readHead(); head; head = await peer.readHead()) {
      const length = Number(/content-length: (\d+)/.exec(head)?.[1] ?? 0);
      const body = (await peer.readBytes(length)) ?? "";
      seen.push({ line: head.split(" HTTP")[0] ?? "", head, body });
      await peer.send(/^\w+ \/ /.test(head) ? response : head.startsWith("HEAD") ? answer.slice(0, -1) : answer);
    }
  });
  return { server, seen };
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  const error = await promise.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(TypeError);
  const { cause } = error as TypeError;
  return TlsError.is(cause) ? cause.code : cause;
}

describe("the method and the body", () => {
  const rows: readonly [number, string, string][] = [
    [301, "GET", "GET"],
    [301, "POST", "GET"],
    [301, "PUT", "PUT"],
    [302, "POST", "GET"],
    [302, "DELETE", "DELETE"],
    [303, "POST", "GET"],
    [303, "PUT", "GET"],
    [303, "HEAD", "HEAD"],
    [307, "POST", "POST"],
    [308, "PUT", "PUT"],
  ];
  test.each(rows)("%i: a %s becomes a %s", async (status, method, next) => {
    const { server, seen } = redirecting(to(status, "/next?q#f"));
    const hasBody = method === "POST" || method === "PUT";
    const response = await server.fetch()("/", {
      method,
      headers: { "content-language": "de", cookie: "a=b" },
      ...(hasBody && { body: "abc" }),
    });
    expect(response.status).toBe(200);
    expect([response.url, response.redirected, response.type]).toEqual(["https://device.test/next?q", true, "basic"]);
    expect(seen[1]?.line).toBe(`${next} /next?q`);
    expect(seen[1]?.body).toBe(hasBody && next === method ? "abc" : "");
    expect(seen[1]?.head.includes("content-type")).toBe(hasBody && next === method);
    expect(seen[1]?.head.includes("content-language")).toBe(method === next);
    expect(seen[1]?.head).toContain("cookie: a=b");
    expect(server.urls).toHaveLength(1);
  });
});

test("a stream is not sent again, but 303 needs none", async () => {
  const stream = () => ({ method: "POST", body: new Blob(["abc"]).stream(), duplex: "half" as const });
  const chunked = (response: string) =>
    rawServer(async (peer) => {
      for (let head = await peer.readHead(); head; head = await peer.readHead()) {
        if (head.includes("chunked")) await peer.readTo("0\r\n\r\n");
        await peer.send(/^\w+ \/ /.test(head) ? response : answer);
      }
    });
  expect(await failureOf(chunked(to(307, "/next")).fetch()("/", stream()))).toBe("redirect_refused");
  expect((await chunked(to(303, "/next")).fetch()("/", stream())).status).toBe(200);
});

test("redirect: manual gives the response, and error rejects", async () => {
  const { server } = redirecting(to(302, "/next"));
  const response = await server.fetch()("/", { redirect: "manual" });
  expect([response.status, response.headers.get("location"), response.redirected]).toEqual([302, "/next", false]);
  expect(await failureOf(server.fetch()("/", { redirect: "error" }))).toBe("redirect_refused");
});

test("a redirect without Location is the response", async () => {
  const { server } = redirecting("HTTP/1.1 302 Found\r\nContent-Length: 1\r\n\r\ny");
  expect(await (await server.fetch()("/")).text()).toBe("y");
});

test("the bytes of Location are UTF-8", async () => {
  const { server, seen } = redirecting(to(302, "/\xe2\x98\x83"));
  await server.fetch()("/");
  expect(seen[1]?.line).toBe("GET /%E2%98%83");
});

test("20 redirects are followed, and the 21st is not", async () => {
  let left = 20;
  const server = rawServer(async (peer) => {
    while (await peer.readHead()) await peer.send(left-- > 0 ? to(302, `/${left}`) : answer);
  });
  expect((await server.fetch()("/")).status).toBe(200);
  left = 21;
  expect(await failureOf(server.fetch()("/"))).toBe("redirect_refused");
});

test.each(["https://[", "data:text/plain,a", "https://a:b@device.test/"])(
  "a redirect to %s rejects",
  async (location) => {
    expect(await failureOf(redirecting(to(302, location)).server.fetch()("/"))).toBe("invalid_response");
  },
);

test("the body of a redirect is read if it is short, and otherwise ends its connection", async () => {
  const short = redirecting(to(302, "/next", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"));
  await short.server.fetch()("/");
  expect(short.server.urls).toHaveLength(1);
  const long = redirecting(to(302, "/next", `Content-Length: 200000\r\n\r\n${"a".repeat(200_000)}`));
  await long.server.fetch()("/");
  expect(long.server.urls).toHaveLength(2);
});

describe("a redirect to another origin", () => {
  const secret = {
    Authorization: "secret",
    Cookie: "secret",
    Cookie2: "secret",
    "Proxy-Authorization": "secret",
    Host: "device.test",
    "X-A": "kept",
  };
  const moved = to(307, "https://other.test/next");

  test.each([moved, to(302, "http://device.test/next"), to(302, "https://device.test:444/next")])(
    "rejects without a route: %s",
    async (response) => {
      const { server } = redirecting(response);
      expect(await failureOf(server.fetch()("/"))).toBe("no_route");
      expect(await failureOf(server.fetch({ route: () => undefined })("/"))).toBe("no_route");
      expect(await failureOf(server.fetch({ route: () => Promise.reject(new TypeError("no")) })("/"))).not.toBe(
        undefined,
      );
      expect(new Set(server.urls)).toEqual(new Set(["wss://device.test/"]));
    },
  );

  test("goes to the address that the route gives, without credentials", async () => {
    const { server, seen } = redirecting(moved);
    const asked: string[] = [];
    const fetch = server.fetch({
      route: (origin) => {
        asked.push(origin.href);
        return { ...server.trust, url: "wss://other.test/carrier" };
      },
    });
    const response = await fetch("/", { method: "POST", body: "abc", headers: secret });
    expect([response.url, await response.text()]).toEqual(["https://other.test/next", "x"]);
    expect(asked).toEqual(["https://other.test/"]);
    expect(server.urls).toEqual(["wss://device.test/", "wss://other.test/carrier"]);
    expect(seen[0]?.head.match(/secret/g)).toHaveLength(4);
    expect(seen[1]?.head).not.toContain("secret");
    expect(seen[1]?.head).toContain("host: other.test\r\n");
    expect(seen[1]?.head).toContain("x-a: kept\r\n");
    expect(seen[1]?.body).toBe("abc");
  });

  test("refuses a route with a protocol of its own", async () => {
    const { server } = redirecting(moved);
    const route = () => ({ ...server.trust, url: "wss://other.test/", alpn: ["h2"] });
    expect(await failureOf(server.fetch({ route })("/"))).toBe("configuration");
    expect(server.urls).toHaveLength(1);
  });

  test("does not use the options of the first origin", async () => {
    const { server } = redirecting(moved);
    const fetch = server.fetch({ route: () => ({ url: "wss://other.test/" }) });
    expect(await failureOf(fetch("/"))).toBe("configuration");
  });

  test("does not get the credentials back on its way home", async () => {
    const { server, seen } = redirecting(moved);
    const other = rawServer(async (peer) => {
      await peer.readHead();
      await peer.send(to(302, "https://device.test/home"));
    });
    const channel = await other.connect(new URL("wss://other.test/"), other.trust);
    const response = await server.fetch({ route: () => channel })("/", { headers: secret });
    expect(response.url).toBe("https://device.test/home");
    expect(seen[1]?.head).not.toContain("secret");
  });

  test("rejects in mode same-origin", async () => {
    const { server } = redirecting(moved);
    const fetch = server.fetch({ route: () => ({ ...server.trust, url: "wss://other.test/" }) });
    expect(await failureOf(fetch("/", { mode: "same-origin" }))).toBe("redirect_refused");
    expect(server.urls).toHaveLength(1);
  });
});

test("routes alone reach any origin, and are asked again when an origin has no connection", async () => {
  const server = rawServer(async (peer) => {
    await peer.readHead();
    await peer.send(answer);
    await peer.channel.close();
  });
  let asked = 0;
  const fetch = server.fetchTo(async () => {
    asked++;
    return server.open();
  });
  await expect(fetch("/relative")).rejects.toThrow(/relative without the option `origin`/);
  expect(await (await fetch("https://device.test/a")).text()).toBe("x");
  await server.peers[0]?.channel.closed;
  expect(await (await fetch("https://device.test/b")).text()).toBe("x");
  expect(asked).toBe(2);
});

test("an address of a route is checked for the host of the origin, unless it has a serverName", async () => {
  const server = rawServer(always(`${ok}Content-Length: 0\r\n\r\n`));
  const relayed = (origin: string, options = {}): Promise<Response> =>
    server.fetchTo(() => ({ ...server.trust, url: "wss://device.test/relay", ...options }))(origin);
  expect(await failureOf(relayed("https://bank.test/"))).toBe("name_mismatch");
  expect((await relayed("https://other.test/")).status).toBe(200);
  expect((await relayed("https://bank.test/", { serverName: "device.test" })).status).toBe(200);
});
