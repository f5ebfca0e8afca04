/**
 * One side of many connections, in a process of its own, so that its memory is measured without that of the other side.
 * side.ts sends it commands over IPC. The file is plain JavaScript, because Node.js runs it without a build.
 */

import { createHash } from "node:crypto";
import { createServer as createHttpServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { parsePemCertificates } from "@handclasp/core/unstable";

import { connect, createServer, nodeCredential, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 } from "@handclasp/node";
import { WebSocket, WebSocketServer } from "ws";

const suites = [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256];
const rawOptions = { perMessageDeflate: false, maxPayload: 2 ** 20 };

let channels = [];
let server;
let rawServer;
const writers = [];
let written = 0;
let isStalled = false;

/**
 * Pieces of data that differ, so that a missing, repeated or misplaced byte changes the hash. There are no more of them
 * once the writers have stalled: what fits into the buffers is all that the reader has to get.
 */
function* pieces(size, most) {
  for (let offset = 0; offset < most && !isStalled; offset += size) {
    const piece = new Uint8Array(size).fill((offset / size) & 0xff);
    new DataView(piece.buffer).setFloat64(0, offset);
    yield piece;
  }
}

async function writeEach(channel, size, most, hash) {
  for (const piece of pieces(size, most)) {
    hash.update(piece);
    await channel.write(piece);
    written += size;
  }
  await channel.closeWrite();
}

async function pipe(channel, size, most, hash) {
  const source = pieces(size, most);
  const stream = new ReadableStream({
    pull(controller) {
      const { done, value } = source.next();
      if (done) return controller.close();
      hash.update(value);
      written += size;
      controller.enqueue(value);
    },
  });
  await stream.pipeTo(channel.writable);
}

async function readAll(channel) {
  const hash = createHash("sha256");
  for await (const bytes of channel) hash.update(bytes);
  return hash.digest("hex");
}

const methods = {
  /** Starts a server. With `reads`, it reads all the time. Otherwise it reads only when the method `read` is called. */
  async serve({ identity, scheme, reads, sessionStore }) {
    const credentials = [nodeCredential(identity)];
    server = createServer({ suites, credentials, ...(sessionStore === false && { sessionStore }) }, async (channel) => {
      if (!reads) return void channels.push(channel);
      for await (const _ of channel);
    });
    const listener = scheme === "ws" ? await server.listenWebSocket() : await server.listenTcp();
    return listener.address().port;
  },
  async serveRaw() {
    const http = createHttpServer();
    rawServer = new WebSocketServer({ server: http, ...rawOptions });
    rawServer.on("connection", (ws) => {
      ws.on("message", () => {});
      ws.on("error", () => {});
    });
    await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
    return http.address().port;
  },
  async connect({ ca, scheme, port, count }) {
    const anchors = parsePemCertificates(ca);
    const url = `${scheme}://127.0.0.1:${port}/`;
    const open = () => connect(url, { ca: anchors, serverName: "localhost", suites });
    for (let left = count; left > 0; left -= 20)
      channels.push(...(await Promise.all(Array.from({ length: Math.min(20, left) }, open))));
  },
  async connectRaw({ port, count }) {
    const open = () =>
      new Promise((resolve, reject) => {
        const ws = new WebSocket(`ws://127.0.0.1:${port}/`, rawOptions);
        ws.once("open", () => resolve(ws));
        ws.once("error", reject);
      });
    for (let left = count; left > 0; left -= 20)
      channels.push(...(await Promise.all(Array.from({ length: Math.min(20, left) }, open))));
  },
  /** The number of open connections of the server. */
  open: () => (server ? server.connections : rawServer.clients).size,
  async close() {
    await Promise.allSettled(channels.map((channel) => channel.close()));
    channels = [];
  },
  /** Starts to write at most `most` bytes to each channel, as fast as the channel accepts them. */
  async write({ method, size, most }) {
    for (const channel of channels) {
      const hash = createHash("sha256");
      const done = (method === "pipe" ? pipe : writeEach)(channel, size, most, hash);
      writers.push(done.then(() => hash.digest("hex")));
    }
  },
  /**
   * Waits until every writer has to wait, and returns the number of bytes that all of them have written. Each of them
   * ends after the write in which it waits.
   */
  async stalled() {
    for (let before = -1; before !== written || written === 0; await sleep(400)) before = written;
    isStalled = true;
    return written;
  },
  written: () => Promise.all(writers.splice(0)),
  read: () => Promise.all(channels.map(readAll)),
  /** The number of bytes on the heap and outside of it, including ArrayBuffers. */
  async memory() {
    for (let i = 0; i < 4; i++) {
      globalThis.gc();
      await sleep(30);
    }
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  },
};

process.on("message", ({ id, method, params }) => {
  Promise.resolve()
    .then(() => methods[method](params))
    .then(
      (result) => process.send({ id, result }),
      (error) => process.send({ id, error: String(error) }),
    );
});
process.on("disconnect", () => process.exit());
