/**
 * TLS_FALLBACK_SCSV, RFC 7507: a client that retries with a lower version after a failed attempt offers this suite
 * value.
 * @module
 */
export const fallbackScsv = 0x5600;
