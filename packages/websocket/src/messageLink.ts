/**
 * Links by the framing of docs/message-framing.md.
 * @module
 */
import type { ConnectOptions } from "@handclasp/core/client";
import { type MessageConnection, messageProtocols, openMessages } from "@handclasp/core/messages";

import type { Connect, Link, LinkEnd, Target } from "./link.ts";

export async function openMessageLink<Options extends ConnectOptions>(
  connect: Connect<Options>,
  { url, protocols, options, signal, onSent }: Target<Options>,
): Promise<Link> {
  const { carrier = "/", maxMessage, protocols: _, ...channelOptions } = options;
  const { serverName = url.hostname.replace(/^\[(.*)\]$/, "$1"), sessionScope = url.host } = channelOptions;
  const channel = await connect(new URL(carrier, url), {
    ...(channelOptions as unknown as Options),
    serverName,
    sessionScope,
    alpn: messageProtocols,
    signal,
  });
  const { closeTimeout, handshakeTimeout: openingTimeout } = options;
  try {
    const path = url.pathname + url.search;
    return new MessageLink(
      await openMessages(channel, { path, protocols, maxMessage, closeTimeout, openingTimeout, onSent }),
    );
  } catch (error) {
    channel.abort(error);
    throw error;
  }
}

class MessageLink implements Link {
  readonly #messages: MessageConnection;

  constructor(messages: MessageConnection) {
    this.#messages = messages;
  }

  get session(): Link["session"] {
    return this.#messages.channel.session;
  }
  get protocol(): string {
    return this.#messages.protocol;
  }
  get waitingBytes(): number {
    return this.#messages.waitingBytes;
  }
  get closed(): Promise<LinkEnd> {
    return this.#messages.closed;
  }

  read(): Promise<string | Uint8Array | undefined> {
    return this.#messages.read();
  }
  send(message: string | Uint8Array): Promise<void> {
    return this.#messages.send(message);
  }
  close(code: number | undefined, reason: string): void {
    void this.#messages.close(code, reason);
  }
  abort(): void {
    this.#messages.channel.abort();
  }
}
