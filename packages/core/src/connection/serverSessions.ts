/**
 * How a server keeps sessions, as the user says it: tickets, their keys, and the cache of session IDs.
 * @module
 */
import type { CryptoProvider, Random } from "../crypto/provider.ts";
import { configurationError } from "../errors.ts";
import type { Awaitable } from "../flow.ts";
import type { ServerConfig } from "../handshake/config.ts";
import type { SessionStore } from "../handshake/resumption/store.ts";
import {
  rotatingKeys,
  type ScheduleTask,
  type TicketKeys,
  Tickets,
  ticketKeyLength,
} from "../handshake/resumption/tickets.ts";
import { sessionLifetime as defaultLifetime } from "../limits.ts";
import { wrongOption } from "../validation/options.ts";
import { boundedStore, checkedStore, memoryStore, withinTime } from "./sessions.ts";

/** What a server takes about sessions. */
export interface ServerSessionOptions {
  /**
   * Tickets (RFC 5077): the session, encrypted, is with the client. Default true, where the provider has AES-256-GCM.
   */
  readonly tickets?: boolean;
  /**
   * Keys of tickets, 48 random bytes each: a name of 16, sent in the clear, and an AES-256 key. The first one encrypts,
   * all of them decrypt, so that a key is rotated by a new one in front of it. Servers that have the same resume each
   * other's sessions. A function is asked for each ticket. Default: keys of this configuration's own, a new one each
   * `sessionLifetime`; each is wiped after two of them, though nobody connects. Whoever gets a key reads all that was sent in the sessions of its tickets: change them daily,
   * and never write them to a disk.
   */
  readonly ticketKeys?: readonly Uint8Array[] | (() => Awaitable<readonly Uint8Array[]>);
  /** The cache of session IDs, for clients without tickets. Default: 4 MiB in memory. `false`: none. */
  readonly sessionStore?: SessionStore | false;
  /** Seconds that a session can be resumed, 1 to 86,400. Default 7,200. */
  readonly sessionLifetime?: number;
}

/** Checks them; see `accept` for what it throws. */
export function serverSessions(
  options: ServerSessionOptions,
  common: Pick<ServerConfig, "provider" | "random" | "now">,
): Pick<ServerConfig, "tickets" | "sessions" | "sessionLifetime"> {
  const { sessionStore = memoryStore({ now: common.now }), sessionLifetime = defaultLifetime } = options;
  return {
    tickets: ticketsOf(options, common, sessionLifetime),
    sessions: sessionStore === false ? undefined : boundedStore(checkedStore(sessionStore, "sessionStore")),
    sessionLifetime,
  };
}

function ticketsOf(
  { tickets, ticketKeys }: ServerSessionOptions,
  { provider, random, now }: Pick<ServerConfig, "provider" | "random" | "now">,
  lifetime: number,
): Tickets | undefined {
  if (tickets === false && ticketKeys !== undefined)
    throw configurationError("ticketKeys without tickets", "leave one of them out");
  const asked = tickets === true || ticketKeys !== undefined;
  if (tickets === false || !canTicket(provider, asked)) return undefined;
  return new Tickets(provider, random, keysOf(ticketKeys, random, now, lifetime));
}

function canTicket(provider: CryptoProvider, asked: boolean): boolean {
  if (provider.ciphers.AES_256_GCM) return true;
  if (asked)
    throw configurationError(`the provider "${provider.name}" lacks AES-256-GCM, which tickets are encrypted with`);
  return false;
}

function keysOf(
  keys: ServerSessionOptions["ticketKeys"],
  random: Random,
  now: () => number,
  lifetime: number,
): TicketKeys {
  if (keys === undefined) return rotatingKeys(random, now, lifetime, later);
  if (typeof keys === "function") return () => withinTime(keys, []);
  if (!keys.length || keys.some((key) => key.length !== ticketKeyLength))
    throw wrongOption("ticketKeys", keys, `keys of ${ticketKeyLength} random bytes each`);
  // `slice` of a Buffer does not copy: who wipes his own would leave us a key of zeros.
  const copies = keys.map((key) => new Uint8Array(key));
  return () => copies;
}

/** Node's timers can let the process end before they fire. Where they cannot, keys are wiped when the next are asked for. */
const later: ScheduleTask = (ms, task) => {
  const timer = setTimeout(task, ms) as { unref?(): void } | number;
  if (typeof timer === "object" && timer.unref) timer.unref();
  else clearTimeout(timer);
};
