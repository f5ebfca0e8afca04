/**
 * The tables of a client's options, and of those that servers have too. `options.ts` describes the format.
 * @module
 */

export const trustOptions: readonly string[] = [
  "any ca",
  "string[] pins",
  "boolean insecure",
  "function trust verify",
  "2048~8192 minimumRsaBits",
  "256~521 minimumEcBits",
];

/** The options of clients and servers. */
export const commonOptions: readonly string[] = [
  "function provider.canVerify certificateCache.knows signal.addEventListener keyLog now random",
  "object provider.ciphers provider.groups",
  "named[] suites groups signatureSchemes",
  "string[] alpn",
  "any credentials psk trace",
  "ms handshakeTimeout closeTimeout",
  "boolean allowHalfOpen requireExtendedMasterSecret signal.aborted",
  "64~16384 maxFragment recordSizeLimit",
  "=decline|=abort renegotiation",
];

let client: readonly string[] | undefined;

/**
 * Returns the same list each time, so that it is parsed only once. The list is in a function, so that the bundle of a
 * page without a client leaves it out.
 */
export function clientOptions(): readonly string[] {
  client ??= [
    ...trustOptions,
    "string serverName sessionScope",
    ...commonOptions,
    "function sessions.checkScope ocsp.checkOptions grease",
    "boolean requireSecureRenegotiation fallbackScsv signedCertificateTimestamps",
    "512~4096 maxFragmentLength",
  ];
  return client;
}
