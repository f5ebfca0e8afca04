/**
 * The responders of `serve`, which handle the data of a connection.
 * @module
 */
import type { TlsConnection } from "@handclasp/node";
import { UsageError } from "./errors.ts";
import type { Traffic } from "./events.ts";

const endless = Number.POSITIVE_INFINITY;

/**
 * Serves one connection. The promise fulfils when the responder is done, which may be before the connection has closed.
 */
export type Responder = (connection: TlsConnection, traffic: Traffic) => Promise<void>;

/** Returns the responder of that name: `echo`, `http`, `sink`, `source` or `source:BYTES`. */
export function responder(name: string): Responder {
  const bytes = /^source:(\d{1,15})$/.exec(name)?.[1];
  if (bytes !== undefined) return source(Number(bytes));
  const named = responders[name];
  if (!named) throw new UsageError(`--respond ${name}: expected echo, http, sink or source[:BYTES]`);
  return named;
}

const echo: Responder = async (connection, traffic) => {
  for await (const bytes of incoming(connection, traffic)) await send(connection, traffic, bytes);
  await connection.closeWrite();
};

const sink: Responder = async (connection, traffic) => {
  await drop(connection, traffic);
  await connection.closeWrite();
};

/** Sends `total` bytes and drops the received data. If `total` is infinite, it sends until the peer closes. */
function source(total: number): Responder {
  const block = Uint8Array.from({ length: 2 ** 14 }, (_, i) => 97 + (i % 26));
  return async (connection, traffic) => {
    let hasPeerEnded = false;
    const reading = drop(connection, traffic).finally(() => {
      hasPeerEnded = true;
    });
    reading.catch(() => {}); // awaited below, unless writing fails first
    // Each write starts before the previous one is done, so two are pending. A peer that has closed its side still gets
    // all bytes of a finite total.
    let writing = Promise.resolve();
    for (let remaining = total; remaining > 0 && !(hasPeerEnded && total === endless); remaining -= block.length) {
      const next = send(connection, traffic, remaining < block.length ? block.subarray(0, remaining) : block);
      next.catch(() => {}); // awaited in the next round, unless the previous write fails first
      await writing;
      writing = next;
    }
    await writing;
    await connection.closeWrite();
    await reading;
  };
}

const maxHead = 2 ** 16;

/** Answers one request with one page and close_notify. A peer that closes without a request gets close_notify only. */
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
  const headers = `Content-Type: text/html\r\nContent-Length: ${body.length}\r\nConnection: close\r\n`;
  await send(connection, traffic, Buffer.from(`HTTP/1.1 ${status}\r\n${headers}\r\n${body}`, "latin1"));
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
