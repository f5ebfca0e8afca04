/** The requests that `createFetch` sends, and those that it refuses. */
import { expect, test } from "vitest";
import { always, ok, rawServer } from "./rawServer.ts";

const empty = `${ok}Content-Length: 0\r\n\r\n`;

/** Sends one request and returns its bytes. */
async function sent(input: string | URL | Request, init?: RequestInit & { duplex?: "half" }): Promise<string> {
  let request = "";
  const server = rawServer(async (peer) => {
    request = (await peer.readHead()) ?? "";
    const length = Number(/content-length: (\d+)/.exec(request)?.[1] ?? 0);
    if (request.includes("chunked")) request += await peer.readTo("0\r\n\r\n");
    request += await peer.readBytes(length);
    await peer.send(empty);
  });
  await (await server.fetch()(input, init)).text();
  return request;
}

test("a request without options", async () => {
  expect(await sent("/a%20b/ c?d=e f#g")).toBe(
    "GET /a%20b/%20c?d=e%20f HTTP/1.1\r\nhost: device.test\r\naccept: */*\r\naccept-encoding: gzip, deflate\r\n\r\n",
  );
});

test("a range is requested without a coding", async () => {
  expect(await sent("/", { headers: { range: "bytes=0-1" } })).toContain("accept-encoding: identity\r\n");
});

test("methods: known ones in capitals, others as they are", async () => {
  expect(await sent("/", { method: "pUt" })).toMatch(/^PUT \/ HTTP.*content-length: 0\r\n/s);
  expect(await sent("/", { method: "patch" })).toMatch(/^patch \/ HTTP/);
});

test("headers of the program, also those that a page's fetch forbids", async () => {
  const request = await sent("/", {
    headers: { Cookie: "a=b", "X-A": "\xe9", Host: "device.test", Origin: "https://x" },
  });
  expect(request).toMatch(/cookie: a=b\r\norigin: https:\/\/x\r\nx-a: \xe9\r\n/);
  expect(request.match(/host/g)).toHaveLength(1);
});

test("bodies with a length", async () => {
  const bytes = new Uint8Array([65, 66, 67]);
  const multi = await sent("/", { method: "POST", body: form() });
  expect(await sent("/", { method: "POST", body: "h\u00e9" })).toMatch(
    /content-type: text\/plain;charset=UTF-8\r\ncontent-length: 3\r\n\r\nh\xc3\xa9$/,
  );
  expect(await sent("/", { method: "POST", body: bytes.subarray(1) })).toMatch(/length: 2\r\n\r\nBC$/);
  expect(await sent("/", { method: "POST", body: bytes.buffer })).toMatch(/length: 3\r\n\r\nABC$/);
  expect(await sent("/", { method: "POST", body: new Blob(["ab"], { type: "x/y" }) })).toMatch(
    /content-type: x\/y\r\ncontent-length: 2\r\n\r\nab$/,
  );
  expect(await sent("/", { method: "POST", body: new URLSearchParams({ a: "b c" }) })).toMatch(
    /content-type: application\/x-www-form-urlencoded;charset=UTF-8\r\ncontent-length: 5\r\n\r\na=b\+c$/,
  );
  expect(multi).toMatch(
    /content-type: multipart\/form-data; boundary=(\S+)\r\ncontent-length: \d+\r\n\r\n--\1.*--\1--/s,
  );
  expect(await sent("/", { method: "POST", body: "a", headers: { "Content-Type": "x/y" } })).toContain(
    "content-type: x/y\r\n",
  );
});

function form(): FormData {
  const data = new FormData();
  data.set("name", "value");
  return data;
}

test("a form is read as it was written, and its names cannot end their line", async () => {
  const data = form();
  data.append('a"\r\nX: y', "line\nend");
  data.append("file", new Blob(["\0\r\n--"], { type: "x/y" }), 'f"\r\n.txt');
  const request = await sent("/", { method: "POST", body: data });
  expect(request).toContain('name="a%22%0D%0AX: y"\r\n\r\nline\r\nend\r\n');
  expect(request).toContain('name="file"; filename="f%22%0D%0A.txt"\r\nContent-Type: x/y\r\n\r\n\0\r\n--\r\n');
  const [head = "", ...rest] = request.split("\r\n\r\n");
  const type = /content-type: (.*)\r/.exec(head)?.[1] ?? "";
  const body = Buffer.from(rest.join("\r\n\r\n"), "latin1");
  const read = await new Response(body, { headers: { "content-type": type } }).formData();
  expect([read.get("name"), (read.get("file") as File).type]).toEqual(["value", "x/y"]);
});

