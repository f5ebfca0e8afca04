/**
 * The code of this page that opens a channel of Handclasp, sends and reads.
 * @module
 */
import { connect, webSocketTransport } from "@handclasp/browser";
import {
  type CipherSuite,
  type ClientSessions,
  type Credential,
  type NamedGroup,
  secp256r1,
  type TlsConnection,
} from "@handclasp/core";
import type { InspectorEvent } from "@handclasp/inspector";
import { type Attack, TamperingTransport } from "./tamper.ts";
import { say } from "./text.ts";

export interface ChannelOptions {
  readonly suite: CipherSuite;
  readonly group: NamedGroup;
  /** The path of the server on the page's host. */
  readonly path: string;
  /** The file with the CA to trust. */
  readonly ca: string;
  /** Whether the page has a client certificate. */
  readonly sendsCertificate: boolean;
  /** The sessions that the connection may resume. */
  readonly sessions: ClientSessions | undefined;
  /** The attack on the handshake. */
  readonly attack: Attack | undefined;
  /** The listener for the trace and for changes on the path. */
  readonly listener: (event: InspectorEvent) => void;
  /** The function to call with each piece of text that the server sends back. */
  readonly onText: (text: string) => void;
}

export interface Channel {
  readonly session: TlsConnection["session"];
  /** Rejects with a TlsError if the connection does not end cleanly. */
  readonly closed: Promise<void>;
  /** Sends `text`. With `attack`, the path attacks the message or its echo. */
  send(text: string, attack: Attack | undefined): Promise<void>;
  close(): Promise<void>;
}

export async function openChannel(options: ChannelOptions): Promise<Channel> {
  const url = new URL(options.path, location.href.replace(/^http/, "ws"));
  url.search = "";
  // A real page has its CA built in, because an attacker who can alter the WebSocket can alter this download too.
  const ca = await download(options.ca);
  const transport = new TamperingTransport(webSocketTransport(new WebSocket(url)), options.listener);
  transport.attack = options.attack;
  const connection = await connect(transport, {
    ca,
    serverName: location.hostname.replace(/^\[|\]$/g, ""),
    suites: [options.suite],
    groups: offeredGroups(options.suite, options.group),
    handshakeTimeout: 120_000, // a lesson may run on a slow machine
    ...(options.sessions && { sessions: options.sessions }),
    ...(options.sendsCertificate && { credentials: await clientCredential() }),
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
    async send(text, attack) {
      transport.attack = attack;
      await writer.write(new TextEncoder().encode(text));
    },
    close: () => connection.close(),
  };
}

/** The certificate and key that the server gives to every page. A real page has a key that no one else has. */
async function clientCredential(): Promise<Credential> {
  const { browserCredential } = await import("@handclasp/browser/credential");
  return browserCredential(JSON.parse(await download("client.json")) as { cert: string; key: string });
}

async function download(path: string): Promise<string> {
  const response = await fetch(path).catch((cause: unknown) => {
    const text = say({
      en: "The server does not answer. Is it still running? `npm start` starts it.",
      ko: "서버가 대답하지 않습니다. 아직 실행 중인가요? `npm start`로 시작합니다.",
    });
    throw new Error(text, { cause });
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
