/** The server of `pnpm wpt`: the same behaviours over a channel of Handclasp and as an ordinary WebSocket server. */
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { secureWebSocket } from "@handclasp/node/websocket";
import { testCa } from "@handclasp/testing";
import { afterAll, expect, test } from "vitest";
import { serveChannels } from "../../src/wpt/server/channelServer.ts";
import { servePlainly } from "../../src/wpt/server/plainServer.ts";
import { Site } from "../../src/wpt/server/site.ts";

const ca = await testCa();
const certificate = await ca.issue();
const options = { tree: import.meta.dirname, certificate, multiplier: 1, injects: false, injected: () => "" };
const channels = new Site(options);
const plain = new Site(options);
await channels.listen();
await plain.listen();
await serveChannels([channels.ws, channels.wss], certificate, channels.origin);
servePlainly(plain.ws);
afterAll(() => {
  channels.close();
  plain.close();
});
const portOf = ({ ws }: Site): number => (ws.address() as AddressInfo).port;

const Socket = secureWebSocket({ ca: ca.pem });

/** Opens a socket of ours, sends, and returns the messages that came and how the socket closed. */
function exchange(
  path: string,
  messages: readonly string[] = [],
  protocols: readonly string[] = [],
): Promise<unknown[]> {
  const socket = new Socket(`ws://localhost:${portOf(channels)}${path}`, protocols);
  const seen: unknown[] = [];
  socket.onopen = () => {
    seen.push(`open ${socket.protocol}`);
    for (const message of messages) socket.send(message);
  };
  socket.onmessage = ({ data }) => seen.push(data);
  return new Promise((resolve) => {
    socket.onclose = ({ code, reason, wasClean }) => resolve([...seen, code, reason, wasClean]);
  });
}

test.each([
  ["/echo", ["a", "Goodbye"], [], ["open ", "a", "Goodbye", 1000, "", true]],
  ["/echo", ["Goodbye"], ["echo"], ["open echo", "Goodbye", 1000, "", true]],
  ["/echo", [], ["other"], [1006, "", false]],
  ["/unknown", [], [], [1006, "", false]],
  ["/echo-query?a=1?b", [], [], ["open ", "a=1?b", 1000, "", true]],
  ["/handshake_protocol", [], ["FOOBAR"], [1006, "", false]],
  ["/handshake_no_protocol", [], ["chat"], [1006, "", false]],
  ["/handshake_no_protocol", [], [], ["open ", 1000, "", true]],
  ["/invalid", [], [], [1006, "", false]],
  ["/wrong_accept_key", [], [], [1006, "", false]],
  ["/simple_handshake", [], [], ["open ", 1001, "PASS", true]],
  ["/remote-close?code=4000&reason=r", [], [], ["open ", 4000, "r", true]],
  ["/remote-close", [], [], ["open ", 1005, "", true]],
  ["/remote-close?abrupt=1", [], [], ["open ", 1006, "", false]],
])("over a channel, %s answers %o to a client of %o", async (path, messages, protocols, expected) => {
  expect(await exchange(path, messages, protocols)).toEqual(expected);
});

/** Sends an upgrade and frames over TCP, and returns what comes back as Latin-1. */
async function upgrade(path: string, frames: Buffer): Promise<string> {
  const socket = connect(portOf(plain), "127.0.0.1").setEncoding("latin1");
  const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${key}\r\n\r\n`,
  );
  socket.write(frames);
  return text(socket);
}

/** A frame with the mask 0, which changes no byte. */
const masked = (opcode: number, payload: string): Buffer =>
  Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]), Buffer.from(payload, "latin1")]);

test("the ordinary server answers the upgrade, echoes, and closes after Goodbye", async () => {
  const answer = await upgrade("/echo", Buffer.concat([masked(1, "Goodbye"), masked(8, "\x03\xe8")]));
  // The key and its answer are those of RFC 6455 §1.3.
  expect(answer).toContain("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
  expect(answer.split("\r\n\r\n")[1]).toBe("\x81\x07Goodbye\x88\x02\x03\xe8");
});

test("the ordinary server refuses an unknown path", async () => {
  expect(await upgrade("/unknown", Buffer.alloc(0))).toMatch(/^HTTP\/1.1 404 /);
});
