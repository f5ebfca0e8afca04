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
  close(): void;
}

export type Carrier = "ws" | "tcp";

export interface Listening {
  readonly port: number;
}

/** A TLS stack, or none, on a carrier. Everything that can be reused from one connection to the next is made once, in `server` and `client`. */
export interface Subject {
  readonly server: (identity: Identity, onChannel: (channel: Channel) => void) => Promise<Listening>;
  readonly client: (identity: Identity, port: number) => Promise<() => Promise<Channel>>;
}

/** What a listener wants before anybody asks. */
export const nothing = (): void => {};
