/** A TLS stack's first handshake. The promise resolves when the client can send application data. */
export type Handshake = (ca: string, port: number) => Promise<unknown>;
