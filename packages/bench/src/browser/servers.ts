/**
 * Servers in Node whose only clients are pages.
 * @module
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { acceptMessages, messageProtocols } from "@handclasp/core/messages";
import { createServer, nodeCredential } from "@handclasp/node";
import { admission } from "../admission.ts";
import { channelOf } from "../subjects/handclasp.ts";
import { type Channel, noop, type Subject } from "../subjects/subject.ts";
import { listenWebSockets, webSocketChannel } from "../subjects/transports.ts";
import { joinRecord, maxFragment, prefixLength, recordKey, recordParts, tagLength } from "./records.ts";

const noNodeClient = async (): Promise<never> => {
  throw new Error("this subject is a server for pages: it has no client in Node");
};

/** A server with the default suites of @handclasp/node, so that the page's list of suites decides which one is used. */
export const handclaspForPages: Subject = {
  async server({ cert, key }, onChannel) {
    const server = createServer({ credentials: [nodeCredential({ cert, key })], admission }, (connection) =>
      onChannel(channelOf(connection)),
    );
    return (await server.listenWebSocket()).address() as { port: number };
  },
  client: noNodeClient,
};

/** The server of `secureWebSocket`. */
export const messagesForPages: Subject = {
  async server({ cert, key }, onChannel) {
    const credentials = [nodeCredential({ cert, key })];
    const server = createServer({ credentials, alpn: messageProtocols, admission }, async (connection) => {
      const { messages } = await acceptMessages(connection);
      const channel: Channel = {
        write: (bytes) => messages.send(bytes),
        onData: noop,
        close: () => messages.close().then(noop, noop),
      };
      onChannel(channel);
      for await (const message of messages) channel.onData(message.length);
    });
    return (await server.listenWebSocket()).address() as { port: number };
  },
  client: noNodeClient,
};

export const recordsForPages: Subject = {
  server: (_, onChannel) =>
    listenWebSockets((ws) => {
      const raw = webSocketChannel(ws);
      let sent = 0;
      let opened = 0;
      const channel: Channel = {
        async write(bytes) {
          for (let at = 0; at < bytes.length; at += maxFragment) {
            await raw.write(seal(sent++, bytes.subarray(at, at + maxFragment)));
          }
        },
        onData: noop,
        close: raw.close,
      };
      ws.removeAllListeners("message");
      ws.on("message", (record: Buffer) => channel.onData(open(opened++, record)));
      onChannel(channel);
    }),
  client: noNodeClient,
};

function seal(sequence: number, fragment: Uint8Array): Uint8Array {
  const { prefix, nonce, additionalData } = recordParts(sequence, fragment.length);
  const cipher = createCipheriv("aes-128-gcm", recordKey, nonce).setAAD(additionalData);
  const sealed = cipher.update(fragment);
  cipher.final();
  return joinRecord(prefix, sealed, cipher.getAuthTag());
}

/** Returns the length of the plaintext. Throws if the tag is wrong. */
function open(sequence: number, record: Uint8Array): number {
  const { nonce, additionalData } = recordParts(sequence, record.length - prefixLength - tagLength);
  const decipher = createDecipheriv("aes-128-gcm", recordKey, nonce).setAAD(additionalData);
  decipher.setAuthTag(record.subarray(-tagLength));
  const fragment = decipher.update(record.subarray(prefixLength, -tagLength));
  decipher.final();
  return fragment.length;
}
