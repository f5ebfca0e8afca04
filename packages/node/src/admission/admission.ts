/**
 * The limits of a server for its connections and handshakes, together and of each client.
 * @module
 */
import { Socket } from "node:net";
import { TlsError } from "@handclasp/core";
import { optionsOf, wrongOption } from "@handclasp/core/unstable";
import { clientKeyOf, type HandshakeGate } from "@handclasp/core/unstable/engine";
import { Calls } from "./calls.ts";
import * as defaults from "./limits.ts";
import { Rate } from "./rate.ts";
import type { LimitName, RefusedConnection, RequestRefusal } from "./refusals.ts";
import { RefusedSockets } from "./refusedSockets.ts";
import type { Client, Ticket } from "./ticket.ts";
import { Turns } from "./turns.ts";

/** The limits of a server, or of each of its clients. */
export interface AdmissionLimits {
  /** The most connections, with those in their handshake. A new one beyond that is refused. */
  readonly maxConnections?: number | false;
  /** The most connections in their handshake. A new one beyond that is refused. */
  readonly maxHandshakes?: number | false;
  /** The most handshakes that begin in a second. Others wait for their turn, up to `handshakeTimeout`. */
  readonly handshakeRate?: number | false;
}

/**
 * The connections and handshakes that a server admits. Beyond a limit, it refuses new connections, and leaves the open
 * ones alone. `false` for no limit.
 */
export interface AdmissionOptions extends AdmissionLimits {
  /** Default 10,000. */
  readonly maxConnections?: number | false;
  /** Default 1,000. */
  readonly maxHandshakes?: number | false;
  /** Default 500. */
  readonly handshakeRate?: number | false;
  /**
   * The most pending calls of functions of the application in handshakes: signers, `psk.lookup`, `verify`, `trust`,
   * `credentials`, `ocspResponse`, `ticketKeys` and session stores that return promises. Others wait for their turn, up
   * to `handshakeTimeout`. Default 64.
   */
  readonly maxCalls?: number | false;
  /**
   * The limits of each client: of an IPv4 address, or of the first 64 bits of an IPv6 address. Default 1,000
   * connections, 100 handshakes, and 100 handshakes a second.
   */
  readonly perAddress?: AdmissionLimits | false;
}

const limitRows: readonly string[] = ["1~2147483647|boolean maxConnections maxHandshakes handshakeRate"];
const rows: readonly string[] = [...limitRows, "1~2147483647|boolean maxCalls", "object|boolean perAddress"];

type Limits = Readonly<Record<keyof AdmissionLimits, number>>;

/** Why a connection is refused: the server has too many, or the client. */
export type Refusal = "server" | "client";

export interface AdmissionQueues {
  /** The handshakes that wait for their turn. */
  readonly handshakes: number;
  /** The calls of functions of the application that wait for their turn. */
  readonly calls: number;
  /** The calls that have not returned yet. */
  readonly pendingCalls: number;
}

export class Admission {
  readonly #isUnlimited: boolean;
  readonly #limits: Limits;
  readonly #clientLimits: Limits;
  readonly #calls: Calls;
  readonly #turns: Turns;
  readonly #now: () => number;
  readonly #clients = new Map<string, Client>();
  /** The number of clients from which on those without connections are looked for. */
  #mostClients = defaults.clientsBeforeSweep;
  readonly refusedSockets: RefusedSockets = new RefusedSockets();
  #connections = 0;
  #handshakes = 0;

  readonly #onRefused: (error: TlsError) => void;
  readonly #notice: (refusal: RefusedConnection) => void;
  /** When a refusal was last reported, by its reason. */
  readonly #reportedAt = new Map<string, number>();

  /**
   * @param onRefused gets the first refusal of a minute for each reason
   * @param notice gets each refusal
   * @throws TlsError `configuration`
   */
  constructor(
    options: AdmissionOptions | false = {},
    onRefused: (error: TlsError) => void = () => {},
    now: () => number = () => performance.now(),
    notice: (refusal: RefusedConnection) => void = () => {},
  ) {
    if ((options as unknown) === true) throw wrongOption("admission", options, "an object, or false");
    this.#isUnlimited = options === false;
    const { maxCalls, perAddress, ...limits } = options === false ? unlimited : optionsOf(options, rows, "admission.");
    if ((perAddress as unknown) === true) throw wrongOption("admission.perAddress", perAddress, "an object, or false");
    const ofClient = perAddress === false ? unlimited : optionsOf(perAddress ?? {}, limitRows, "admission.perAddress.");
    this.#limits = limitsOf(limits, defaults.server, "admission.");
    this.#clientLimits = limitsOf(ofClient, defaults.perAddress, "admission.perAddress.");
    this.#calls = new Calls(numberOf(maxCalls, defaults.maxCalls, "admission.maxCalls"), now);
    this.#now = now;
    this.#turns = new Turns(new Rate(this.#limits.handshakeRate, now()), now);
    this.#onRefused = onRefused;
    this.#notice = notice;
  }

