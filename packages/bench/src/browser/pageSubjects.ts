/**
 * The openers of a page's channels: TLS stacks, each used as an application would use it, and, for comparison, bare
 * WebSockets and records without a handshake.
 * @module
 */

import {
  type CipherSuite,
  type CryptoProvider,
  connect,
  noble,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
  webCrypto,
  webSocketTransport,
} from "@handclasp/browser";
import { secureWebSocket } from "@handclasp/browser/websocket";
import { parsePemCertificates } from "@handclasp/core/unstable";

import { gcm } from "@noble/ciphers/aes.js";
import { loadX509FromPem, makeTLSClient, setCryptoImplementation } from "@reclaimprotocol/tls";
import { webcryptoCrypto } from "@reclaimprotocol/tls/webcrypto";
import { startTls, TrustedCert, WebSocketReadQueue } from "subtls";
import { type Channel, noop } from "../subjects/subject.ts";
import { joinRecord, maxFragment, prefixLength, recordKey, recordParts, tagLength } from "./records.ts";

/** The lengths of the WebSocket messages that the page's channels have sent and received, in bytes. */
export interface MessageSizes {
  readonly sent: number[];
  readonly received: number[];
}

export interface Target {
  /** The CA certificate in PEM. */
  readonly ca: string;
  readonly messageSizes: MessageSizes;
}

/** Creates all reusable objects once. The returned function opens a channel over a WebSocket that is already open. */
export type Opener = (target: Target) => Promise<(ws: WebSocket) => Promise<Channel>>;

const aes = [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256];
const chacha = [TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256];

function handclasp(provider: CryptoProvider, suites: readonly CipherSuite[], hasCredit = true): Opener {
  return async ({ ca: pem, messageSizes }) => {
    const ca = parsePemCertificates(pem);
    return async (ws) => {
      const recorded = recordMessageSizes(ws, messageSizes);
      const transport = webSocketTransport(hasCredit ? recorded : withoutCredit(recorded));
      const connection = await connect(transport, { provider, suites, ca, serverName: "localhost" });
      const channel: Channel = {
        write: (bytes) => connection.write(bytes),
        onData: noop,
        close: () => connection.abort(),
      };
      const read = async (): Promise<void> => {
        for await (const bytes of connection) channel.onData(bytes.length);
      };
      read().catch(noop);
      return channel;
    };
  };
}

/** A socket opens a WebSocket of its own, so the open one only says where. */
const secureWebSocketOpener: Opener = async ({ ca: pem }) => {
  const Socket = secureWebSocket({ ca: parsePemCertificates(pem), serverName: "localhost" });
  return async (ws) => {
    const { url } = ws;
    ws.close();
    const socket = new Socket(url);
    await socket.opened;
    socket.binaryType = "arraybuffer";
    const channel: Channel = {
      write(bytes) {
        socket.send(bytes);
        return socket.bufferedAmount > highWater ? waitForRoom(socket) : undefined;
      },
      onData: noop,
      close: () => socket.close(),
    };
    socket.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => channel.onData(data.byteLength);
    return channel;
  };
};

/** Records the lengths of the messages that contain data. Text messages give credit. */
function recordMessageSizes(ws: WebSocket, { sent, received }: MessageSizes): WebSocket {
  ws.addEventListener("message", ({ data }: MessageEvent<ArrayBuffer | string>) => {
    if (typeof data !== "string") received.push(data.byteLength);
  });
  const send = ws.send.bind(ws);
  ws.send = (data) => {
    if (typeof data !== "string") sent.push((data as Uint8Array).byteLength);
    send(data);
  };
  return ws;
}

/** Drops the page's empty announcement, so that the server neither gives nor takes credit (docs/adr/0014). */
function withoutCredit(ws: WebSocket): WebSocket {
  const send = ws.send.bind(ws);
  ws.send = (data) => {
    if ((data as Uint8Array).byteLength) send(data);
  };
  return ws;
}

export async function openSocket(url: string): Promise<WebSocket> {
  const ws = new WebSocket(url);
  ws.binaryType = "arraybuffer";
  await new Promise((resolve, reject) => {
    ws.onopen = resolve;
    ws.onerror = () => reject(new Error("the WebSocket did not open"));
  });
  return ws;
}

