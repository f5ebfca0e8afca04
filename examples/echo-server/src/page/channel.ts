/**
 * The code of this page that opens a channel of Handclasp, sends and reads.
 * @module
 */
import { connect, webSocketTransport } from "@handclasp/browser";
import { type CipherSuite, type NamedGroup, secp256r1, type TlsConnection } from "@handclasp/core";
import type { InspectorEvent } from "@handclasp/inspector";
import { TamperingTransport, type Target } from "./tamper.ts";

export interface ChannelOptions {
  readonly suite: CipherSuite;
  readonly group: NamedGroup;
  /** The handshake message in which to flip a bit on the path. */
  readonly tamper: Target | undefined;
  /** The listener for the trace and for changes on the path. */
  readonly listener: (event: InspectorEvent) => void;
  /** The function to call with each piece of text that the server sends back. */
  readonly onText: (text: string) => void;
}

export interface Channel {
  readonly session: TlsConnection["session"];
  /** Rejects with a TlsError if the connection does not end cleanly. */
  readonly closed: Promise<void>;
  /** Sends `text`. With `tamper`, the transport flips a bit of the message or of its echo. */
  send(text: string, tamper: Target | undefined): Promise<void>;
  close(): Promise<void>;
}

export async function openChannel(options: ChannelOptions): Promise<Channel> {
  const url = new URL("channel", location.href.replace(/^http/, "ws"));
  url.search = "";
  // A real page has its CA built in, because an attacker who can alter the WebSocket can alter this download too.
  const ca = await download("ca.pem");
  const transport = new TamperingTransport(webSocketTransport(new WebSocket(url)), options.listener);
  transport.target = options.tamper;
  const connection = await connect(transport, {
    ca,
    serverName: location.hostname.replace(/^\[|\]$/g, ""),
    suites: [options.suite],
    groups: offeredGroups(options.suite, options.group),
    trace: { listener: options.listener, secrets: true }, // for the lesson; other programs should not trace secrets
  });
  const writer = connection.writable.getWriter();
  const decoder = new TextDecoder();
  const reading = connection.readable.pipeTo(
    new WritableStream({ write: (bytes: Uint8Array) => options.onText(decoder.decode(bytes, { stream: true })) }),
  );
  reading.catch(() => {}); // `closed` rejects with the reason
  return {
    session: connection.session,
    closed: connection.closed,
    async send(text, tamper) {
      transport.target = tamper;
      await writer.write(new TextEncoder().encode(text));
    },
    close: () => connection.close(),
  };
}

async function download(path: string): Promise<string> {
  const response = await fetch(path).catch((cause: unknown) => {
    throw new Error("The server does not answer. Is it still running? `npm start` starts it.", { cause });
  });
  return response.text();
}

/**
 * Returns the chosen group and, for an ECDSA suite, P-256: a client must offer the curve of the server's ECDSA key, or
 * the server could not use that key (RFC 8422 §5.1). The echo server prefers every other group to P-256.
 */
function offeredGroups(suite: CipherSuite, group: NamedGroup): NamedGroup[] {
  return suite.authentication === "ecdsa" && group !== secp256r1 ? [group, secp256r1] : [group];
}
