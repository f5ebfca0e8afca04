/**
 * A client without a TLS stack. It measures the CPU time that every process spends between two readings of the clock.
 */
export const handshake = async (): Promise<void> => {};
