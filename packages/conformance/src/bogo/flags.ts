/**
 * Parses the command line with which BoringSSL's runner starts a shim: `-name` or `-name value`. A prefix of the name
 * limits the flag to some connections.
 * @module
 */

/** A flag or a value that the shim does not implement. The runner counts the test as unimplemented. */
export class Unimplemented extends Error {}

/** The kinds of flags. A `flag` has no value. `numbers` is a list that grows each time the flag is given. */
interface Kinds {
  flag: boolean;
  number: number;
  numbers: readonly number[];
  text: string;
  bytes: Uint8Array;
}

/** The flags, by the runner's names. The shim does not implement a flag that is neither here nor in `ignored`. */
const flagKinds = {
  // the process and its connections
  port: "number",
  ipv6: "flag",
  "shim-id": "text",
  "resume-count": "number",
  server: "flag",
  async: "flag",
  provider: "text",
  // negotiation
  "min-version": "number",
  "max-version": "number",
  "no-tls12": "flag",
  cipher: "text",
  curves: "numbers",
  "signing-prefs": "numbers",
  "verify-prefs": "numbers",
  "host-name": "text",
  "advertise-alpn": "text",
  "select-alpn": "text",
  "decline-alpn": "flag",
  "reject-alpn": "flag",
  psk: "text",
  "psk-identity": "text",
  "max-send-fragment": "number",
  "fallback-scsv": "flag",
  "enable-grease": "flag",
  "renegotiate-ignore": "flag",
  "no-legacy-server-connect": "flag",
  // certificates
  "key-file": "text",
  "cert-file": "text",
  "verify-peer": "flag",
  "require-any-client-certificate": "flag",
  "verify-fail": "flag",
  "use-custom-verify-callback": "flag",
  "reverify-on-resume": "flag",
  "fail-cert-callback": "flag",
  "use-client-ca-list": "text",
  "enable-ocsp-stapling": "flag",
  "ocsp-response": "bytes",
  "decline-ocsp-callback": "flag",
  "enable-signed-cert-timestamps": "flag",
  "signed-cert-timestamps": "bytes",
  // sessions
  "no-ticket": "flag",
  "ticket-key": "bytes",
  "expect-session-miss": "flag",
  "expect-no-session": "flag",
  "expect-ticket-renewal": "flag",
  "expect-session-id": "flag",
  "expect-no-session-id": "flag",
  // data
  "export-keying-material": "number",
  "export-label": "text",
  "export-context": "text",
  "use-export-context": "flag",
  "tls-unique": "flag",
  "send-alert": "flag",
  "shim-writes-first": "flag",
  "shim-shuts-down": "flag",
  "check-close-notify": "flag",
  "read-size": "number",
  "no-server-name-ack": "flag",
  // expectations about the connection
  "expect-server-name": "text",
  "expect-alpn": "text",
  "expect-advertised-alpn": "text",
  "expect-curve-id": "number",
  "expect-peer-signature-algorithm": "number",
  "expect-peer-verify-pref": "numbers",
  "expect-peer-cert-file": "text",
  "expect-certificate-types": "bytes",
  "expect-client-ca-list": "text",
  "expect-msg-callback": "text",
  "expect-ocsp-response": "bytes",
  "expect-signed-cert-timestamps": "bytes",
  "expect-extended-master-secret": "flag",
  "expect-secure-renegotiation": "flag",
  "expect-no-secure-renegotiation": "flag",
} as const;

/**
 * Flags that the shim ignores. They would change nothing in Handclasp, or they request
 * renegotiation. Handclasp never renegotiates, so such a test fails unless it expects a refusal.
 */
const ignored: Readonly<Record<string, "flag" | "text">> = {
  "trust-cert": "text",
  "no-tls1": "flag",
  "no-tls11": "flag",
  "no-tls13": "flag",
  "expect-no-hrr": "flag",
  "expect-verify-result": "flag",
  "implicit-handshake": "flag",
  "no-op-extra-handshake": "flag",
  "use-old-client-cert-callback": "flag",
  "allow-hint-mismatch": "flag",
  "server-supports-padding": "flag",
  "use-ocsp-callback": "flag",
  "set-ocsp-in-callback": "flag",
  "renegotiate-freely": "flag",
  "renegotiate-once": "flag",
  "renegotiate-explicit": "flag",
  "forbid-renegotiation-after-handshake": "flag",
  "expect-total-renegotiations": "text",
};

type Name = keyof typeof flagKinds;

/** The flags of one connection, by the runner's names. */
export type ShimConfig = { readonly [N in Name]?: Kinds[(typeof flagKinds)[N]] };

/** The flags of the first connection, and those of every later one. */
export interface ShimConfigs {
  readonly initial: ShimConfig;
  readonly resume: ShimConfig;
}

/**
 * Reads the whole command line. If a flag is repeated, the last one wins.
 * @throws Unimplemented for a flag that the shim does not implement
 */
export function readFlags(argv: readonly string[]): ShimConfigs {
  const initial: ShimConfig = {};
  const resume: ShimConfig = {};
  const rest = [...argv];
  for (let flag = rest.shift(); flag !== undefined; flag = rest.shift()) {
    const { name, targets } = readPrefix(flag, initial, resume);
    const kind = isKnown(name) ? flagKinds[name] : Object.hasOwn(ignored, name) ? ignored[name] : undefined;
    if (!kind) throw new Unimplemented(`${flag} is not implemented`);
    const value = kind === "flag" ? "" : rest.shift();
    if (value === undefined) throw new Error(`${flag}: expected a value`);
    if (isKnown(name)) for (const config of targets) set(config, name, value);
  }
  return { initial, resume };
}

/** `-on-handshaker` applies to a second process, which this shim does not have, and `-on-retry` to 0-RTT. */
function readPrefix(
  flag: string,
  initial: ShimConfig,
  resume: ShimConfig,
): { readonly name: string; readonly targets: readonly ShimConfig[] } {
  const [, side, when, name = ""] =
    /^-(on-shim-|on-handshaker-)?(on-initial-|on-resume-|on-retry-)?(.*)$/s.exec(flag) ?? [];
  if (side === "on-handshaker-" || when === "on-retry-") return { name, targets: [] };
  if (when === "on-initial-") return { name, targets: [initial] };
  return { name, targets: when === "on-resume-" ? [resume] : [initial, resume] };
}

const isKnown = (name: string): name is Name => Object.hasOwn(flagKinds, name);

function set(config: ShimConfig, name: Name, value: string): void {
  const values = config as Record<Name, unknown>;
  switch (flagKinds[name]) {
    case "flag":
      values[name] = true;
      return;
    case "number":
      values[name] = readNumber(name, value);
      return;
    case "numbers":
      values[name] = [...((values[name] as readonly number[] | undefined) ?? []), readNumber(name, value)];
      return;
    case "text":
      values[name] = value;
      return;
    case "bytes":
      values[name] = new Uint8Array(Buffer.from(value, "base64"));
      return;
  }
}

function readNumber(name: string, value: string): number {
  if (!/^\d+$/.test(value)) throw new Error(`-${name} ${value}: expected a decimal number`);
  return Number(value);
}
