/**
 * The reasons for which a server refuses a connection.
 * @module
 */

export type LimitName = "maxConnections" | "maxHandshakes";
/** Why a request for a WebSocket is refused: its path, `origins` or `hosts`, or a function that refuses or fails. */
export type RequestRefusal = "path" | "rules" | "allow" | "trustProxy";

interface Refusals {
  readonly server: LimitName;
  readonly client: LimitName;
  readonly request: RequestRefusal;
}

/** By whose limit it was; `request` if the request for a WebSocket was refused. */
export const refusals: { readonly [Of in keyof Refusals]: readonly Refusals[Of][] } = {
  server: ["maxConnections", "maxHandshakes"],
  client: ["maxConnections", "maxHandshakes"],
  request: ["path", "rules", "allow", "trustProxy"],
};

/** A connection that was refused. */
export interface RefusedConnection {
  /** Whose limit it was; `"request"` if the request for a WebSocket was refused. */
  readonly of: keyof Refusals;
  /** The limit, or the reason for which the request was refused ("rules" are `origins` and `hosts`). */
  readonly limit: Refusals[keyof Refusals];
  /** The address of the client, or of a proxy. */
  readonly address: string | undefined;
}