/**
 * The limits of `bufferedAmount` in bytes between which a page waits for room. A page must poll with a
 * timer, which takes at least 4 ms when it repeats. The low limit is large, so that the socket still has data to send
 * when the timer fires.
 */
const highWater = 2 ** 22;
const lowWater = 2 ** 21;

async function waitForRoom(ws: Pick<WebSocket, "bufferedAmount">): Promise<void> {
  while (ws.bufferedAmount > lowWater) await new Promise((resolve) => setTimeout(resolve));
}

const raw: Opener = async () => async (ws) => {
  const channel: Channel = {
    write(bytes) {
      ws.send(bytes as Uint8Array<ArrayBuffer>);
      return ws.bufferedAmount > highWater ? waitForRoom(ws) : undefined;
    },
    onData: noop,
    close: () => ws.close(),
  };
  ws.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => channel.onData(data.byteLength);
  return channel;
};

const nobleRecords: Opener = async () => async (ws) => {
  let sent = 0;
  let received = 0;
  const channel: Channel = {
    write(bytes) {
      for (let at = 0; at < bytes.length; at += maxFragment) {
        const fragment = bytes.subarray(at, at + maxFragment);
        const { prefix, nonce, additionalData } = recordParts(sent++, fragment.length);
        ws.send(joinRecord(prefix, gcm(recordKey, nonce, additionalData).encrypt(fragment)));
      }
      return ws.bufferedAmount > highWater ? waitForRoom(ws) : undefined;
    },
    onData: noop,
    close: () => ws.close(),
  };
  ws.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
    const record = new Uint8Array(data);
    const { nonce, additionalData } = recordParts(received++, record.length - prefixLength - tagLength);
    channel.onData(gcm(recordKey, nonce, additionalData).decrypt(record.subarray(prefixLength)).length);
  };
  return channel;
};

const silent = { debug: noop, info: noop, trace: noop, error: noop, warn: noop };

const reclaim: Opener = async ({ ca }) => {
  setCryptoImplementation(webcryptoCrypto);
  const rootCAs = [loadX509FromPem(ca)];
  return async (ws) => {
    return new Promise((resolve, reject) => {
      const channel: Channel = {
        async write(bytes) {
          await tls.write(bytes);
          if (ws.bufferedAmount > highWater) await waitForRoom(ws);
        },
        onData: noop,
        close: () => ws.close(),
      };
      const tls = makeTLSClient({
        host: "localhost",
        logger: silent,
        rootCAs,
        supportedProtocolVersions: ["TLS1_2"],
        cipherSuites: ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"],
        write: ({ header, content }) => ws.send(joinRecord(header, content)),
        onHandshake: () => resolve(channel),
        onApplicationData: (bytes) => channel.onData(bytes.length),
        onTlsEnd: (error) => reject(error ?? new Error("the connection ended")),
      });
      ws.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => void tls.handleReceivedBytes(new Uint8Array(data));
      tls.startHandshake().catch(reject);
    });
  };
};

const subtls: Opener = async ({ ca }) => {
  const roots = await TrustedCert.databaseFromPEM(ca);
  return async (ws) => {
    const queue = new WebSocketReadQueue(ws);
    const send = (bytes: Uint8Array): void => ws.send(bytes as Uint8Array<ArrayBuffer>);
    const tls = await startTls("localhost", roots, queue.read.bind(queue), send);
    const channel: Channel = {
      async write(bytes) {
        await tls.write(bytes);
        if (ws.bufferedAmount > highWater) await waitForRoom(ws);
      },
      onData: noop,
      close: () => ws.close(),
    };
    const read = async (): Promise<void> => {
      for (let bytes = await tls.read(); bytes; bytes = await tls.read()) channel.onData(bytes.length);
    };
    read().catch(noop);
    return channel;
  };
};

export const openers = {
  webCrypto: handclasp(webCrypto, aes),
  webCryptoWithoutCredit: handclasp(webCrypto, aes, false),
  nobleChaCha: handclasp(noble, chacha),
  nobleAes: handclasp(noble, aes),
  raw,
  nobleRecords,
  secureWebSocket: secureWebSocketOpener,
  reclaim,
  subtls,
} satisfies Record<string, Opener>;
