/**
 * Uses of a channel that compile in a page and in Node.js. scripts/consumers.mjs compiles this file and never runs it.
 */
import type { TlsConnection } from "@handclasp/core";

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
  // @ts-expect-error: a channel sends bytes. The error shows that the channel's type is not `any`, with which all
  // functions above would compile too.
  return channel.write("text");
}
