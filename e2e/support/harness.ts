/**
 * The code that the channel's specs run in the page: it opens a channel, sends random bytes and compares the echo.
 * service.ts bundles this file. The input and the output of `handclasp` are JSON.
 */

import "./countedWebSocket.ts";
import "./fetching.ts";
import "./slowReader.ts";
import {
  connect,
  defaultGroups,
  keepSessions,
  legacySuites,
  noble,
  type Session,
  type SessionStore,
  TlsError,
  type Transport,
  webSocketTransport,
} from "@handclasp/browser";
import { browserCredential } from "@handclasp/browser/credential";
import { concat, equal, fromBase64, toBase64 } from "@handclasp/core/unstable";

export type EchoOptions = {
  readonly url: string;
  readonly ca: string;
  readonly serverName?: string;
  /** The name of the suite to offer. Default: the suites of `connect`. */
  readonly suite?: string;
  readonly groups?: readonly string[];
  /** The provider. Default: WebCrypto. */
  readonly provider?: "noble";
  /** The client's certificate and private key, in PEM. */
  readonly credential?: { readonly cert: string; readonly key: string };
  /** The number of random bytes to send and to receive. */
  readonly bytes: number;
  /** Whether to flip a bit in the first sent or received record of application data. */
  readonly tamper?: "sent" | "received";
  /** Whether to leave the channel open, for a test that leaves the page. */
  readonly keepOpen?: boolean;
  /** The session of an earlier page in base64, or `""` to keep the new session. */
  readonly session?: string;
};

export type Outcome =
  | { readonly ok: true; readonly session: Agreed; readonly intact: boolean; readonly savedSession?: string }
  | { readonly ok: false; readonly error: Failure };

export type Agreed = Pick<Session, "suite" | "group" | "serverName" | "resumed">;

/** A TlsError as JSON. */
export type Failure = Pick<TlsError, "code" | "alert" | "by" | "fault" | "message">;

declare global {
  var handclasp: (options: EchoOptions) => Promise<Outcome>;
}

globalThis.handclasp = async (options) => {
  try {
    return await echo(options);
  } catch (error) {
    if (!TlsError.is(error)) throw error; // other exceptions fail the test
    const { code, alert, by, fault, message } = error;
    return { ok: false, error: { code, alert, by, fault, message } };
  }
};

async function echo(options: EchoOptions): Promise<Outcome> {
  const { url, ca, serverName, suite, groups, provider, credential, tamper } = options;
  const store = options.session === undefined ? undefined : sessionSlot(options.session);
  const tampered = tamper && tamperOnce(webSocketTransport(new WebSocket(url)), tamper);
  const channel = await connect(tampered?.transport ?? url, {
    ca,
    serverName: serverName ?? new URL(url).hostname,
    ...(suite && { suites: legacySuites.filter(({ name }) => name === suite) }),
    ...(groups && { groups: defaultGroups.filter(({ name }) => groups.includes(name)) }),
    ...(provider && { provider: noble }),
    ...(credential && { credentials: await browserCredential(credential) }),
    ...(store && { sessions: keepSessions({ store }) }),
  });
  tampered?.arm();
  const sent = randomBytes(options.bytes);
  const written = channel.write(sent);
  const received: Uint8Array[] = [];
  let missing = sent.length;
  if (missing === 0) await channel.closeWrite();
  for await (const bytes of channel) {
    received.push(bytes);
    missing -= bytes.length;
    // Close only after the whole echo has arrived: after its close_notify, the page would not see an alert.
    if (missing <= 0 && !options.keepOpen) await written.then(() => channel.closeWrite());
  }
  await written;
  await channel.closed;
  const { session } = channel;
  return {
    ok: true,
    session: {
      suite: session.suite,
      ...(session.group && { group: session.group }),
      serverName: session.serverName,
      resumed: session.resumed,
    },
    intact: equal(concat(...received), sent),
    ...(store && { savedSession: store.text }),
  };
}

/** Returns a store for one session, which `text` has in base64. */
function sessionSlot(text: string): SessionStore & { text: string } {
  return {
    text,
    get() {
      return this.text ? fromBase64(this.text) : undefined;
    },
    set(_, session) {
      this.text = toBase64(session);
    },
    delete() {
      this.text = "";
    },
  };
}

/** Wraps a transport. After `arm`, it flips the last bit of the next message in one direction. */
function tamperOnce(transport: Transport, target: "sent" | "received"): { transport: Transport; arm(): void } {
  let isArmed = false;
  const pass = (bytes: Uint8Array, direction: "sent" | "received"): Uint8Array => {
    const last = bytes.length - 1;
    if (isArmed && target === direction) {
      bytes[last] = (bytes[last] ?? 0) ^ 1;
      isArmed = false;
    }
    return bytes;
  };
  return {
    arm: () => {
      isArmed = true;
    },
    transport: {
      start: (events) =>
        transport.start({
          data: (bytes) => events.data(pass(bytes, "received")),
          drain: () => events.drain(),
          end: () => events.end(),
          error: (error) => events.error(error),
        }),
      send: (bytes) => transport.send(pass(bytes, "sent")),
      pause: () => transport.pause(),
      resume: () => transport.resume(),
      end: () => transport.end(),
      abort: (reason) => transport.abort(reason),
    },
  };
}

/** Returns any number of random bytes. One call of `getRandomValues` returns at most 65,536 bytes. */
function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return bytes;
}
