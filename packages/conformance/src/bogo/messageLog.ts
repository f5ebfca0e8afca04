/**
 * The messages of one connection, from the trace, for the flags that check the messages.
 * @module
 */
import type { Decoded, TraceEvent, TraceListener } from "@handclasp/core";

type Struct = { readonly [field: string]: Decoded };

export interface MessageLog {
  readonly listener: TraceListener;
  /** Each message in the format of BoringSSL's message callback, for example `read hs 2` or `read alert 1 0`. */
  readonly lines: readonly string[];
  /** The body of the last handshake message with this name that the peer sent. `undefined` if it sent none. */
  received(name: string): Struct | undefined;
  /** The body of the last handshake message with this name that the shim sent. `undefined` if it sent none. */
  sent(name: string): Struct | undefined;
  /** The data of an extension in the ClientHello that the peer sent. */
  offered(type: number): Uint8Array | undefined;
}

export function createMessageLog(): MessageLog {
  const bodies = { sent: new Map<string, Struct>(), received: new Map<string, Struct>() };
  const lines: string[] = [];
  const received = (name: string): Struct | undefined => bodies.received.get(name);
  return {
    listener(event) {
      if (event.type === "handshake") bodies[event.direction].set(event.name, event.body as Struct);
      const line = lineOf(event);
      if (line) lines.push(line);
    },
    lines,
    received,
    sent: (name) => bodies.sent.get(name),
    offered(type) {
      const extensions = (received("client_hello")?.extensions ?? []) as readonly { type: number; data: Uint8Array }[];
      return extensions.find((extension) => extension.type === type)?.data;
    },
  };
}

function lineOf(event: TraceEvent): string | undefined {
  if (event.type === "handshake") return `${verbs[event.direction]} hs ${event.bytes[0]}`;
  if (event.type === "change_cipher_spec") return `${verbs[event.direction]} ccs`;
  if (event.type === "record" && event.contentType === "alert" && event.plaintext)
    return `${verbs[event.direction]} alert ${event.plaintext.join(" ")}`;
  return undefined;
}

const verbs = { sent: "write", received: "read" };
