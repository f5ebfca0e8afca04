/**
 * What the attacks ask of the victim's process, and what it says.
 * @module
 */

/** What the application does with a connection: `apps.ts` has them. */
export const appNames = [
  "reads",
  "echoes",
  "writes",
  "awaits closed",
  "reads and awaits closed",
  "reads once",
  "closes",
  "writes and closes",
  "does nothing",
  "never returns",
  "throws",
] as const;
export type AppName = (typeof appNames)[number];

export interface ServerSetup {
  readonly app: AppName;
  /** PEM of the certificate chain and of its key. */
  readonly cert: string;
  readonly key: string;
  /** Given, clients are asked for certificates of this authority. */
  readonly ca?: string;
  /** node:tls in place of Handclasp, for comparison. Over TCP only, and it only reads. */
  readonly nodeTls?: boolean;
}

export interface Ports {
  readonly server: number;
  readonly tcp: number;
  readonly ws: number;
}

/** What is left of one server, or of one connection that the victim opened. */
export interface Status {
  readonly connections: number;
  /** Applications that have begun with a connection and not settled. */
  readonly handlers: number;
  /** Connections ever handed to the application. */
  readonly opened: number;
  /** Bytes that the application has read. */
  readonly bytes: number;
  /** Connections whose application has read a clean end. */
  readonly cleanEnds: number;
  /** Codes of the errors with which reads ended, and of connections that failed. */
  readonly failures: readonly string[];
  /** Bytes that it has read in one turn of the event loop, at most. */
  readonly mostInTurn: number;
}

/** Of the whole process since the last `mark`. */
export interface Costs {
  /** The longest time between two turns of the event loop, and the most CPU time between two, ms. */
  readonly stall: number;
  readonly stallCpu: number;
  /** User and system, ms. */
  readonly cpu: number;
  /** Bytes beyond those at the mark, after a garbage collection. `external` includes the array buffers. */
  readonly heapUsed: number;
  readonly external: number;
  /** Sockets that the process holds, and all of its active resources. */
  readonly sockets: number;
  readonly handles: number;
  /** Rejections and exceptions that nobody handled: in an ordinary process each of them is its end. */
  readonly unhandled: readonly string[];
}

export interface Methods {
  start(setup: ServerSetup): Promise<Ports>;
  /** Opens a connection as a client, with the same applications. Says the number under which it counts, like a server's. */
  connect(setup: { url: string; ca: string; app: AppName }): Promise<number>;
  status(server: number): Promise<Status>;
  mark(): Promise<void>;
  measure(): Promise<Costs>;
  /** Bytes that all sockets together have received. */
  received(): Promise<number>;
  advance(ms: number): Promise<void>;
  /** `server.close()`, not waited for. */
  close(server: number): Promise<void>;
}
