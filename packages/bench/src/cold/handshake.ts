/** A stack's first handshake. The promise resolves when application data can be sent. */
export type Handshake = (ca: string, port: number) => Promise<unknown>;
