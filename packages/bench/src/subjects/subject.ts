/** The certificates and the key of a run, in PEM: a CA that the client trusts, and the server's certificate and key. */
export interface Identity {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** One open connection of a subject, used as an application would use it. */
export interface Channel {
  /** Sends bytes. Returns a promise if the caller should wait until there is room for more. */
  write(bytes: Uint8Array): Promise<void> | undefined;
  /** Called with the number of bytes when some have arrived. */
  onData: (bytes: number) => void;
  /** The harness awaits the promise, so that closing does not disturb the next measurement. */
  close(): void | Promise<void>;
}

export type TransportKind = "ws" | "tcp";

export interface ListeningServer {
  readonly port: number;
}

/**
 * A TLS stack on a transport, or the transport alone. `server` and `client` create once whatever can be reused from one
 * connection to the next.
 */
export interface Subject {
  readonly server: (identity: Identity, onChannel: (channel: Channel) => void) => Promise<ListeningServer>;
  readonly client: (identity: Identity, port: number) => Promise<() => Promise<Channel>>;
  /**
   * A client that has a session from the start. It fails to open a channel if the server does not resume the session.
   */
  readonly resuming?: (identity: Identity, port: number) => Promise<() => Promise<Channel>>;
}

/** The same subject, but all handshakes are resumed, except for an untimed first one. */
export function alwaysResuming({ server, resuming }: Subject): Subject {
  if (!resuming) throw new Error("this subject does not resume sessions: it has no `resuming` client");
  return { server, client: resuming };
}

export const notResumedError = (): Error => new Error("the session was not resumed");

export const noop = (): void => {};
