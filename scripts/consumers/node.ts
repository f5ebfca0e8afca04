/** A program of Node.js that uses a channel with what else it has. Compiled by scripts/consumers.mjs, never run. */
import { Duplex, Readable } from "node:stream";
import { connect, type TlsConnection } from "@handclasp/node";

export const open = (ca: string): Promise<TlsConnection> => connect("tcp://localhost:8443", { ca });

export function asNodeStreams(channel: TlsConnection): Readable[] {
  const { readable, writable } = channel;
  return [Duplex.fromWeb({ readable, writable }), Readable.fromWeb(channel.readable)];
}

export async function asText(channel: TlsConnection): Promise<string | undefined> {
  const text = channel.readable.pipeThrough(new TextDecoderStream());
  const { value } = await text.getReader().read();
  return value;
}

export async function asBytes(channel: TlsConnection): Promise<[Blob, ArrayBuffer] | undefined> {
  const bytes = await channel.read();
  return bytes && [new Blob([bytes]), await crypto.subtle.digest("SHA-256", bytes)];
}

export async function echo(channel: TlsConnection): Promise<void> {
  for await (const bytes of channel) await channel.write(bytes satisfies Uint8Array<ArrayBuffer>);
  const [one, other] = channel.readable.tee();
  await Promise.all([one.pipeTo(channel.writable), other.cancel()]);
}

export function wrong(channel: TlsConnection): Promise<void> {
  // @ts-expect-error: a channel sends bytes. Were its type `any`, everything above would compile too.
  return channel.write("text");
}
