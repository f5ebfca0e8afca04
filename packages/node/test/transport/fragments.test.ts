/**
 * The memory that a peer can occupy with messages that it never finishes: ws keeps each fragment, and with it the whole
 * buffer that it was read into.
 * Raw frames over a socket, since ws does not send such things.
 */
import { once } from "node:events";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Transport } from "@handclasp/core";
import { afterEach, describe, expect, test } from "vitest";
import { listenWebSocket } from "../../src/transport/listenWebSocket.ts";

const continuation = 0;
const binary = 2;
const ping = 9;
const pong = 10;

/** A client's frame, with a mask of zeros. */
function frame(opcode: number, payload: Uint8Array, { last = true } = {}): Buffer {
  const { length } = payload;
  const long = length > 125;
  const header = Buffer.alloc(long ? 8 : 6);
  header[0] = opcode | (last ? 0x80 : 0);
  header[1] = 0x80 | (long ? 126 : length);
  if (long) header.writeUInt16BE(length, 2);
  return Buffer.concat([header, payload]);
}
const repeat = (times: number, bytes: Buffer): Buffer => Buffer.concat(Array.from({ length: times }, () => bytes));

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A server's transport, what it tells, and the raw client of it. */
async function pair() {
  let accept: (accepted: { transport: Transport; socket: Socket }) => void;
  const accepting = new Promise<{ transport: Transport; socket: Socket }>((resolve) => (accept = resolve));
  const listener = await listenWebSocket({}, (transport, { socket }) => accept({ transport, socket }));
  const client = connect((listener.address() as AddressInfo).port, "127.0.0.1");
  cleanups.push(
    () => listener.close(0),
    () => client.destroy(),
  );
  client.on("error", () => {});
  client.write(
    "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
  );
  const { transport, socket } = await accepting;
  await once(client, "data");
  client.resume();
  const received: Uint8Array[] = [];
  const errors: Error[] = [];
  let wake = (): void => {};
  transport.start({
    data: (bytes) => {
      received.push(bytes);
      wake();
    },
    drain() {},
    end() {},
    error: (error) => {
      errors.push(error);
      wake();
    },
  });
  /** Until a whole message has come, or the end. */
  const news = async (messages: number): Promise<void> => {
    while (received.length < messages && !errors.length) await new Promise<void>((resolve) => (wake = resolve));
  };
  /** Until the transport has answered so many bytes of pings, or the socket is closed. */
  const answered = async (bytes: number): Promise<void> => {
    const wanted = client.bytesRead + bytes;
    while (client.bytesRead < wanted && !client.closed) await new Promise((resolve) => setImmediate(resolve));
  };
  return { transport, socket, client, received, errors, news, answered };
}

const byte = Uint8Array.of(22);
const padding = new Uint8Array(125);
const nothing = new Uint8Array(0);

describe("a message of 1-byte fragments, before the handshake, is message_too_big before 256 KiB are read", () => {
  test.each([
    ["padded by pongs", repeat(500, frame(pong, padding))],
    ["padded by a few pongs", repeat(10, frame(pong, padding))],
    ["padded by empty frames", repeat(100, frame(continuation, nothing, { last: false }))],
    ["and nothing else", Buffer.alloc(0)],
  ])("%s", async (_name, between) => {
    const { client, socket, errors, news } = await pair();
    const before = socket.bytesRead;
    client.write(frame(binary, byte, { last: false }));
    const piece = Buffer.concat([between, frame(continuation, byte, { last: false })]);
    // As fast as it is taken: each read of the transport fills its 64 KiB.
    client.write(repeat(Math.ceil(2 ** 22 / piece.length), piece));
    await news(1);
    expect(errors).toMatchObject([{ code: "message_too_big", fault: "transport" }]);
    expect(socket.bytesRead - before).toBeLessThanOrEqual(2 ** 18);
  });

  test("padded by pings, no more at once than ws answers", async () => {
    const { client, socket, errors, news, answered } = await pair();
    const before = socket.bytesRead;
    client.write(frame(binary, byte, { last: false }));
    const piece = Buffer.concat([repeat(40, frame(ping, padding)), frame(continuation, byte, { last: false })]);
    for (let sent = 0; sent < 2 ** 20 && !errors.length; sent += piece.length) {
      client.write(piece);
      await answered(40 * 127);
    }
    await news(1);
    expect(errors).toMatchObject([{ code: "message_too_big", fault: "transport" }]);
    expect(socket.bytesRead - before).toBeLessThanOrEqual(2 ** 18);
  });

  test("one frame that is never whole", async () => {
    const { client, socket, errors, news } = await pair();
    const before = socket.bytesRead;
    const header = Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0]);
    client.write(Buffer.concat([header, Buffer.alloc(2 ** 19)]));
    await news(1);
    expect(errors).toMatchObject([{ code: "message_too_big", fault: "transport" }]);
    expect(socket.bytesRead - before).toBeLessThanOrEqual(2 ** 18);
  });
});

test("1 MiB in fragments of 4 KiB arrives once the handshake is done", async () => {
  const { transport, client, received, errors, news } = await pair();
  transport.established?.();
  const part = Buffer.alloc(4096, 7);
  for (let i = 0; i < 256; i++) client.write(frame(i === 0 ? binary : continuation, part, { last: i === 255 }));
  await news(1);
  expect(errors).toEqual([]);
  expect(received.map(({ length }) => length)).toEqual([2 ** 20]);
});

test("once the handshake is done too, what is never whole ends", async () => {
  const { transport, client, socket, errors, news } = await pair();
  transport.established?.();
  const before = socket.bytesRead;
  client.write(frame(binary, byte, { last: false }));
  const piece = Buffer.concat([repeat(500, frame(pong, padding)), frame(continuation, byte, { last: false })]);
  client.write(repeat(100, piece));
  await news(1);
  expect(errors).toMatchObject([{ code: "message_too_big", fault: "transport" }]);
  expect(socket.bytesRead - before).toBeLessThanOrEqual(2 ** 21 + 2 ** 16);
});

describe("thousands of control frames between whole messages, before the handshake, do not end a connection", () => {
  test("pongs, cut anywhere by the reads", async () => {
    const { client, received, errors, news } = await pair();
    for (let round = 1; round <= 3; round++) {
      client.write(repeat(3000, frame(pong, padding)));
      client.write(frame(binary, byte));
      await news(round);
      expect(errors).toEqual([]);
      expect(received).toHaveLength(round);
    }
  });

  test("pings", async () => {
    const { client, received, errors, news, answered } = await pair();
    for (let sent = 0; sent < 4000; sent += 40) {
      client.write(repeat(40, frame(ping, padding)));
      await answered(40 * 127);
    }
    client.write(frame(binary, byte));
    await news(1);
    expect(errors).toEqual([]);
    expect(received).toHaveLength(1);
  });

  test("whole messages of 80 KiB, one behind the other", async () => {
    const { client, received, errors, news } = await pair();
    const half = Buffer.alloc(40_960, 7);
    client.write(repeat(20, Buffer.concat([frame(binary, half, { last: false }), frame(continuation, half)])));
    await news(20);
    expect(errors).toEqual([]);
    expect(received).toHaveLength(20);
  });
});
