/** Content codings of responses of `createFetch`. */
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { TlsError } from "@handclasp/core";
import { describe, expect, test, vi } from "vitest";
import { always, ok, rawServer } from "./rawServer.ts";

async function failureOf(promise: Promise<unknown> | undefined): Promise<unknown> {
  const error = await promise?.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(TypeError);
  const { cause } = error as TypeError;
  return TlsError.is(cause) ? cause.code : cause;
}

const text = "hello ".repeat(10_000);
const coded = (coding: string, body: Uint8Array): string =>
  `${ok}Content-Encoding: ${coding}\r\nContent-Length: ${body.length}\r\n\r\n${Buffer.from(body).toString("latin1")}`;

describe("a content coding", () => {
  test.each([
    ["gzip", gzipSync(text)],
    ["GZip", gzipSync(text)],
    ["x-gzip", gzipSync(text)],
    ["deflate", deflateSync(text)],
    ["deflate", deflateRawSync(text)],
    ["identity, gzip", gzipSync(text)],
    ["deflate, gzip", gzipSync(deflateSync(text))],
    ["identity", Buffer.from(text)],
    ["gzip", gzipSync("")],
  ])("%s is decoded", async (coding, body) => {
    const response = await rawServer(always(coded(coding, body))).fetch()("/");
    expect(await response.text()).toBe(body.length === 20 ? "" : text);
    expect(response.headers.get("content-encoding")).toBe(coding);
  });

  test("of an empty body decodes to nothing", async () => {
    const response = await rawServer(always(`${ok}Content-Encoding: gzip\r\nContent-Length: 0\r\n\r\n`)).fetch()("/");
    expect(await response.text()).toBe("");
  });

  test("that the engine does not know stays", async () => {
    const body = Buffer.from("abc");
    for (const coding of ["zstd", "gzip, unknown", "constructor"])
      expect(await (await rawServer(always(coded(coding, body))).fetch()("/")).text()).toBe("abc");
  });

  test("br is decoded if the engine can, and is not announced otherwise", async () => {
    let head = "";
    const server = rawServer(async (peer) => {
      head = (await peer.readHead()) ?? "";
      await peer.send(coded("br", brotliCompressSync(text)));
    });
    const response = await server.fetch()("/");
    const isDecoded = (await response.text()) === text;
    expect(/accept-encoding: .*br/.test(head)).toBe(isDecoded);
  });

  test("three of them reject", async () => {
    const server = rawServer(always(coded("gzip, gzip, gzip", gzipSync(text))));
    expect(await failureOf(server.fetch()("/"))).toBe("invalid_response");
  });

  test.each([
    ["cut", gzipSync(text).subarray(0, 60)],
    ["altered", gzipSync(text).fill(0, 20, 40)],
    ["no gzip", Buffer.from("hello")],
  ])("whose data is %s fails the body", async (_, body) => {
    const response = await rawServer(always(coded("gzip", body))).fetch()("/");
    expect(await failureOf(response.text())).toBe("invalid_response");
  });

  test("of a response that is cut fails the body with the cause", async () => {
    const whole = coded("gzip", gzipSync(text));
    const server = rawServer(async (peer) => {
      await peer.readHead();
      await peer.send(whole.slice(0, -20));
      await peer.channel.close();
    });
    expect(await failureOf((await server.fetch()("/")).text())).toBe("incomplete_response");
  });

  test("does not expand faster than the program reads", async () => {
    let waiting = 0;
    let mostWaiting = 0;
    /** As Chromium's: it decompresses each chunk at once, however slowly the program reads. */
    class Expander extends TransformStream<Uint8Array, Uint8Array> {
      constructor() {
        super({
          transform(chunk, controller) {
            for (let i = 0; i < 1000; i++) controller.enqueue(chunk);
            waiting += 1000 * chunk.length;
            mostWaiting = Math.max(mostWaiting, waiting);
          },
        });
      }
    }
    const body = new Uint8Array(100_000).fill(120);
    const server = rawServer(always(coded("gzip", body)));
    const request = server.fetch()("/");
    await request;
    vi.stubGlobal("DecompressionStream", Expander);
    try {
      const reader = (await request).body?.getReader();
      let read = 0;
      while (read < 2e7) {
        const length = (await reader?.read())?.value?.length ?? 0;
        read += length;
        waiting -= length;
      }
      expect(mostWaiting).toBeGreaterThan(0);
      expect(mostWaiting).toBeLessThan(2.2e6 * 2);
      await reader?.cancel();
    } finally {
      vi.unstubAllGlobals();
    }
  });
});
