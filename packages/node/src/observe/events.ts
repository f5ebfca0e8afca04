/**
 * The events of a server, for metrics and logs.
 * @module
 */
import type { AlertDescription, Direction, NotResumed, TlsConnection, Traffic } from "@handclasp/core";
import type { RefusedConnection } from "../admission/refusals.ts";

/**
 * The properties of a connection, by the names of OpenTelemetry's semantic conventions: `client.address`,
 * `network.transport`, `tls.protocol.version`, `tls.cipher`, `tls.curve`, `tls.resumed`, `tls.established`,
 * `tls.next_protocol`, `server.address` (the name that the client asked for), `tls.client.subject` and others of the
 * client's certificate, `error.type` (the code of the TlsError). Names of our own begin with `handclasp.`.
 */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** The server of an event: a {@link TlsServer}. */
export interface ObservedServer {
  readonly connections: ReadonlySet<TlsConnection>;
  measure(): ServerMeasures;
}

interface OfConnection {
  readonly server: ObservedServer;
  readonly connection: TlsConnection;
  readonly attributes: Attributes;
}

/** One event of a server. */
export type ServerEvent =
  /** A connection was refused: docs/admission.md. */
  | {
      readonly type: "refused";
      readonly server: ObservedServer;
      readonly refusal: RefusedConnection;
      readonly attributes: Attributes;
    }
  /** A connection began, and with it its handshake. */
  | ({ readonly type: "accepted" } & OfConnection)
  /** The handshake of a connection is done, or has failed with `error`. `duration` is in milliseconds. */
  | ({
      readonly type: "handshake";
      readonly outcome: "established" | "failed";
      readonly error?: unknown;
      readonly duration: number;
      /** The reason if the client offered a session that the server did not resume. */
      readonly notResumed?: NotResumed;
    } & OfConnection)
  /** An alert was sent or received, in the handshake or later. */
  | ({
      readonly type: "alert";
      readonly direction: Direction;
      readonly level: "warning" | "fatal";
      /** The name of the alert, or its number if it has none. */
      readonly description: AlertDescription | number;
    } & OfConnection)
  /** Three quarters of the records that a key may protect are sent (`recordsLeft` of `connection.traffic`). Once. */
  | ({ readonly type: "key_limit"; readonly recordsLeft: number } & OfConnection)
  /** A connection has ended, by `error` or cleanly. `duration` is that of the connection, in milliseconds. */
  | ({
      readonly type: "closed";
      readonly error?: unknown;
      readonly duration: number;
      readonly traffic: Traffic;
    } & OfConnection)
  /** `reload` has changed these options. */
  | {
      readonly type: "reloaded";
      readonly server: ObservedServer;
      readonly options: readonly string[];
      readonly attributes: Attributes;
    }
  /** `close` has ended all connections. The last event of a server. */
  | { readonly type: "stopped"; readonly server: ObservedServer; readonly attributes: Attributes };

/** The state of a server at one moment, from `server.measure()`. */
export interface ServerMeasures {
  /** The connections, by their state: `closing` have sent or received close_notify. */
  readonly connections: { readonly handshaking: number; readonly open: number; readonly closing: number };
  readonly queues: {
    /** The handshakes that wait for their turn (docs/admission.md). */
    readonly handshakes: number;
    /** The calls of signers, hooks and stores that wait for their turn, and those that have not returned yet. */
    readonly calls: number;
    readonly pendingCalls: number;
    /** The bytes that wait in the sockets of all connections because their peers have not taken them. */
    readonly sendBytes: number;
  };
  /** The sums over all connections, those that have ended included. */
  readonly traffic: Omit<Traffic, "recordsLeft">;
  /** The records that may still be sent under the key of the open connection that is closest to its limit. */
  readonly fewestRecordsLeft: number | undefined;
}

export type LogLevel = "debug" | "info" | "warn" | "error";
/** Takes a line of a log, as a method of pino does. */
export type LogFunction = (level: LogLevel, object: Readonly<Record<string, unknown>>, message: string) => void;
