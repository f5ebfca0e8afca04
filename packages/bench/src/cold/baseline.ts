/** No TLS stack: the CPU time that every process spends between the two readings of the clock. */
export const handshake = async (): Promise<void> => {};
