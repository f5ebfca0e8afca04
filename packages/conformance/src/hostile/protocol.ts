/**
 * The calls from the attacks to the victim's process, and their results.
 * @module
 */

/** The names of the applications in `apps.ts`. */
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
  /** The PEM of the certificate chain. `key` is the PEM of the private key. */
  readonly cert: string;
  readonly key: string;
  /** If given, the server requests client certificates of this CA. */
  readonly ca?: string;
  /** Runs node:tls instead of Handclasp, for comparison. It supports only TCP, and only reads. */
  readonly nodeTls?: boolean;
}

export interface Ports {
  readonly server: number;
  readonly tcp: number;
  readonly ws: number;
}

/** The state of one server, or of one connection that the victim opened. */
export interface Status {
  readonly connections: number;
  /** The number of applications that have started on a connection and have not settled. */
  readonly handlers: number;
  /** The number of connections that the application has received so far. */
  readonly opened: number;
  /** The number of bytes that the application has read. */
  readonly bytes: number;
  /** The number of connections whose application has read a clean end. */
  readonly cleanEnds: number;
  /** The errors of the application's calls and of connections: the code of a `TlsError`, the text of any other. */
  readonly failures: readonly string[];
  /** The largest number of bytes that the application has read in one turn of the event loop. */
  readonly mostInTurn: number;
}

/** The costs of the whole process since the last `mark`. */
export interface Costs {
  /** The longest wall clock time between two turns of the event loop, in ms. `stallCpu` is the longest CPU time. */
  readonly stall: number;
  readonly stallCpu: number;
  /** User and system CPU time, in ms. */
  readonly cpu: number;
  /** The growth of the memory since the mark, in bytes, after garbage collection. `external` includes array buffers. */
  readonly heapUsed: number;
  readonly external: number;
  /** The number of open sockets of the process. `handles` is the number of all its active resources. */
  readonly sockets: number;
  readonly handles: number;
  /** The unhandled rejections and exceptions. Each of them would end a normal process. */
  readonly unhandled: readonly string[];
}

export interface Methods {
  start(setup: ServerSetup): Promise<Ports>;
  /** Opens a connection as a client and runs an application on it. Returns the connection's number for `status`. */
  connect(setup: { url: string; ca: string; app: AppName }): Promise<number>;
  status(server: number): Promise<Status>;
  mark(): Promise<void>;
  measure(): Promise<Costs>;
  /** The total number of bytes that all sockets have received. */
  received(): Promise<number>;
  advance(ms: number): Promise<void>;
  /** Calls `server.close()` without awaiting it. */
  close(server: number): Promise<void>;
}
