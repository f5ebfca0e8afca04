/**
 * What was said, for the flags that ask: the trace shows every message as it was on the wire.
 * @module
 */
import type { Decoded, TraceListener } from "@handclasp/core";

type Struct = { readonly [field: string]: Decoded };

export interface Witness {
  readonly listener: TraceListener;
  /** The body of a handshake message of the peer's, `undefined` where none came. */
  received(name: string): Struct | undefined;
  /** The same of ours. */
  sent(name: string): Struct | undefined;
  /** The data of an extension in a ClientHello that came. */
  offered(type: number): Uint8Array | undefined;
}

export function witness(): Witness {
  const bodies = { sent: new Map<string, Struct>(), received: new Map<string, Struct>() };
  const received = (name: string): Struct | undefined => bodies.received.get(name);
  return {
    listener(event) {
      if (event.type === "handshake") bodies[event.direction].set(event.name, event.body as Struct);
    },
    received,
    sent: (name) => bodies.sent.get(name),
    offered(type) {
      const extensions = (received("client_hello")?.extensions ?? []) as readonly { type: number; data: Uint8Array }[];
      return extensions.find((one) => one.type === type)?.data;
    },
  };
}