test("bytes are copied when fetch is called", async () => {
  const body = new Uint8Array([65]);
  const request = sent("/", { method: "POST", body });
  body[0] = 66;
  expect(await request).toMatch(/A$/);
});

test("a stream is sent in chunks", async () => {
  const chunks = [new Uint8Array([65]), new Uint8Array(), new Uint8Array(70_000).fill(66)];
  const body = new ReadableStream({
    pull(controller) {
      const chunk = chunks.shift();
      if (chunk) controller.enqueue(chunk);
      else controller.close();
    },
  });
  const request = await sent("/", { method: "POST", body, duplex: "half" });
  expect(request).toContain("transfer-encoding: chunked\r\n\r\n1\r\nA\r\n10000\r\nBB");
  expect(request).toMatch(/B\r\n1170\r\nB+\r\n0\r\n\r\n$/);
  expect(request).not.toContain("content-length");
});

test("a Request", async () => {
  const request = new Request("https://device.test/x", { method: "POST", body: "abc", headers: { "x-a": "1" } });
  expect(await sent(request, { headers: { "x-b": "2" } })).toMatch(/^POST \/x .*x-b: 2\r\n.*3\r\nabc\r\n0/s);
  expect(request.bodyUsed).toBe(true);
  const server = rawServer(always(empty));
  await expect(server.fetch()(request)).rejects.toThrow(TypeError);
});

/** A request of each row must be refused before a byte is sent. */
const refused: Readonly<Record<string, Readonly<Record<string, unknown>> & { readonly url?: string }>> = {
  "Content-Length": { method: "POST", body: "a", headers: { "Content-Length": "1" } },
  "Transfer-Encoding": { method: "POST", body: "a", headers: { "Transfer-Encoding": "chunked" } },
  Connection: { headers: { Connection: "close" } },
  "Keep-Alive": { headers: { "Keep-Alive": "timeout=5" } },
  "Proxy-Connection": { headers: { "Proxy-Connection": "close" } },
  Expect: { headers: { Expect: "100-continue" } },
  Upgrade: { headers: { Upgrade: "h2c" } },
  "HTTP2-Settings": { headers: { "HTTP2-Settings": "a" } },
  Trailer: { headers: { Trailer: "a" } },
  TE: { headers: { TE: "trailers" } },
  "another Host": { headers: { Host: "evil.test" } },
  "a line end in a value": { headers: { a: "b\r\nc: d" } },
  "LF in a value": { headers: [["a", "b\nc"]] },
  "NUL in a value": { headers: { a: "b\0c" } },
  "a line end in a name": { headers: { "a\r\nb": "c" } },
  "a space in a name": { headers: { "a b": "c" } },
  "a line end in the method": { method: "GET / HTTP/1.1\r\na: b\r\n\r\nGET" },
  "an empty method": { method: "" },
  CONNECT: { method: "connect" },
  TRACE: { method: "TRACE" },
  TRACK: { method: "TRACK" },
  "GET with a body": { body: "a" },
  "a stream without duplex": { method: "POST", body: new ReadableStream() },
  "an unknown redirect": { redirect: "x" },
  integrity: { integrity: "sha256-x" },
  keepalive: { keepalive: true },
  "mode navigate": { mode: "navigate" },
  "only-if-cached": { cache: "only-if-cached", mode: "same-origin" },
  dispatcher: { dispatcher: {} },
  "an unknown mode": { mode: "x" },
  "unknown credentials": { credentials: "x" },
  "an unknown cache": { cache: "x" },
  "an unknown referrerPolicy": { referrerPolicy: "x" },
  "an object as the signal": { signal: {} },
  "a user name": { url: "https://user@device.test/" },
  "a password": { url: "https://:word@device.test/" },
  "an invalid URL": { url: "https://[/" },
  "data:": { url: "data:text/plain,a" },
  "file:": { url: "file:///etc/passwd" },
  "mode same-origin to another origin": { url: "https://other.test/", mode: "same-origin" },
};

test.each(Object.entries(refused))("fetch refuses %s", async (_, { url = "/", ...init }) => {
  const server = rawServer(always(empty));
  await expect(server.fetch()(url, init as RequestInit)).rejects.toThrow(TypeError);
  expect(server.urls).toEqual([]);
});

test("options that ask for less than fetch does are accepted", async () => {
  const fetch = rawServer(always(empty)).fetch();
  const init: object[] = [
    { credentials: "include" },
    { credentials: "omit" },
    { cache: "no-store" },
    { mode: "cors" },
    { mode: "same-origin" },
    { referrer: "" },
    { referrerPolicy: "no-referrer" },
    { keepalive: false },
    { integrity: "" },
  ];
  for (const one of init) expect((await fetch("/", one)).status).toBe(200);
});
