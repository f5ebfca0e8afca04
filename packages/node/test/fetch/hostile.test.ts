/**
 * Responses that a strict client refuses, from a raw server through `createFetch`. Each arrives whole and byte by byte.
 */
import { TlsError } from "@handclasp/core";
import { describe, expect, test } from "vitest";
import { ok, once, type Peer, rawServer } from "./rawServer.ts";

const chunked = `${ok}Transfer-Encoding: chunked\r\n\r\n`;
const empty = "Content-Length: 0\r\n\r\n";
const coding = "Transfer-Encoding: chunked\r\n";
const length = "Content-Length: 3\r\n";

const invalid: Readonly<Record<string, string>> = {
  "a folded line": `${ok}A: b\r\n c\r\n${empty}`,
  "LF after the status line": `HTTP/1.1 200 OK\n${empty}`,
  "LF after a field": `${ok}A: b\n${empty}`,
  "LF at the end of the head": `${ok}Content-Length: 0\r\n\n`,
  "CR in a value": `${ok}A: b\rc\r\n${empty}`,
  "Transfer-Encoding before Content-Length": `${ok}${coding}${length}\r\n3\r\nabc\r\n0\r\n\r\n`,
  "Transfer-Encoding after Content-Length": `${ok}${length}${coding}\r\n3\r\nabc\r\n0\r\n\r\n`,
  "the length +2": `${ok}Content-Length: +2\r\n\r\nab`,
  "the length -1": `${ok}Content-Length: -1\r\n\r\nab`,
  "the length 0x2": `${ok}Content-Length: 0x2\r\n\r\nab`,
  "an empty length": `${ok}Content-Length: \r\n\r\nab`,
  "a length above 2^64": `${ok}Content-Length: 18446744073709551618\r\n\r\nab`,
  "two lengths": `${ok}Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc`,
  "the same length twice": `${ok}Content-Length: 2\r\nContent-Length: 2\r\n\r\nab`,
  "a list of lengths": `${ok}Content-Length: 2, 2\r\n\r\nab`,
  "NUL in a value": `${ok}A: b\0c\r\n${empty}`,
  "NUL in a name": `${ok}A\0: b\r\n${empty}`,
  "NUL in the reason": `HTTP/1.1 200 O\0K\r\n${empty}`,
  "a space before the colon": `${ok}Content-Length : 2\r\n\r\nab`,
  "a space in a name": `${ok}A b: c\r\n${empty}`,
  "an empty name": `${ok}: c\r\n${empty}`,
  "a field without a colon": `${ok}Abc\r\n${empty}`,
  "a space before the first field": `${ok} A: b\r\n${empty}`,
  "the field __proto__": `${ok}__proto__: b\r\n${empty}`,
  "gzip below chunked": `${ok}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  "gzip above chunked": `${ok}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`,
  "chunked twice": `${ok}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  "an unknown transfer coding": `${ok}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
  "Transfer-Encoding in HTTP/1.0": "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "Transfer-Encoding with 204": "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "Transfer-Encoding with 103": `HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n${ok}${empty}`,
  "HTTP/2.0": `HTTP/2.0 200 OK\r\n${empty}`,
  "HTTP/1.10": `HTTP/1.10 200 OK\r\n${empty}`,
  "HTTP/0.9": "<html>hello</html>\r\n\r\n",
  "a status of two digits": `HTTP/1.1 20 OK\r\n${empty}`,
  "a status of four digits": `HTTP/1.1 2000 OK\r\n${empty}`,
  "the status 099": `HTTP/1.1 099 OK\r\n${empty}`,
  "the status 600": `HTTP/1.1 600 OK\r\n${empty}`,
  "the status +20": `HTTP/1.1 +20 OK\r\n${empty}`,
  "the status 101": "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
  "an empty line before the status line": `\r\n${ok}${empty}`,
  "a space before the status line": ` ${ok}${empty}`,
  "an empty line after an informational response": `HTTP/1.1 100 Continue\r\n\r\n\r\n${ok}${empty}`,
  "a request": "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
};

const tooLarge: Readonly<Record<string, string>> = {
  "a field of 2 MB": `${ok}A: ${"b".repeat(2e6)}\r\n${empty}`,
  "a head of 2 MB": `${ok}${"Abc: defghij\r\n".repeat(150_000)}${empty}`,
  "a reason of 2 MB": `HTTP/1.1 200 ${"b".repeat(2e6)}\r\n${empty}`,
  "257 fields": `${ok}${"A: b\r\n".repeat(256)}${empty}`,
  "17 informational responses": `${"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(17)}${ok}${empty}`,
};

/** Bodies that break after a valid head. */
const invalidBody: Readonly<Record<string, string>> = {
  "the chunk size +2": `${chunked}+2\r\nab\r\n0\r\n\r\n`,
  "the chunk size 0x2": `${chunked}0x2\r\nab\r\n0\r\n\r\n`,
  "no chunk size": `${chunked}\r\nab\r\n0\r\n\r\n`,
  "a space after the chunk size": `${chunked}2 \r\nab\r\n0\r\n\r\n`,
  "a chunk size above 2^64": `${chunked}10000000000000002\r\nab\r\n0\r\n\r\n`,
  "LF after the chunk size": `${chunked}2\nab\r\n0\r\n\r\n`,
  "LF after a chunk": `${chunked}2\r\nab\n0\r\n\r\n`,
  "a chunk longer than its size": `${chunked}2\r\nabXX0\r\n\r\n`,
  "LF in a chunk extension": `${chunked}2;a\nb\r\nab\r\n0\r\n\r\n`,
  "a folded trailer": `${chunked}0\r\nA: b\r\n c\r\n\r\n`,
  "Content-Length in a trailer": `${chunked}0\r\nContent-Length: 3\r\n\r\n`,
};

const tooLargeBody: Readonly<Record<string, string>> = {
  "a chunk extension of 2 MB": `${chunked}2;${"a".repeat(2e6)}\r\nab\r\n0\r\n\r\n`,
  "chunk extensions of 2 MB together": `${chunked}${`1;${"a".repeat(1000)}\r\na\r\n`.repeat(2000)}0\r\n\r\n`,
  "a trailer of 2 MB": `${chunked}0\r\n${"Abc: defghij\r\n".repeat(150_000)}\r\n`,
};

const cutHead: Readonly<Record<string, string>> = {
  nothing: "",
  "a part of the head": `${ok}Content-Le`,
  "an informational response alone": "HTTP/1.1 100 Continue\r\n\r\n",
};

const cutBody: Readonly<Record<string, string>> = {
  "less than Content-Length": `${ok}Content-Length: 5\r\n\r\nab`,
  "chunks without the last": `${chunked}2\r\nab\r\n`,
  "a part of a chunk": `${chunked}5\r\nab`,
  "chunks without the last line": `${chunked}2\r\nab\r\n0\r\n`,
};

/** Sends the response byte by byte, then closes. */
const bytewise =
  (response: string) =>
  async (peer: Peer): Promise<void> => {
    await peer.readHead();
    for (const byte of response) await peer.send(byte);
    await peer.channel.close();
  };

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  const error: unknown = await promise.then(
    () => "it resolved",
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TypeError);
  const { cause } = error as TypeError;
  expect(TlsError.is(cause)).toBe(true);
  return (cause as TlsError).code;
}

