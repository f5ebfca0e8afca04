/**
 * Options as they are given. Only `undefined` means "not given", and a value that nobody documented is refused: it must never mean "allow".
 * @module
 */
import { configurationError } from "./errors.ts";

/** The types of options that mean the same wherever they stand; of an object, the type of a property by which it is known. */
const types = [
  "boolean insecure allowHalfOpen requireExtendedMasterSecret requireSecureRenegotiation fallbackScsv signedCertificateTimestamps signal.aborted",
  "function verify trust pins.flatMap provider.canVerify suites.flatMap groups.flatMap signatureSchemes.flatMap alpn.flatMap certificateCache.knows keyLog now random grease ocsp.configure signal.addEventListener",
  "string serverName sessionScope renegotiation",
  "number handshakeTimeout closeTimeout minimumRsaBits minimumEcBits",
];

/**
 * Refuses an option of another type. A wrong value may be a secret in the wrong place, so the error does not repeat it.
 * @param lists of a type and the options that must have it
 * @example
 * understood(options, ["boolean strictSni", "function credentials.flatMap"]);
 */
export function understood(options: object, lists: readonly string[] = types): void {
  for (const list of lists) {
    const [type, ...paths] = list.split(" ");
    for (const path of paths) {
      const [option, property] = path.split(".") as [string, string?];
      // biome-ignore lint/suspicious/noExplicitAny: it may be anything, and is looked at with care.
      const given = (options as any)[option];
      if (given !== undefined && typeof (property ? given?.[property] : given) !== type)
        throw configurationError(`${path} is no ${type}`);
    }
  }
}
