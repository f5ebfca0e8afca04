/**
 * TLS_FALLBACK_SCSV, RFC 7507: says in a suite's number that the client tries again with less than it can, because the first try failed.
 * @module
 */
export const fallbackScsv = 0x5600;
