/**
 * The messages between the processes of a flood.
 * @module
 */

/** The events of each second, all from one address. */
export interface FloodRates {
  /** Connections that send a ClientHello and then nothing. */
  readonly halfOpen: number;
  readonly handshakes: number;
  /** Messages of 1 MB of records of one byte, on connections that are open. */
  readonly messages: number;
  /** Handshakes with a client certificate that is expensive to process. */
  readonly bombs: number;
}

/** The server that is attacked. */
export interface ServerSetup {
  readonly cert: string;
  readonly key: string;
  /** The CA of the client certificates. */
  readonly clientCa: string;
  /** In milliseconds. Default: that of a server. */
  readonly handshakeTimeout?: number | undefined;
}

export interface Ports {
  readonly tcp: number;
  readonly ws: number;
}

export interface LoadSetup {
  readonly ports: Ports;
  readonly address: string;
  readonly seconds: number;
  readonly rates: FloodRates;
  /** Chains of client certificates in base64, and their key in PEM. */
  readonly chains: readonly (readonly string[])[];
  readonly key: string;
}

/** How often each event was begun, and how often it did not end as meant, mostly because the server refused it. */
export type LoadReport = Readonly<Record<keyof FloodRates, { readonly begun: number; readonly refused: number }>>;

/** The attacked server's CPU time in milliseconds. */
export interface ServerReport {
  readonly cpu: number;
  readonly connections: number;
}
