/**
 * A server's options for resumption: tickets, ticket keys and the cache of session IDs.
 * @module
 */
import type { CryptoProvider, Random } from "../crypto/provider.ts";
import { configurationError } from "../errors.ts";
import type { Awaitable } from "../flow.ts";
import type { ServerConfig } from "../handshake/config.ts";
import type { SessionStore } from "../handshake/resumption/store.ts";
import {
  isTicketKey,
  rotatingKeys,
  type ScheduleTask,
  type TicketKeys,
  Tickets,
  ticketKeyLength,
} from "../handshake/resumption/tickets.ts";
import { sessionLifetime as defaultLifetime } from "../limits.ts";
import { wrongOption } from "../validation/options.ts";
import { boundedStore, checkedStore, memoryStore, withinTime } from "./sessions.ts";

/** A server's options for resumption. */
export interface ServerSessionOptions {
  /**
   * Whether the server issues and accepts tickets (RFC 5077), which store the encrypted session at the client. Default
   * true if the provider has AES-256-GCM.
   */
  readonly tickets?: boolean;
  /**
   * The ticket keys, 48 random bytes each: a name of 16 bytes, which is sent in the clear, and an AES-256 key. The
   * first key encrypts and all keys decrypt, so you rotate keys by putting a new one first. Servers with the same keys
   * and options resume each other's sessions. A function is called for each ticket that is issued or received. Default:
   * keys of this configuration alone, a new one every `sessionLifetime`; each is wiped after two lifetimes, in Node
   * even without connections. Anyone who gets a key can decrypt the sessions of its tickets: change keys daily, and
   * never write them to disk.
   */
  readonly ticketKeys?: readonly Uint8Array[] | (() => Awaitable<readonly Uint8Array[]>);
  /** The cache of session IDs, for clients without tickets. Default: 4 MiB in memory. `false`: no cache. */
  readonly sessionStore?: SessionStore | false;
  /** The time for which a session can be resumed, in seconds, 1 to 86,400. Default 7,200. */
  readonly sessionLifetime?: number;
}

/** Checks the options; see `accept` for the errors. */
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
    throw configurationError("ticketKeys without tickets", "leave out ticketKeys, or tickets: false");
  const isRequired = tickets === true || ticketKeys !== undefined;
  if (tickets === false || !canIssueTickets(provider, isRequired)) return undefined;
  return new Tickets(provider, random, keysOf(ticketKeys, random, now, lifetime));
}

function canIssueTickets(provider: CryptoProvider, isRequired: boolean): boolean {
  if (provider.ciphers.AES_256_GCM) return true;
  if (isRequired)
    throw configurationError(`the provider "${provider.name}" lacks AES-256-GCM, which tickets are encrypted with`);
  return false;
}

function keysOf(
  keys: ServerSessionOptions["ticketKeys"],
  random: Random,
  now: () => number,
  lifetime: number,
): TicketKeys {
  if (keys === undefined) return rotatingKeys(random, now, lifetime, scheduleUnref);
  if (typeof keys === "function") return () => withinTime(keys, []);
  if (!keys.length || !keys.every(isTicketKey))
    throw wrongOption("ticketKeys", keys, `keys of ${ticketKeyLength} random bytes each`);
  // A copy, because the application may wipe its keys. `slice` of a Buffer would not copy.
  const copies = keys.map((key) => new Uint8Array(key));
  return () => copies;
}

/**
 * Schedules `task` on a timer that does not keep the process alive. Where there is no such timer (in a page), `task`
 * does not run, and old keys are wiped when a handshake next asks for the keys.
 */
const scheduleUnref: ScheduleTask = (ms, task) => {
  const timer = setTimeout(task, ms) as { unref?(): void } | number;
  if (typeof timer === "object" && timer.unref) timer.unref();
  else clearTimeout(timer);
};
