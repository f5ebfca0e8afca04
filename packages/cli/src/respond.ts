/**
 * What `serve` does with a channel.
 * @module
 */
import type { TlsConnection } from "@handclasp/node";
import { UsageError } from "./errors.ts";
import type { Traffic } from "./events.ts";

const endless = Number.POSITIVE_INFINITY;

/** Done when the application's part is; closing in order may still be under way. */
export type Responder = (connection: TlsConnection, traffic: Traffic) => Promise<void>;

/** `echo`, `http`, `sink`, `source` or `source:BYTES`. */
export function responder(name: string): Responder {
  const bytes = /^source:(\d{1,15})$/.exec(name)?.[1];
  if (bytes !== undefined) return source(Number(bytes));
  const found = responders[name];
  if (!found) throw new UsageError(`--respond ${name}: expected echo, http, sink or source[:BYTES]`);
  return found;
}

const echo: Responder = async (connection, traffic) => {
  for await (const bytes of incoming(connection, traffic)) await send(connection, traffic, bytes);
  await connection.closeWrite();
};

const sink: Responder = async (connection, traffic) => {
  await drop(connection, traffic);
  await connection.closeWrite();
};

/** Sends so many bytes, or without end until the peer closes; what comes in is dropped. */
function source(total: number): Responder {
  const block = Uint8Array.from({ length: 2 ** 14 }, (_, i) => 97 + (i % 26));
  return async (connection, traffic) => {
    let ended = false;
    const reading = drop(connection, traffic).finally(() => {
      ended = true;
    });
    reading.catch(() => {}); // awaited below, unless writing fails first
    // The next write is under way before the last is done: a peer that has closed gets the rest, as long as there is one.
    let writing = Promise.resolve();
    for (let left = total; left > 0 && !(ended && total === endless); left -= block.length) {
      const next = send(connection, traffic, left < block.length ? block.subarray(0, left) : block);
      next.catch(() => {}); // awaited in the next round, unless the last one fails first
      await writing;
      writing = next;
    }
    await writing;
    await connection.closeWrite();
    await reading;
  };
}

const maxHead = 2 ** 16;

/** One request, one page, close_notify; to a peer that closes without a request, close_notify alone. */
const http: Responder = async (connection, traffic) => {
  let head = "";
  for await (const bytes of incoming(connection, traffic)) {
    head += Buffer.from(bytes).toString("latin1");
    if (/\r?\n\r?\n/.test(head) || head.length > maxHead) break;
  }
  if (!head.trim()) return connection.close();
  const [, path] = /^GET (\/\S*) HTTP\/1\.\d\r?\n/.exec(head) ?? [];
  const status = path === undefined ? "400 Bad Request" : path === "/" ? "200 OK" : "404 Not Found";
  const body = `<!doctype html><title>Handclasp</title><p>${status}: ${connection.session.suite}\n`;
  const page = `HTTP/1.1 ${status}\r\nContent-Type: text/html\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
  await send(connection, traffic, Buffer.from(page, "latin1"));
  await connection.close();
};

const responders: Readonly<Record<string, Responder>> = { echo, http, sink, source: source(endless) };

async function drop(connection: TlsConnection, traffic: Traffic): Promise<void> {
  for await (const _ of incoming(connection, traffic));
}

async function* incoming(connection: TlsConnection, traffic: Traffic): AsyncGenerator<Uint8Array, void, void> {
  for await (const bytes of connection) {
    traffic.bytesIn += bytes.length;
    yield bytes;
  }
}

async function send(connection: TlsConnection, traffic: Traffic, bytes: Uint8Array): Promise<void> {
  await connection.write(bytes);
  traffic.bytesOut += bytes.length;
}