const entries = (table: Readonly<Record<string, string>>): [string, string][] => Object.entries(table);
const deliveries = (response: string) => (response.length < 10_000 ? [once, bytewise] : [once]);

describe("fetch rejects", () => {
  test.each(entries(invalid))("%s", async (_, response) => {
    for (const deliver of deliveries(response))
      expect(await codeOf(rawServer(deliver(response)).fetch()("/"))).toBe("invalid_response");
  });

  test.each(entries(tooLarge))("%s", async (_, response) => {
    expect(await codeOf(rawServer(once(response)).fetch()("/"))).toBe("response_too_large");
  });

  test.each(entries(cutHead))("a connection that closes after %s", async (_, response) => {
    for (const deliver of deliveries(response))
      expect(await codeOf(rawServer(deliver(response)).fetch()("/"))).toBe("incomplete_response");
  });
});

describe("the body of a response fails at", () => {
  async function bodyCode(handler: (peer: Peer) => Promise<unknown>): Promise<unknown> {
    let response: Response;
    try {
      response = await rawServer(handler).fetch()("/");
    } catch (error) {
      // Head and body arrived together.
      return codeOf(Promise.reject(error));
    }
    return codeOf(response.arrayBuffer());
  }

  test.each(entries(invalidBody))("%s", async (_, response) => {
    for (const deliver of deliveries(response)) expect(await bodyCode(deliver(response))).toBe("invalid_response");
  });

  test.each(entries(tooLargeBody))("%s", async (_, response) => {
    expect(await bodyCode(once(response))).toBe("response_too_large");
  });

  test.each(entries(cutBody))("a clean end after %s", async (_, response) => {
    for (const deliver of deliveries(response)) expect(await bodyCode(deliver(response))).toBe("incomplete_response");
  });

  test("an end without close_notify, if the end delimits the body", async () => {
    const server = rawServer(async (peer) => {
      await peer.readHead();
      await peer.send(`${ok}\r\nabc`);
      await peer.readHead();
    });
    const response = await server.fetch()("/");
    const reader = response.body?.getReader();
    expect(await reader?.read()).toEqual({ done: false, value: new Uint8Array([97, 98, 99]) });
    server.pairs[0]?.cut();
    expect(await codeOf(reader?.read() as Promise<unknown>)).toBe("truncated");
  });

  test("an end without close_notify after a chunk", async () => {
    const server = rawServer(async (peer) => {
      await peer.readHead();
      await peer.send(`${chunked}3\r\nabc\r\n`);
      await peer.readHead();
    });
    const response = await server.fetch()("/");
    server.pairs[0]?.cut();
    expect(await codeOf(response.text())).toBe("truncated");
  });
});

test("fetch accepts what is valid", async () => {
  const valid: Readonly<Record<string, string>> = {
    [`${ok}Content-Length: 2\r\n\r\nab`]: "ab",
    [`${chunked}2;x="y"\r\nab\r\n1\r\nc\r\n0\r\nA: b\r\n\r\n`]: "abc",
    [`HTTP/1.1 200 \r\n${empty}`]: "",
    [`HTTP/1.1 200\r\n${empty}`]: "",
    [`${ok}\r\nabc`]: "abc",
    "HTTP/1.0 200 OK\r\n\r\nabc": "abc",
    [`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok}Content-Length: 1\r\n\r\nx`]: "x",
    [`${ok}A: \xe9\t!\r\n${empty}`]: "",
    [`${ok}${"A: b\r\n".repeat(255)}${empty}`]: "",
    [`${chunked}${"1\r\na\r\n".repeat(5000)}0\r\n\r\n`]: "a".repeat(5000),
  };
  for (const [response, body] of Object.entries(valid))
    for (const deliver of deliveries(response))
      expect(await (await rawServer(deliver(response)).fetch()("/")).text()).toBe(body);
});
