/**
 * Links by the framing of docs/message-framing.md.
 * @module
 */
import type { ConnectOptions, TlsConnection } from "@handclasp/core/client";
import { type MessageConnection, messageProtocols, openMessages } from "@handclasp/core/messages";

import { type Connect, type Link, type LinkEnd, openChannel, type Target } from "./link.ts";

export function openMessageLink<Options extends ConnectOptions>(
  connect: Connect<Options>,
  target: Target<Options>,
): Promise<Link> {
  return openChannel(connect, target, "/", messageProtocols).then((channel) => openOver(channel, target));
}

async function openOver<Options extends ConnectOptions>(
  channel: TlsConnection,
  { url, protocols, options, onSent }: Target<Options>,
): Promise<Link> {
  const { maxMessage, closeTimeout, handshakeTimeout: openingTimeout } = options;
  const path = url.pathname + url.search;
  try {
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
