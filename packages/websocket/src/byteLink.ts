/**
 * Links over plain bytes, for servers that know nothing of the framing: a message is a piece of a stream.
 * @module
 */
import { type ConnectOptions, type TlsConnection, TlsError } from "@handclasp/core/client";

import { type Connect, type Link, type LinkEnd, openChannel, type Target } from "./link.ts";

/** The URL is that of the carrier. Protocols are offered by ALPN. */
export function openByteLink<Options extends ConnectOptions>(
  connect: Connect<Options>,
  target: Target<Options>,
): Promise<Link> {
  const opening = openChannel(connect, target, target.url, target.protocols);
  return opening.then((channel) => new ByteLink(channel, target.onSent));
}

/** A channel closes without a code. */
const cleanEnd: LinkEnd = { code: 1000, reason: "", droppedBytes: 0 };

class ByteLink implements Link {
  readonly #channel: TlsConnection;
  readonly #onSent: (bytes: number) => void;
  #waitingBytes = 0;
  readonly closed: Promise<LinkEnd>;

  constructor(channel: TlsConnection, onSent: (bytes: number) => void) {
    this.#channel = channel;
    this.#onSent = onSent;
    this.closed = channel.closed.then(
      () => cleanEnd,
      (error: unknown) => {
        // Many servers send close_notify and leave, as RFC 5246 §7.2.1 allows. Nothing of theirs is missing.
        if (TlsError.is(error) && error.code === "peer_gone") return { ...cleanEnd, droppedBytes: this.#waitingBytes };
        throw error;
      },
    );
    this.closed.catch(() => {});
  }

  get session(): Link["session"] {
    return this.#channel.session;
  }
  get protocol(): string {
    return this.session.alpn ?? "";
  }
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  read(): Promise<Uint8Array | undefined> {
    return this.#channel.read();
  }
  send(message: string | Uint8Array): Promise<void> {
    const bytes = typeof message === "string" ? new TextEncoder().encode(message) : message.slice();
    this.#waitingBytes += bytes.length;
    const sent = this.#channel.write(bytes);
    sent.then(
      () => {
        this.#waitingBytes -= bytes.length;
        this.#onSent(bytes.length);
      },
      () => {},
    );
    return sent;
  }
  close(): void {
    void this.#channel.close();
  }
  abort(reason?: TlsError): void {
    this.#channel.abort(reason);
  }
}
