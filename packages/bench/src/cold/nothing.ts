/** What everybody's process spends between the two looks at the clock. */
export const handshake = async (): Promise<void> => {};
