/** A server of raw bytes over transports in memory, and a `fetch` that connects to it. */
import { accept, type ConnectOptions, connect, type TlsConnection } from "@handclasp/core";
import { type FetchOptions, type FetchTarget, fetchOver } from "@handclasp/fetch";
import { nodeCredential, nodeCrypto } from "@handclasp/node";
import { memoryPair, testCa } from "@handclasp/testing";
import { connectOptions } from "../../src/connect.ts";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["device.test", "other.test"] }));
const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

export const ok = "HTTP/1.1 200 OK\r\n";

/** The server's side of one connection. */
export class Peer {
  readonly channel: TlsConnection;
  /** The number of the connection, from 1. */
  readonly index: number;
  #received = "";

  constructor(channel: TlsConnection, index: number) {
    this.channel = channel;
    this.index = index;
  }

  /** Reads up to the end of the text, in latin1. `undefined` if the client closed before it. */
  readTo(end: string): Promise<string | undefined> {
    return this.#read((text) => (text.includes(end) ? text.indexOf(end) + end.length : undefined));
  }

  readBytes(length: number): Promise<string | undefined> {
    return this.#read((text) => (text.length >= length ? length : undefined));
  }

  /** @param lengthOf the length of the text to return, or `undefined` if more is needed */
  async #read(lengthOf: (received: string) => number | undefined): Promise<string | undefined> {
    for (let length = lengthOf(this.#received); ; length = lengthOf(this.#received)) {
      if (length !== undefined) {
        const text = this.#received.slice(0, length);
        this.#received = this.#received.slice(length);
        return text;
      }
      const bytes = await this.channel.read();
      if (!bytes) return undefined;
      this.#received += Buffer.from(bytes).toString("latin1");
    }
  }

  /** The head of the next request. */
  readHead(): Promise<string | undefined> {
    return this.readTo("\r\n\r\n");
  }

  send(bytes: string | Uint8Array): Promise<void> {
    return this.channel.write(typeof bytes === "string" ? latin1(bytes) : bytes);
  }
}

export interface RawServer {
  readonly connect: (url: URL, options: ConnectOptions) => Promise<TlsConnection>;
  /** The peers, in the order in which they connected. */
  readonly peers: readonly Peer[];
  /** The addresses that the client connected to. */
  readonly urls: readonly string[];
  readonly pairs: readonly ReturnType<typeof memoryPair>[];
  /** A `fetch` to `https://device.test`. */
  fetch(options?: FetchOptions<ConnectOptions>): ReturnType<typeof fetchOver>;
  /** A `fetch` to any target. */
  fetchTo(target: FetchTarget<ConnectOptions>, options?: FetchOptions<ConnectOptions>): ReturnType<typeof fetchOver>;
  /** Opens a channel. */
  open(): Promise<TlsConnection>;
  readonly trust: { readonly ca: string };
}

/** @param handler runs for each connection. Its errors are ignored, because the client may end the connection. */
export function rawServer(handler: (peer: Peer) => Promise<unknown>): RawServer {
  const peers: Peer[] = [];
  const urls: string[] = [];
  const pairs: ReturnType<typeof memoryPair>[] = [];
  const open = async (url: URL, options: ConnectOptions): Promise<TlsConnection> => {
    const pair = memoryPair();
    pairs.push(pair);
    urls.push(url.href);
    const index = pairs.length;
    const served = accept(pair.b, { provider: nodeCrypto, credentials: [credential], alpn: ["http/1.1", "other"] });
    served
      .then((channel) => {
        const peer = new Peer(channel, index);
        peers.push(peer);
        const done = handler(peer);
        channel.holdOpen(done.catch(() => {}));
        return done;
      })
      .catch(() => {});
    return connect(pair.a, { provider: nodeCrypto, serverName: url.hostname, ...options });
  };
  const trust = { ca: ca.pem };
  const fetchTo: RawServer["fetchTo"] = (target, options = {}) =>
    fetchOver<ConnectOptions>(open, connectOptions, target, options);
  return {
    connect: open,
    peers,
    urls,
    pairs,
    trust,
    fetchTo,
    fetch: (options = {}) => fetchTo("wss://device.test/", { ...trust, ...options }),
    open: () => open(new URL("wss://device.test/"), trust),
  };
}

/** A handler that answers each request of a connection with the same bytes. */
export const always =
  (response: string) =>
  async (peer: Peer): Promise<void> => {
    while (await peer.readHead()) await peer.send(response);
  };

/** A handler that answers one request and closes. */
export const once =
  (response: string) =>
  async (peer: Peer): Promise<void> => {
    await peer.readHead();
    await peer.send(response);
    await peer.channel.close();
  };
