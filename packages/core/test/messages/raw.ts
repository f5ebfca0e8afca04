/**
 * A peer that writes bytes of its own into a channel and reads what our side sends, so that a test sees what is on the
 * wire. Its frames are built and read by this file, not by the code under test.
 */
import type { TlsConnection } from "@handclasp/core";
import {
  acceptMessages,
  type MessageOptions,
  type Messages,
  messageAlpn,
  openMessages,
} from "@handclasp/core/messages";
import { channels } from "./pair.ts";

export const hex = (text: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
export const join = (...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.concat(parts));
const utf8 = new TextEncoder();

/** A frame with the shortest length, by RFC 6455 §5.2. `first` is its first byte: FIN and the opcode. */
export function frame(first: number, payload: Uint8Array | string = ""): Uint8Array<ArrayBuffer> {
  const data = typeof payload === "string" ? utf8.encode(payload) : payload;
  const { length } = data;
  const size =
    length < 126 ? [length] : length < 65_536 ? [126, length >> 8, length & 255] : [127, ...bigEndian64(length)];
  return join(new Uint8Array([first, ...size]), data);
}

function bigEndian64(length: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length));
  return bytes;
}

/** A Close of this code and reason. */
export const closeFrame = (code: number, reason = ""): Uint8Array<ArrayBuffer> =>
  frame(0x88, join(new Uint8Array([code >> 8, code & 255]), utf8.encode(reason)));

export const openingFrame = (opening: unknown = { path: "/", protocols: [] }): Uint8Array<ArrayBuffer> =>
  frame(0x8b, typeof opening === "string" ? opening : JSON.stringify(opening));

/** The frames in the bytes, as texts: the first byte in hex, and the payload as text, or code and reason of a Close. */
export function framesIn(bytes: Uint8Array): string[] {
  const found: string[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length; ) {
    const first = view.getUint8(at);
    const short = view.getUint8(at + 1);
    const headerLength = short === 127 ? 10 : short === 126 ? 4 : 2;
    const length = short === 127 ? Number(view.getBigUint64(at + 2)) : short === 126 ? view.getUint16(at + 2) : short;
    const payload = bytes.subarray(at + headerLength, at + headerLength + length);
    at += headerLength + length;
    const isClose = first === 0x88 && payload.length > 1;
    const code = isClose ? `${(payload[0] as number) * 256 + (payload[1] as number)} ` : "";
    found.push(
      `${first.toString(16)} ${code}${Buffer.from(isClose ? payload.subarray(2) : payload).toString()}`.trim(),
    );
  }
  return found;
}

/** Reads all bytes until the channel's end. */
export async function readAll(channel: TlsConnection): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const bytes of channel) parts.push(bytes);
  return join(...parts);
}

export interface RawPeer {
  /** The side under test. */
  readonly messages: Messages;
  /** The other side's channel. */
  readonly raw: TlsConnection;
}

/** A server under test, and a raw client that has sent its opening. */
export async function rawClient(options: MessageOptions = {}): Promise<RawPeer> {
  const { client: raw, server } = await channels();
  void raw.write(openingFrame());
  const { messages } = await acceptMessages(server, options);
  return { messages, raw };
}

/** A client under test, and a raw server that has read its opening. */
export async function rawServer(options: MessageOptions = {}): Promise<RawPeer> {
  const { client, server: raw } = await channels([messageAlpn.open]);
  const messages = await openMessages(client, options);
  await raw.read();
  return { messages, raw };
}
