/**
 * Links by the framing of docs/message-framing.md.
 * @module
 */
import type { ConnectOptions, TlsError } from "@handclasp/core/client";
import { type MessageConnection, messageProtocols, type OpeningSession, openSession } from "@handclasp/core/messages";
import type { Connect, Dialed, Link, LinkEnd, Target } from "./link.ts";

export async function openMessageLink<Options extends ConnectOptions>(
  connect: Connect<Options>,
  target: Target<Options>,
): Promise<Link> {
  const dial = (signal: AbortSignal, session?: OpeningSession): Promise<Dialed> =>
    openChannel(connect, target, signal, session);
  const { reconnect } = target.options;
  if (reconnect) return reconnect.open(dial, target);
  return new MessageLink((await dial(target.signal)).connection);
}

async function openChannel<Options extends ConnectOptions>(
  connect: Connect<Options>,
  { url, protocols, options, onSent }: Target<Options>,
  signal: AbortSignal,
  session: OpeningSession | undefined,
): Promise<Dialed> {
  const { carrier = "/", maxMessage, protocols: _, reconnect: __, ...channelOptions } = options;
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
    this.#messages.channel.abort(reason);
  }
}
