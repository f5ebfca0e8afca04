/**
 * The limits of the servers that are measured. All clients have one address and open connections as fast as they can,
 * so those limits are off that such clients would reach. Handshakes still take turns, as they do by default.
 */
export const admission = {
  maxConnections: false,
  maxHandshakes: false,
  handshakeRate: false,
  perAddress: false,
} as const;
