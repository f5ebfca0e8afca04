/**
 * The command line that BoringSSL's runner gives a shim: `-name` or `-name value`, with prefixes that say which connection it is for.
 * @module
 */

/** A flag or a value that we have nothing for: the test counts as unimplemented. */
export class Unimplemented extends Error {}

/** How the value of a flag is read; `flag` has none, `…s` stands for a list that grows each time the flag is given. */
interface Kinds {
  flag: boolean;
  number: number;
  numbers: readonly number[];
  text: string;
  bytes: Uint8Array;
}

/** The runner's names: whatever is not here ends the shim as unimplemented. */
const kinds = {
  // where and how often
  port: "number",
  ipv6: "flag",
  "shim-id": "text",
  "resume-count": "number",
  server: "flag",
  async: "flag",
  provider: "text",
  // what is negotiated
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
  "max-cert-list": "number",
  "fallback-scsv": "flag",
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
  // renegotiation
  "renegotiate-freely": "flag",
  "renegotiate-once": "flag",
  "renegotiate-explicit": "flag",
  "renegotiate-ignore": "flag",
  "forbid-renegotiation-after-handshake": "flag",
  "expect-total-renegotiations": "number",
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
  // what must have come of it
  "expect-server-name": "text",
  "expect-alpn": "text",
  "expect-advertised-alpn": "text",
  "expect-curve-id": "number",
  "expect-peer-signature-algorithm": "number",
  "expect-peer-verify-pref": "numbers",
  "expect-peer-cert-file": "text",
  "expect-certificate-types": "bytes",
  "expect-client-ca-list": "text",
  "expect-extended-master-secret": "flag",
  "expect-secure-renegotiation": "flag",
  "expect-no-secure-renegotiation": "flag",
} as const;

/** What is said for an API that we do not have, or that behaves the same: read, and left at that. */
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
};

type Name = keyof typeof kinds;

/** The flags of one connection, by the runner's names. */
export type ShimConfig = { readonly [N in Name]?: Kinds[(typeof kinds)[N]] };

/** What the first connection is told, and what those after it are. */
export interface ShimConfigs {
  readonly initial: ShimConfig;
  readonly resume: ShimConfig;
}

/**
 * Reads the whole command line; what comes last wins.
 * @throws Unimplemented for a flag that we have nothing for
 */
export function readFlags(argv: readonly string[]): ShimConfigs {
  const initial: ShimConfig = {};
  const resume: ShimConfig = {};
  const rest = [...argv];
  for (let flag = rest.shift(); flag !== undefined; flag = rest.shift()) {
    const { name, targets } = readPrefix(flag, initial, resume);
    const kind = isKnown(name) ? kinds[name] : Object.hasOwn(ignored, name) ? ignored[name] : undefined;
    if (!kind) throw new Unimplemented(`${flag} is not implemented`);
    const value = kind === "flag" ? "" : rest.shift();
    if (value === undefined) throw new Error(`${flag} without a value`);
    if (isKnown(name)) for (const config of targets) set(config, name, value);
  }
  return { initial, resume };
}

/** `-on-handshaker` is for a second process that we do not have, `-on-retry` for 0-RTT. */
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

const isKnown = (name: string): name is Name => Object.hasOwn(kinds, name);

function set(config: ShimConfig, name: Name, value: string): void {
  const values = config as Record<Name, unknown>;
  switch (kinds[name]) {
    case "flag":
      values[name] = true;
      return;
    case "number":
      values[name] = number(name, value);
      return;
    case "numbers":
      values[name] = [...((values[name] as readonly number[] | undefined) ?? []), number(name, value)];
      return;
    case "text":
      values[name] = value;
      return;
    case "bytes":
      values[name] = new Uint8Array(Buffer.from(value, "base64"));
      return;
  }
}

function number(name: string, value: string): number {
  if (!/^\d+$/.test(value)) throw new Error(`-${name} ${value}: expected a decimal number`);
  return Number(value);
}