  /**
   * Admits a connection in its handshake, or says why it is refused.
   * @param isProxy whether the address is that of a proxy that the user trusts: then only the server's limits apply
   */
  admit(address: string | undefined, isProxy = false): Ticket | Refusal {
    const client = this.#clientOf(address);
    const refusals = [
      !isProxy && address !== undefined && refusalOf("client", client, this.#clientLimits),
      refusalOf("server", { connections: this.#connections, handshakes: this.#handshakes }, this.#limits),
    ];
    const refusal = refusals.find((one) => one !== false && one !== undefined);
    if (!refusal) return this.#issue(client);
    this.#report(refusal, address);
    return refusal.of;
  }

  /** Admits a connection that a program has accepted itself. It counts, but is never refused. */
  force(address: string | undefined): Ticket {
    return this.#issue(this.#clientOf(address));
  }

  /** A listener has refused a request. */
  noticeRequest(limit: RequestRefusal, address: string | undefined): void {
    this.#notice({ of: "request", limit, address });
  }

  /** The number of clients that are remembered. */
  get clients(): number {
    return this.#clients.size;
  }

  /** The handshakes and calls that wait for their turn, and the calls that have not returned yet. */
  get queues(): AdmissionQueues {
    return { handshakes: this.#turns.waiting, calls: this.#calls.waiting, pendingCalls: this.#calls.pending };
  }

  established(ticket: Ticket): void {
    if (ticket.state !== "handshake") return;
    ticket.state = "open";
    this.#handshakes--;
    ticket.client.handshakes--;
  }

  /**
   * The connection has ended. Its socket keeps its place as a connection until it has closed, because the peer may take
   * its time to take our last bytes and to end its side.
   */
  ended(ticket: Ticket, socket: unknown): void {
    this.established(ticket);
    if (socket instanceof Socket && !socket.destroyed) socket.once("close", () => this.release(ticket));
    else this.release(ticket);
  }

  /** The connection has ended, and its socket has closed. */
  release(ticket: Ticket): void {
    if (ticket.state === "over") return;
    this.established(ticket);
    ticket.state = "over";
    this.#connections--;
    ticket.client.connections--;
    this.#calls.forget(ticket);
  }

  gateOf(ticket: Ticket): HandshakeGate | undefined {
    if (this.#isUnlimited) return undefined;
    return {
      begin: () => this.#turns.begin(ticket),
      call: (hook) => this.#calls.call(ticket, hook),
    };
  }

  #report({ of, what, limit, most }: Found, address: string | undefined): void {
    this.#notice({ of, limit, address });
    const reason = `${of} ${limit}`;
    const now = this.#now();
    if (now - (this.#reportedAt.get(reason) ?? Number.NEGATIVE_INFINITY) < defaults.refusalReportInterval) return;
    this.#reportedAt.set(reason, now);
    this.#onRefused(overloadedError(of, what, limit, most, address));
  }

  #issue(client: Client): Ticket {
    this.#connections++;
    this.#handshakes++;
    client.connections++;
    client.handshakes++;
    this.#clients.set(client.key, client);
    return { client, state: "handshake" };
  }

  /** A client without connections is remembered while its rate may be used up. */
  #clientOf(address: string | undefined): Client {
    const key = clientKeyOf(address);
    const known = this.#clients.get(key);
    if (known) return known;
    const now = this.#now();
    if (this.#clients.size >= this.#mostClients) {
      for (const [other, { connections, rate }] of this.#clients)
        if (!connections && rate.isFull(now)) this.#clients.delete(other);
      this.#mostClients = Math.max(2 * this.#clients.size, defaults.clientsBeforeSweep);
    }
    return { key, connections: 0, handshakes: 0, rate: new Rate(this.#clientLimits.handshakeRate, now) };
  }
}

interface Found {
  readonly of: Refusal;
  readonly what: string;
  readonly limit: LimitName;
  readonly most: number;
}

/** The limit that the counts have reached. */
function refusalOf(of: Refusal, counts: Pick<Client, "connections" | "handshakes">, limits: Limits): Found | undefined {
  const { maxConnections, maxHandshakes } = limits;
  if (counts.connections >= maxConnections)
    return { of, what: "open connections", limit: "maxConnections", most: maxConnections };
  if (counts.handshakes >= maxHandshakes)
    return { of, what: "connections in their handshake", limit: "maxHandshakes", most: maxHandshakes };
  return undefined;
}

function overloadedError(
  of: Refusal,
  what: string,
  limit: string,
  most: number,
  address: string | undefined,
): TlsError {
  const isClient = of === "client";
  const who = isClient ? `the client ${address}` : "the server";
  return new TlsError(undefined, `a connection was refused: ${who} has ${most} ${what}`, {
    code: "overloaded",
    advice: isClient
      ? `if the address is that of a proxy, set trustProxy of listenWebSocket; or set admission.perAddress.${limit}`
      : `if the server has room for more, set admission.${limit}`,
  });
}

const unlimited: AdmissionOptions = {
  maxConnections: false,
  maxHandshakes: false,
  handshakeRate: false,
  maxCalls: false,
  perAddress: false,
};

function limitsOf(options: AdmissionLimits, byDefault: Limits, prefix: string): Limits {
  const { maxConnections, maxHandshakes, handshakeRate } = options;
  return {
    maxConnections: numberOf(maxConnections, byDefault.maxConnections, `${prefix}maxConnections`),
    maxHandshakes: numberOf(maxHandshakes, byDefault.maxHandshakes, `${prefix}maxHandshakes`),
    handshakeRate: numberOf(handshakeRate, byDefault.handshakeRate, `${prefix}handshakeRate`),
  };
}

function numberOf(value: number | false | undefined, byDefault: number, option: string): number {
  if ((value as unknown) === true) throw wrongOption(option, value, "a whole number from 1 on, or false");
  return value === false ? Number.POSITIVE_INFINITY : (value ?? byDefault);
}
