/**
 * The whole use of Handclasp on this page: connect, send, read.
 * @module
 */
import { connect, webSocketTransport } from "@handclasp/browser";
import { type CipherSuite, type NamedGroup, secp256r1, type TlsConnection, type TraceListener } from "@handclasp/core";
import { type Flip, TamperingTransport, type Target } from "./tamper.ts";

export interface ChannelOptions {
  readonly suite: CipherSuite;
  readonly group: NamedGroup;
  /** Alter this handshake message on its way. */
  readonly tamper: Target | undefined;
  readonly onTrace: TraceListener;
  readonly onFlip: (flip: Flip) => void;
  /** What came back. */
  readonly onText: (text: string) => void;
}

export interface Channel {
  readonly session: TlsConnection["session"];
  /** Rejects with a TlsError where the connection did not end in order. */
  readonly closed: Promise<void>;
  /** `tamper`: alter this message, or its echo, on its way. */
  send(text: string, tamper: Target | undefined): Promise<void>;
  close(): Promise<void>;
}

export async function openChannel(options: ChannelOptions): Promise<Channel> {
  const url = new URL("channel", location.href.replace(/^http/, "ws"));
  url.search = "";
  // A real page has its CA built in: who could alter the WebSocket could alter this download too.
  const ca = await download("ca.pem");
  const transport = new TamperingTransport(webSocketTransport(new WebSocket(url)), options.onFlip);
  transport.target = options.tamper;
  const connection = await connect(transport, {
    ca,
    serverName: location.hostname.replace(/^\[|\]$/g, ""),
    suites: [options.suite],
    groups: offeredGroups(options.suite, options.group),
    trace: { listener: options.onTrace, secrets: true }, // a lesson shows its secrets; nothing else should
  });
  const writer = connection.writable.getWriter();
  const decoder = new TextDecoder();
  const reading = connection.readable.pipeTo(
    new WritableStream({ write: (bytes: Uint8Array) => options.onText(decoder.decode(bytes, { stream: true })) }),
  );
  reading.catch(() => {}); // `closed` says why
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

/** To offer P-256 also says that we can verify with the server's ECDSA key, which lies on it (RFC 8422 §5.1). The echo server likes it least. */
function offeredGroups(suite: CipherSuite, group: NamedGroup): NamedGroup[] {
  return suite.authentication === "ecdsa" && group !== secp256r1 ? [group, secp256r1] : [group];
}
