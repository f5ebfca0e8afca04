/**
 * The messages between the processes of a soak.
 * @module
 */

/** The end of one side of a connection. */
export interface Side {
  /** The bytes of the writes that have resolved. */
  readonly written: number;
  readonly read: number;
  /** Whether the reader has seen the clean end. */
  readonly isClean: boolean;
  /** Whether the client has killed the connection. */
  readonly isKilled?: boolean;
}

export interface ServerSetup {
  readonly cert: string;
  readonly key: string;
  readonly redis: number;
  readonly secret: string;
  /** The `rotation` of the ticket keys, in seconds. */
  readonly rotation: number;
}

export type ServerCommand =
  | { readonly type: "certificate"; readonly cert: string; readonly key: string }
  | { readonly type: "drain" }
  | { readonly type: "rest" };

/** The memory and the resources of a process without connections, after a collection. */
export interface Rest {
  readonly heap: number;
  /** The part of `heap` that is machine code, which V8 makes of functions that run often. */
  readonly code: number;
  /** The bytes outside the heap, such as those of buffers. */
  readonly external: number;
  /** The timers, also those that do not keep the process alive. */
  readonly timers: number;
  readonly connections: number;
  /** The sockets, servers and timers that keep the process alive, by their kind. */
  readonly resources: Readonly<Record<string, number>>;
}

export type ServerMessage =
  | { readonly type: "listening"; readonly tcp: number; readonly ws: number }
  | { readonly type: "sides"; readonly sides: Readonly<Record<string, Side>> }
  | { readonly type: "rest"; readonly rest: Rest }
  | { readonly type: "drained" }
  | { readonly type: "error"; readonly error: string }
  | {
      readonly type: "counts";
      readonly rotations: number;
      readonly redisErrors: number;
      /** The connections whose name the server has not read: it has written nothing into them. */
      readonly unnamed: number;
    };

/** The ports of a server, or `null` while it restarts. */
export type Target = { readonly tcp: number; readonly ws: number } | null;

export type ClientCommand =
  | { readonly type: "targets"; readonly targets: readonly Target[] }
  | { readonly type: "start"; readonly connections: number; readonly pause: number }
  | { readonly type: "pause" }
  | { readonly type: "rest" }
  | { readonly type: "redis"; readonly isUp: boolean };

export interface ClientCounts {
  readonly connections: number;
  readonly killed: number;
  readonly bytes: number;
  readonly mostOpen: number;
  /** Offers of a session that another process made, while Redis was up, and how many were resumed. */
  readonly offeredTickets: number;
  readonly resumedTickets: number;
  readonly offeredIds: number;
  readonly resumedIds: number;
}

export type ClientMessage =
  | { readonly type: "sides"; readonly sides: Readonly<Record<string, Side>> }
  | { readonly type: "paused"; readonly counts: ClientCounts }
  /** No handshake goes on with a server that is not a target any more. */
  | { readonly type: "left" }
  | { readonly type: "rest"; readonly rest: Rest }
  | { readonly type: "error"; readonly error: string };
