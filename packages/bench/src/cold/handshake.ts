/** A stack's first handshake, done when application data could be sent. */
export type Handshake = (ca: string, port: number) => Promise<unknown>;
