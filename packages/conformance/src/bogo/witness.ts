/**
 * What the peer said, for the flags that ask: the trace shows every message as it was on the wire.
 * @module
 */
import type { Decoded, TraceListener } from "@handclasp/core";

type Struct = { readonly [field: string]: Decoded };

export interface Witness {
  readonly listener: TraceListener;
  /** The body of a handshake message that came, `undefined` where none did. */
  body(name: string): Struct | undefined;
  /** The data of an extension in such a message. */
  extension(message: string, type: number): Uint8Array | undefined;
}

export function witness(): Witness {
  const bodies = new Map<string, Struct>();
  const body = (name: string): Struct | undefined => bodies.get(name);
  return {
    listener(event) {
      if (event.type === "handshake" && event.direction === "received") bodies.set(event.name, event.body as Struct);
    },
    body,
    extension(message, type) {
      const extensions = (body(message)?.extensions ?? []) as readonly { type: number; data: Uint8Array }[];
      return extensions.find((one) => one.type === type)?.data;
    },
  };
}
