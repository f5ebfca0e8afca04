/**
 * Random responses: the parser must read the same message however its bytes are cut, fail with no other errors than its
 * own, and agree with llhttp, the parser of node:http, on all that both accept.
 */
import { request } from "node:http";
import { Duplex } from "node:stream";
import { TlsError } from "@handclasp/core/client";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultLimits } from "../src/limits.ts";
import { ResponseParser } from "../src/responseParser.ts";

/** The number of random responses. `pnpm fuzz` sets HANDCLASP_FUZZ. */
const numRuns = Math.ceil(Number(process.env.HANDCLASP_FUZZ ?? 20_000) / 10);
const timeout = 240_000 + 20 * numRuns;

/** Pieces of responses, right and wrong. Random sequences of them come near the grammar. */
const fields = [
  "Content-Length: 2\r\n",
  "Content-Length: 3\r\n",
  "Content-Length: +2\r\n",
  "content-length:2 \r\n",
  "Content-Length : 2\r\n",
  "Content-Length: 2, 2\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Transfer-Encoding: Chunked\r\n",
  "Transfer-Encoding: gzip, chunked\r\n",
  "Transfer-Encoding:\tchunked\r\n",
  "Transfer-Encoding: chunked\n",
  "Connection: close\r\n",
  "A: b\r\n",
  "A: b\r\n c\r\n",
  "A: b\n",
  "A: \0\r\n",
  "A\r\n",
  ": a\r\n",
];
const starts = [
  "HTTP/1.1 200 OK\r\n",
  "HTTP/1.1 200 OK\r\n",
  "HTTP/1.1 200 OK\r\n",
  "HTTP/1.0 200 OK\r\n",
  "HTTP/1.1 204 No\r\n",
  "HTTP/1.1 304 No\r\n",
  "HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 200\r\n",
  "HTTP/1.1 103 Go\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n",
  "HTTP/1.1 200 OK\n",
  "\r\nHTTP/1.1 200 OK\r\n",
];
const bodies = [
  "2\r\nab\r\n",
  "02;a=b\r\ncd\r\n",
  "0\r\n\r\n",
  "0\r\nA: b\r\n\r\n",
  "3\r\nabc\n",
  "ab",
  "\r\n",
  "x2\r\n",
];

const response = fc
  .tuple(
    fc.constantFrom(...starts),
    fc.array(fc.constantFrom(...fields), { maxLength: 3 }),
    fc.constantFrom("\r\n", "\r\n", "\r\n", "\n", ""),
    fc.array(fc.constantFrom(...bodies), { maxLength: 4 }),
    fc.option(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { freq: 4 }),
  )
  .map(([start, head, end, body, change]) => {
    const bytes = Buffer.from([start, ...head, end, ...body].join(""), "latin1");
    if (change) bytes[change[0] % bytes.length] = change[1];
    return bytes;
  });

interface Outcome {
  readonly status?: number | undefined;
  readonly body: string;
  readonly isDone: boolean;
  readonly isPersistent: boolean;
  /** The code of the error, if the bytes are refused. */
  readonly code?: unknown;
}

function parse(pieces: readonly Uint8Array[], method = "GET"): Outcome {
  const parser = new ResponseParser(method, defaultLimits);
  let body = "";
  let code: unknown;
  try {
    for (const piece of pieces) {
      if (parser.isDone) break;
      parser.push(piece);
      for (let data = parser.takeData(); data; data = parser.takeData()) body += Buffer.from(data).toString("latin1");
    }
    if (!parser.isDone) parser.end();
  } catch (error) {
    code = TlsError.is(error) ? error.code : error;
  }
  return { status: parser.head?.status, body, isDone: parser.isDone, isPersistent: parser.isPersistent, code };
}

describe("a random response", () => {
  test("is read alike however it is cut", { timeout }, () => {
    fc.assert(
      fc.property(
        response,
        fc.array(fc.nat(), { maxLength: 8 }),
        fc.constantFrom("GET", "HEAD"),
        (bytes, cuts, method) => {
          const whole = parse([bytes], method);
          expect([undefined, "invalid_response", "incomplete_response", "response_too_large"]).toContain(whole.code);
          const at = [...cuts.map((cut) => cut % (bytes.length + 1)), 0, bytes.length].sort((a, b) => a - b);
          const pieces = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
          for (const each of [pieces, [...bytes].map((byte) => Uint8Array.of(byte))]) {
            const cut = parse(each, method);
            expect([cut.status ?? whole.status, cut.code]).toEqual([whole.status ?? cut.status, whole.code]);
            expect([cut.body, cut.isDone]).toEqual([whole.body, whole.isDone]);
          }
        },
      ),
      { numRuns },
    );
  });

  test("means the same to llhttp, if both accept it", { timeout }, async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(response, async (bytes) => {
        const ours = parse([bytes]);
        if (ours.code !== undefined) return;
        const theirs = await readByNode(bytes);
        // llhttp refuses bytes after the response too, for which we only end the connection.
        if (theirs instanceof Error) expect(ours.isPersistent).toBe(false);
        else expect(theirs).toEqual([ours.status, ours.body]);
        if (!(theirs instanceof Error)) accepted++;
      }),
      { numRuns: Math.ceil(numRuns / 4) },
    );
    expect(accepted).toBeGreaterThan(10);
  });
});

/** Reads a response with node:http, over a connection in memory. */
const readByNode = (bytes: Uint8Array): Promise<unknown> =>
  new Promise((resolve) => {
    const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
    const client = request({ createConnection: () => socket, headers: { host: "a" } }, (message) => {
      const data: Buffer[] = [];
      message.on("data", (piece: Buffer) => data.push(piece));
      message.on("error", resolve);
      message.on("end", () => resolve([message.statusCode, Buffer.concat(data).toString("latin1")]));
    });
    client.on("error", resolve);
    client.end();
    socket.push(bytes);
    socket.push(null);
  });
