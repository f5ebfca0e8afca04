/**
 * The memory that a peer can occupy with messages that it never finishes: ws keeps each fragment, and with it the whole
 * block of memory that it was read into. The tests write raw frames to a socket, because ws does not send such frames.
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
function frame(opcode: number, payload: Uint8Array, { isLast = true } = {}): Buffer {
  const { length } = payload;
  const isLong = length > 125;
  const header = Buffer.alloc(isLong ? 8 : 6);
  header[0] = opcode | (isLast ? 0x80 : 0);
  header[1] = 0x80 | (isLong ? 126 : length);
  if (isLong) header.writeUInt16BE(length, 2);
  return Buffer.concat([header, payload]);
}
const repeat = (times: number, bytes: Buffer): Buffer => Buffer.concat(Array.from({ length: times }, () => bytes));

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A server's transport with its events, and a raw socket that is its client. */
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
  /** Waits until `messages` messages have arrived, or an error. */
  const waitForMessages = async (messages: number): Promise<void> => {
    while (received.length < messages && !errors.length) await new Promise<void>((resolve) => (wake = resolve));
  };
  /** Waits until the client has received `bytes` bytes of pongs, or the socket is closed. */
  const waitForPongs = async (bytes: number): Promise<void> => {
    const wanted = client.bytesRead + bytes;
    while (client.bytesRead < wanted && !client.closed) await new Promise((resolve) => setImmediate(resolve));
  };
  return { transport, socket, client, received, errors, waitForMessages, waitForPongs };
}

const byte = Uint8Array.of(22);
const padding = new Uint8Array(125);
const noBytes = new Uint8Array(0);

describe("during the handshake, an unfinished message causes message_too_big at 256 KiB or less", () => {
  test.each([
    ["with many pongs between the fragments", repeat(500, frame(pong, padding))],
    ["with a few pongs between the fragments", repeat(10, frame(pong, padding))],
    ["with empty fragments between the fragments", repeat(100, frame(continuation, noBytes, { isLast: false }))],
    ["with no frame between the fragments", Buffer.alloc(0)],
  ])("%s", async (_name, between) => {
    const { client, socket, errors, waitForMessages } = await pair();
    const before = socket.bytesRead;
    client.write(frame(binary, byte, { isLast: false }));
    const piece = Buffer.concat([between, frame(continuation, byte, { isLast: false })]);
    // The client writes as fast as it can, so that each read of the transport fills its 64 KiB.
    client.write(repeat(Math.ceil(2 ** 22 / piece.length), piece));
    await waitForMessages(1);
    expect(errors).toMatchObject([{ code: "message_too_big", fault: "transport" }]);
    expect(socket.bytesRead - before).toBeLessThanOrEqual(2 ** 18);
  });

  test("with pings between the fragments, sent no faster than the server answers them", async () => {
    const { client, socket, errors, waitForMessages, waitForPongs } = await pair();
    const before = socket.bytesRead;
    client.write(frame(binary, byte, { isLast: false }));
    const piece = Buffer.concat([repeat(40, frame(ping, padding)), frame(continuation, byte, { isLast: false })]);
    for (let sent = 0; sent < 2 ** 20 && !errors.length; sent += piece.length) {
      client.write(piece);
      // The server answers at least one of those that arrive together.
      await waitForPongs(127);
    }
    await waitForMessages(1);
    expect(errors).toMatchObject([{ code: "message_too_big", fault: "transport" }]);
    expect(socket.bytesRead - before).toBeLessThanOrEqual(2 ** 18);
  });

  test("in a frame that never ends", async () => {
    const { client, socket, errors, waitForMessages } = await pair();
    const before = socket.bytesRead;
    const header = Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0]);
    client.write(Buffer.concat([header, Buffer.alloc(2 ** 19)]));
    await waitForMessages(1);
    expect(errors).toMatchObject([{ code: "message_too_big", fault: "transport" }]);
    expect(socket.bytesRead - before).toBeLessThanOrEqual(2 ** 18);
  });
});

test("after the handshake, 1 MiB in fragments of 4 KiB arrives", async () => {
  const { transport, client, received, errors, waitForMessages } = await pair();
  transport.established?.();
  const part = Buffer.alloc(4096, 7);
  for (let i = 0; i < 256; i++) client.write(frame(i === 0 ? binary : continuation, part, { isLast: i === 255 }));
  await waitForMessages(1);
  expect(errors).toEqual([]);
  expect(received.map(({ length }) => length)).toEqual([2 ** 20]);
});

test("after the handshake, an unfinished message causes message_too_big at about 2 MiB", async () => {
  const { transport, client, socket, errors, waitForMessages } = await pair();
  transport.established?.();
  const before = socket.bytesRead;
  client.write(frame(binary, byte, { isLast: false }));
  const piece = Buffer.concat([repeat(500, frame(pong, padding)), frame(continuation, byte, { isLast: false })]);
  client.write(repeat(100, piece));
  await waitForMessages(1);
  expect(errors).toMatchObject([{ code: "message_too_big", fault: "transport" }]);
  expect(socket.bytesRead - before).toBeLessThanOrEqual(2 ** 21 + 2 ** 16);
});

describe("during the handshake, a connection stays open", () => {
  test("with thousands of pongs between complete messages, which the reads split anywhere", async () => {
    const { client, received, errors, waitForMessages } = await pair();
    for (let round = 1; round <= 3; round++) {
      client.write(repeat(3000, frame(pong, padding)));
      client.write(frame(binary, byte));
      await waitForMessages(round);
      expect(errors).toEqual([]);
      expect(received).toHaveLength(round);
    }
  });

  test("with thousands of pings before a complete message", async () => {
    const { client, received, errors, waitForMessages, waitForPongs } = await pair();
    for (let sent = 0; sent < 4000; sent += 40) {
      client.write(repeat(40, frame(ping, padding)));
      // The server answers at least one of those that arrive together.
      await waitForPongs(127);
    }
    client.write(frame(binary, byte));
    await waitForMessages(1);
    expect(errors).toEqual([]);
    expect(received).toHaveLength(1);
  });

  test("with complete messages of 80 KiB, one after another", async () => {
    const { client, received, errors, waitForMessages } = await pair();
    const half = Buffer.alloc(40_960, 7);
    client.write(repeat(20, Buffer.concat([frame(binary, half, { isLast: false }), frame(continuation, half)])));
    await waitForMessages(20);
    expect(errors).toEqual([]);
    expect(received).toHaveLength(20);
  });
});
