/**
 * What the channel's specs run in the page: one call opens a channel, sends random bytes, and compares what comes back.
 * Bundled by service.ts; everything that goes in or out travels as JSON.
 */

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

export type Call = {
  readonly url: string;
  readonly ca: string;
  readonly serverName?: string;
  /** What to offer. Default: the package's own. */
  readonly suite?: string;
  readonly groups?: readonly string[];
  /** Default WebCrypto. */
  readonly provider?: "noble";
  /** Our certificate and its key, PEM. */
  readonly credential?: { readonly cert: string; readonly key: string };
  /** How many random bytes go out and have to come back. */
  readonly bytes: number;
  /** Flips a bit of the first record of application data, on its way out or on its way in. */
  readonly tamper?: "sent" | "received";
  /** Leaves the channel open: the page is to be left. */
  readonly stays?: boolean;
  /** A session of an earlier page, base64, or `""` to keep one. */
  readonly session?: string;
};

export type Outcome =
  | { readonly ok: true; readonly session: Agreed; readonly intact: boolean; readonly kept?: string }
  | { readonly ok: false; readonly error: Failure };

export type Agreed = Pick<Session, "suite" | "group" | "serverName" | "resumed">;

/** A TlsError as JSON. */
export type Failure = Pick<TlsError, "code" | "alert" | "by" | "fault" | "message">;

declare global {
  var handclasp: (call: Call) => Promise<Outcome>;
}

globalThis.handclasp = async (call) => {
  try {
    return await echo(call);
  } catch (error) {
    if (!TlsError.is(error)) throw error; // a foreign exception is never an outcome
    const { code, alert, by, fault, message } = error;
    return { ok: false, error: { code, alert, by, fault, message } };
  }
};

async function echo(call: Call): Promise<Outcome> {
  const { url, ca, serverName, suite, groups, provider, credential, tamper } = call;
  const kept = call.session === undefined ? undefined : slot(call.session);
  const wire = tamper && tampering(webSocketTransport(new WebSocket(url)), tamper);
  const channel = await connect(wire?.transport ?? url, {
    ca,
    serverName: serverName ?? new URL(url).hostname,
    ...(suite && { suites: legacySuites.filter(({ name }) => name === suite) }),
    ...(groups && { groups: defaultGroups.filter(({ name }) => groups.includes(name)) }),
    ...(provider && { provider: noble }),
    ...(credential && { credentials: await browserCredential(credential) }),
    ...(kept && { sessions: keepSessions({ store: kept }) }),
  });
  wire?.arm();
  const sent = randomBytes(call.bytes);
  const written = channel.write(sent);
  const received: Uint8Array[] = [];
  let missing = sent.length;
  if (missing === 0) await channel.closeWrite();
  for await (const bytes of channel) {
    received.push(bytes);
    missing -= bytes.length;
    // Not before all is there: an alert behind our close_notify would find nobody.
    if (missing <= 0 && !call.stays) await written.then(() => channel.closeWrite());
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
    ...(kept && { kept: kept.text }),
  };
}

/** A store for one session, as text. */
function slot(text: string): SessionStore & { text: string } {
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

/** Somebody on the way who, once armed, flips the last bit of the next message, and leaves the others alone. */
function tampering(transport: Transport, which: "sent" | "received"): { transport: Transport; arm(): void } {
  let armed = false;
  const pass = (bytes: Uint8Array, direction: "sent" | "received"): Uint8Array => {
    const last = bytes.length - 1;
    if (armed && which === direction) {
      bytes[last] = (bytes[last] ?? 0) ^ 1;
      armed = false;
    }
    return bytes;
  };
  return {
    arm: () => {
      armed = true;
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

/** As much as is asked for: getRandomValues gives 65,536 bytes at most. */
function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return bytes;
}
