/**
 * Matchers of Playwright's `expect` for channels, servers and errors. Each one waits, at most for the timeout of
 * `expect`.
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type AlertDescription, alertDescriptions } from "@handclasp/core";
import { usageError } from "@handclasp/core/unstable";
import type { ExpectMatcherState, MatcherReturnType } from "@playwright/test";
import type { PageSession } from "../page/protocol.ts";
import type { TestServer } from "../server/testServer.ts";

/** A channel: of a server, of a client on Node.js, or a `PageChannel`. */
export interface ChannelLike {
  readonly session: Pick<PageSession, "suite" | "resumed">;
  readonly closed: Promise<void>;
}

/** The expected fields of a session: each one is the value, or a pattern. */
export type ExpectedSession = { readonly [Field in keyof PageSession]?: PageSession[Field] | RegExp | undefined };

type Matcher<Receiver, Args extends unknown[] = []> = (
  this: ExpectMatcherState,
  receiver: Receiver,
  ...args: Args
) => Promise<MatcherReturnType>;

/** The matchers, for `expect.extend`. */
export type HandclaspMatchers = {
  /** A channel, or the newest channel of a server, has negotiated what `expected` says. */
  toHaveNegotiated: Matcher<ChannelLike | TestServer, [expected: ExpectedSession]>;
  /** The peer of a channel, or of a connection of a server, has sent the alert; or the error says so. */
  toHaveReceivedAlert: Matcher<ChannelLike | TestServer | Error, [alert: AlertDescription]>;
  /** A channel, or each channel of a server (at least one), has ended with close_notify of both sides. */
  toHaveClosedCleanly: Matcher<ChannelLike | TestServer>;
};

/** Whether it is so now, and the state of the receiver in words. */
type Finding = readonly [pass: boolean, state: string];

export const matchers: HandclaspMatchers = {
  toHaveNegotiated(receiver, expected) {
    return found(this, "toHaveNegotiated", () => {
      const channel = isServer(receiver) ? receiver.channels.at(-1) : receiver;
      if (!channel) return [false, "the server has no channel"];
      const session = channel.session as unknown as Readonly<Record<string, unknown>>;
      const wrong = Object.entries(expected).filter(([field, value]) => {
        if (!(field in session))
          throw usageError(`${field} is not in the session, which has ${Object.keys(session).join(", ")}`);
        return value instanceof RegExp ? !value.test(String(session[field])) : session[field] !== value;
      });
      const shown = (wrong.length ? wrong : Object.entries(expected)).map(
        ([field, value]) => `${field}: ${String(session[field])} (expected ${String(value)})`,
      );
      return [wrong.length === 0, shown.join(", ")];
    });
  },

  toHaveReceivedAlert(receiver, alert) {
    if (!Object.hasOwn(alertDescriptions, alert)) throw usageError(`${alert} is not the name of an alert`);
    const errors = errorsOf(receiver);
    return found(this, "toHaveReceivedAlert", () => {
      const seen = errors();
      return [seen.some((error) => error.by === "peer" && error.alert === alert), `errors: ${wordsOf(seen)}`];
    });
  },

  toHaveClosedCleanly(receiver) {
    const ends = new Map<ChannelLike, End>();
    return found(this, "toHaveClosedCleanly", () => {
      const channels: readonly ChannelLike[] = isServer(receiver) ? receiver.channels : [receiver];
      for (const channel of channels) if (!ends.has(channel)) ends.set(channel, endOf(channel));
      const all = [...ends.values()];
      const errors = all.flatMap(({ error }) => (error ? [error] : []));
      if (all.length === 0) return [false, "the server has no channel"];
      if (errors.length > 0) return [false, wordsOf(errors)];
      const open = all.filter(({ hasEnded }) => !hasEnded).length;
      return [open === 0, open === 0 ? "closed cleanly" : `${open} of ${all.length} channels are open`];
    });
  },
};

/** Asks again until the answer is the expected one, or the time is over. */
async function found(state: ExpectMatcherState, name: string, find: () => Finding): Promise<MatcherReturnType> {
  const end = performance.now() + state.timeout;
  await sleep(0); // an end that has happened is then known
  let [pass, words] = find();
  while (pass === state.isNot && performance.now() < end) {
    await sleep(20);
    [pass, words] = find();
  }
  const message = (): string => `${state.utils.matcherHint(name, "received", "", { isNot: state.isNot })}\n\n${words}`;
  return { name, pass, message };
}

/** A TlsError, or the error of an application. */
interface Failure {
  readonly code?: string;
  readonly alert?: string;
  readonly by?: string;
  readonly message: string;
}

interface End {
  hasEnded: boolean;
  error: Failure | undefined;
}

function endOf({ closed }: ChannelLike): End {
  const end: End = { hasEnded: false, error: undefined };
  closed.then(
    () => {
      end.hasEnded = true;
    },
    (error: Failure) => {
      end.hasEnded = true;
      end.error = error;
    },
  );
  return end;
}

function errorsOf(receiver: ChannelLike | TestServer | Error): () => readonly Failure[] {
  if (isServer(receiver)) return () => receiver.errors as readonly Failure[];
  if (receiver instanceof Error) return () => [receiver];
  const end = endOf(receiver);
  return () => (end.error ? [end.error] : []);
}

const isServer = (receiver: ChannelLike | TestServer | Error): receiver is TestServer => "channels" in receiver;

const wordsOf = (errors: readonly Failure[]): string =>
  errors
    .map(
      ({ code = "error", alert, by = "us", message }) =>
        `${code}${alert ? `, alert ${alert} by ${by}` : ""}: ${message}`,
    )
    .join("; ") || "none";
