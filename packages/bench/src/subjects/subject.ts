/** Who makes certificates and keys for a run: PEM, one leaf under one CA that both sides are told of. */
export interface Identity {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** One open connection of a subject, as its own users would use it. */
export interface Channel {
  /** Sends; a promise where the caller should wait for room. */
  write(bytes: Uint8Array): Promise<void> | undefined;
  /** Called with the number of bytes whenever some have come in. */
  onData: (bytes: number) => void;
  /** What it promises is waited for, so that it falls into nobody else's round. */
  close(): void | Promise<void>;
}

export type Transport = "ws" | "tcp";

export interface Listening {
  readonly port: number;
}

/** A TLS stack, or none, on a transport. Everything that can be reused from one connection to the next is made once, in `server` and `client`. */
export interface Subject {
  readonly server: (identity: Identity, onChannel: (channel: Channel) => void) => Promise<Listening>;
  readonly client: (identity: Identity, port: number) => Promise<() => Promise<Channel>>;
  /** A client that holds a session from the start: what it opens was resumed, or fails. */
  readonly resuming?: (identity: Identity, port: number) => Promise<() => Promise<Channel>>;
}

/** The same subject, all of whose handshakes but a first one off the clock are resumed. */
export function resumed({ server, resuming }: Subject): Subject {
  if (!resuming) throw new Error("it does not resume");
  return { server, client: resuming };
}

export const notResumed = (): Error => new Error("the session was not resumed");

/** What a listener wants before anybody asks. */
export const noop = (): void => {};
