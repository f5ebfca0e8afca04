/**
 * Links by the framing of docs/message-framing.md.
 * @module
 */
import type { ClientSessions, ConnectOptions, TlsConnection, TlsError } from "@handclasp/core/client";
import { type MessageConnection, messageProtocols, type OpeningSession, openSession } from "@handclasp/core/messages";
import { type Connect, carrierUrl, type Dialed, type Link, type LinkEnd, openChannel, type Target } from "./link.ts";

export function openMessageLink<Options extends ConnectOptions>(
  connect: Connect<Options>,
  target: Target<Options>,
): Promise<Link> {
  const dial = (signal: AbortSignal, session?: OpeningSession, sessions?: ClientSessions): Promise<Dialed> => {
    const options = { sessions, ...target.options };
    return openChannel(connect, { ...target, options, signal }, "/", messageProtocols).then((channel) =>
      openOver(channel, target, session),
    );
  };
  const { reconnect, carrier = "/" } = target.options;
  if (!reconnect) return dial(target.signal).then(({ connection }) => new MessageLink(connection));
  // Checked here, so that the constructor throws.
  carrierUrl(carrier, target.url);
  return reconnect.open(dial, target);
}

async function openOver<Options extends ConnectOptions>(
  channel: TlsConnection,
  { url, protocols, options, onSent }: Target<Options>,
  session: OpeningSession | undefined,
): Promise<Dialed> {
  const { maxMessage, closeTimeout, handshakeTimeout: openingTimeout } = options;
  try {
    const opening = { path: url.pathname + url.search, protocols, session };
    return await openSession(channel, opening, {
      maxMessage,
      closeTimeout,
      openingTimeout,
      ...(!session && { onSent }),
    });
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
  abort(reason?: TlsError): void {
    this.#messages.abort(reason);
  }
}
