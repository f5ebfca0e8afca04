/** The certificates and the key of a run, in PEM: one leaf and its CA. */
export interface Identity {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** An open connection of a subject, used as its users would. */
export interface Channel {
  /** Sends `bytes`. Returns a promise if the caller should wait for room. */
  write(bytes: Uint8Array): Promise<void> | undefined;
  /** The listener for received bytes, called with their number. */
  onData: (bytes: number) => void;
  /** The harness awaits the promise, so that closing does not affect the next subject's round. */
  close(): void | Promise<void>;
}

export type Transport = "ws" | "tcp";

export interface Listening {
  readonly port: number;
}

/**
 * A TLS stack, or none, on a transport. `server` and `client` create everything that connections can share, once.
 */
export interface Subject {
  readonly server: (identity: Identity, onChannel: (channel: Channel) => void) => Promise<Listening>;
  readonly client: (identity: Identity, port: number) => Promise<() => Promise<Channel>>;
  /** A client that has a session from the start. Opening a channel fails if the session is not resumed. */
  readonly resuming?: (identity: Identity, port: number) => Promise<() => Promise<Channel>>;
}

/** The same subject with resumed handshakes. Its first handshake, which is full, is not measured. */
export function resumed({ server, resuming }: Subject): Subject {
  if (!resuming) throw new Error("this subject cannot resume sessions");
  return { server, client: resuming };
}

export const notResumed = (): Error => new Error("the session was not resumed");

/** The listener before another is set. */
export const noop = (): void => {};
