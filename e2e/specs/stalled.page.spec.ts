/**
 * A fast writer and a peer that does not read, one of which is a page. The tests check the memory that the page uses,
 * and the end of a connection if the page cannot stop the writer.
 */
import { createHash } from "node:crypto";
import type { ConnectionHandler } from "@handclasp/node";
import type { TestServer } from "@handclasp/testing/playwright";
import type { Page } from "@playwright/test";
import { expect, test } from "../support/test.ts";

const chromiumOnly = { tag: "@chromium-only" };
const mebibyte = 2 ** 20;
/** The value of core's `maxInboundBytes`. */
const limit = 16 * mebibyte;

declare global {
  var state: {
    channel: Awaited<ReturnType<typeof handclasp.connect>>;
    written: number;
    /** The number of bytes that the page handed to its WebSocket, and the number that the server accepts (ADR 14). */
    sent: number;
    credit: number;
  };
}

/**
 * Opens a channel from the page to a server. With `isForeign`, the server does not receive the page's announcement, so
 * it gives and takes no credit, as another TLS library.
 */
async function connect(page: Page, pageUrl: string, { url, ca }: TestServer, isForeign = false): Promise<void> {
  await page.goto(pageUrl);
  await page.evaluate(
    async ([url, pem, isForeign]) => {
      const ws = new WebSocket(url);
      const counts = { written: 0, sent: 0, credit: Number.POSITIVE_INFINITY };
      ws.addEventListener("message", ({ data }) => {
        if (typeof data === "string") counts.credit = Number(data);
      });
      const send = ws.send.bind(ws);
      ws.send = (data) => {
        const length = typeof data === "string" ? 0 : (data as Uint8Array).byteLength;
        counts.sent += length;
        if (length || !isForeign) send(data);
      };
      const channel = await handclasp.connect(handclasp.webSocketTransport(ws), { ca: pem, serverName: "localhost" });
      globalThis.state = Object.assign(counts, { channel });
    },
    [url, ca.pem, isForeign] as const,
  );
}

/** Returns a function that collects garbage and returns the size of the page's heap and ArrayBuffers, in bytes. */
async function memoryOf(page: Page): Promise<() => Promise<number>> {
  const devTools = await page.context().newCDPSession(page);
  return async () => {
    await devTools.send("HeapProfiler.collectGarbage");
    await devTools.send("HeapProfiler.collectGarbage");
    const usage = (await devTools.send("Runtime.getHeapUsage")) as { usedSize: number; backingStorageSize: number };
    return usage.usedSize + usage.backingStorageSize;
  };
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

for (const how of ["write", "pipe"] as const) {
  test(
    `a page that sends with ${how} stops while the server does not read, and no bytes are lost`,
    chromiumOnly,
    async ({ page, pageServer, startServer }) => {
      const total = 32 * mebibyte;
      const server = await startServer({ respond: () => {} });
      await connect(page, pageServer.url, server);
      const memory = await memoryOf(page);
      const idle = await memory();

      const done = page.evaluate(
        async ([how, total]) => {
          const { channel } = state;
          const size = 65_536;
          const piece = (at: number) => new Uint8Array(size).fill(at / size);
          if (how === "write")
            for (let at = 0; at < total; at += size) {
              await channel.write(piece(at));
              state.written += size;
            }
          else
            await new ReadableStream<Uint8Array>({
              pull(controller) {
                if (state.written === total) return controller.close();
                controller.enqueue(piece(state.written));
                state.written += size;
              },
            }).pipeTo(channel.writable, { preventClose: true });
        },
        [how, total] as const,
      );
      const readState = () => page.evaluate(() => [state.written, state.sent, state.credit] as const);
      let before = -1;
      let [written, sentBytes, credit] = await readState();
      // On a busy machine, the page may stop writing for a while, but then it has not used up the server's credit.
      while (written < total && (written !== before || sentBytes < credit)) {
        before = written;
        await sleep(500);
        [written, sentBytes, credit] = await readState();
      }
      expect(written).toBeLessThan(total);
      expect(sentBytes).toBeLessThan(credit + mebibyte);
      expect((await memory()) - idle).toBeLessThan(4 * mebibyte);

      const [sent, received] = [createHash("sha256"), createHash("sha256")];
      for (let at = 0; at < total; at += 65_536) sent.update(new Uint8Array(65_536).fill(at / 65_536));
      for (let got = 0; got < total; ) {
        const bytes = await server.channels[0]?.read();
        if (!bytes) throw new Error(`the channel ended after ${got} bytes`);
        received.update(bytes);
        got += bytes.length;
      }
      await done;
      expect(received.digest("hex")).toBe(sent.digest("hex"));
    },
  );
}

test("a page that does not read a foreign server ends at the limit, and the server gets the alert", async ({
  page,
  pageServer,
  startServer,
  browserName,
}) => {
  let written = 0;
  let writeError: unknown;
  const writeWithoutEnd: ConnectionHandler = async (channel) => {
    try {
      for (;;) {
        await channel.write(new Uint8Array(65_536));
        written += 65_536;
      }
    } catch (error) {
      writeError = error;
    }
  };
  const server = await startServer({ respond: writeWithoutEnd });
  await connect(page, pageServer.url, server, true);
  const error = await page.evaluate(() =>
    state.channel.closed.then(
      () => undefined,
      ({ code, fault, alert, by, message, advice }) => ({ code, fault, alert, by, message, advice }),
    ),
  );
  expect(error).toMatchObject({ code: "inbound_overflow", fault: "application", alert: "internal_error", by: "us" });
  expect(error?.advice).toContain("read faster");
  expect(error?.message).toContain(String(limit));
  // The writer gets the page's alert, and not the error of a broken connection.
  await expect.poll(() => writeError).toMatchObject({ alert: "internal_error", by: "peer" });
  await expect(server).toHaveReceivedAlert("internal_error");
  await expect(server.channels[0]?.closed).rejects.toMatchObject({ alert: "internal_error", by: "peer" });
  expect(written).toBeGreaterThan(limit / 2);
  if (browserName !== "chromium") return;

  // The page has released the records that it had not decrypted, keeps the decrypted data, and receives no more.
  const memory = await memoryOf(page);
  const memoryAfter = await memory();
  expect(memoryAfter).toBeLessThan(limit / 2);
  await sleep(500);
  expect((await memory()) - memoryAfter).toBeLessThan(mebibyte / 4);
  const read = await page.evaluate(async () => {
    let got = 0;
    try {
      for await (const bytes of state.channel) got += bytes.length;
      return { got };
    } catch (error) {
      return { got, code: (error as { code: string }).code };
    }
  });
  expect(read).toMatchObject({ code: "inbound_overflow" });
  // The page decrypts records as the application reads. The application can still read the data that was decrypted
  // before the error.
  expect(read.got).toBeGreaterThanOrEqual(mebibyte / 8);
});
