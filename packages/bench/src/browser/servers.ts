/**
 * The Node servers that only pages use.
 * @module
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { createServer, nodeCredential } from "@handclasp/node";
import { channelOf } from "../subjects/handclasp.ts";
import { type Channel, noop, type Subject } from "../subjects/subject.ts";
import { listenWebSockets, webSocketChannel } from "../subjects/transports.ts";
import { joined, leadLength, maxFragment, recordKey, sealing, tagLength } from "./records.ts";

const pagesOnly = async (): Promise<never> => {
  throw new Error("this subject has no client in Node: only pages connect to it");
};

/** The default of @handclasp/node, which leaves the cipher to the page. */
export const handclaspForPages: Subject = {
  async server({ cert, key }, onChannel) {
    const server = createServer({ credentials: [nodeCredential({ cert, key })] }, (connection) =>
      onChannel(channelOf(connection)),
    );
    return (await server.listenWebSocket()).address() as { port: number };
  },
  client: pagesOnly,
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
  client: pagesOnly,
};

function seal(sequence: number, fragment: Uint8Array): Uint8Array {
  const { lead, nonce, additionalData } = sealing(sequence, fragment.length);
  const cipher = createCipheriv("aes-128-gcm", recordKey, nonce).setAAD(additionalData);
  const sealed = cipher.update(fragment);
  cipher.final();
  return joined(lead, sealed, cipher.getAuthTag());
}

/** Opens a record. Throws if the tag is wrong. */
function open(sequence: number, record: Uint8Array): number {
  const { nonce, additionalData } = sealing(sequence, record.length - leadLength - tagLength);
  const decipher = createDecipheriv("aes-128-gcm", recordKey, nonce).setAAD(additionalData);
  decipher.setAuthTag(record.subarray(-tagLength));
  const fragment = decipher.update(record.subarray(leadLength, -tagLength));
  decipher.final();
  return fragment.length;
}
