/** The certificates and the key of a run, in PEM: a CA that the client trusts, and the server's certificate and key. */
export interface Identity {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** One open connection of a subject. The benchmark uses it as an application would. */
export interface Channel {
  /** Sends bytes. Returns a promise if the caller should wait until there is room for more. */
  write(bytes: Uint8Array): Promise<void> | undefined;
  /** The subject calls this function with the number of bytes that have arrived. */
  onData: (bytes: number) => void;
  /** Closes the connection. The benchmark awaits the promise, so that closing does not disturb the next measurement. */
  close(): void | Promise<void>;
}

export type TransportKind = "ws" | "tcp";

export interface ListeningServer {
  readonly port: number;
}

/**
 * A TLS stack on a transport, or the transport alone. `server` and `client` create all objects that several connections
 * can share, once.
 */
export interface Subject {
  readonly server: (identity: Identity, onChannel: (channel: Channel) => void) => Promise<ListeningServer>;
  readonly client: (identity: Identity, port: number) => Promise<() => Promise<Channel>>;
  /**
   * Returns a client that already has a session. The client fails to open a channel if the server does not resume the
   * session.
   */
  readonly resuming?: (identity: Identity, port: number) => Promise<() => Promise<Channel>>;
}

/** Returns the same subject with a client that resumes in every handshake, except an untimed first one. */
export function alwaysResuming({ server, resuming }: Subject): Subject {
  if (!resuming) throw new Error("this subject does not resume sessions: it has no `resuming` client");
  return { server, client: resuming };
}

export const notResumedError = (): Error => new Error("the session was not resumed");

export const noop = (): void => {};
