/**
 * Certificates, keys and suites, read once for many connections.
 * @module
 */
import { constants } from "node:crypto";
import { createSecureContext as checkWithNode, type SecureContextOptions, type SecureVersion } from "node:tls";
import type { CipherSuite, Credential, NamedGroup, SignatureScheme } from "@handclasp/core";
import { configurationError } from "@handclasp/core/unstable";
import { DEFAULT_CIPHERS, groupsOf, schemesOf, suitesOf } from "./ciphers.ts";
import {
  type Anchors,
  anchorsOf,
  identitiesOf,
  isPair,
  listOf,
  type OwnIdentity,
  type Pem,
  publicAnchors,
} from "./credentials.ts";
import { nodeError, wrongType } from "./errors.ts";
import { checkTypes, refuseMisspelt, requireObject } from "./options.ts";

/** The result of `createSecureContext`. */
export class SecureContext {
  #settings: ContextSettings;

  /** @internal */
  constructor(settings: ContextSettings) {
    this.#settings = settings;
  }

  /** @internal */
  get settings(): ContextSettings {
    return this.#settings;
  }

  /** Trusts more CAs, in addition to those of the option `ca`. */
  addCACert(pem: Pem): void {
    const { certificates, unusable } = anchorsOf([pem]);
    const { ca } = this.#settings;
    this.#settings = {
      ...this.#settings,
      ca: {
        certificates: [...(ca?.certificates ?? []), ...certificates],
        unusable: [...(ca?.unusable ?? []), ...unusable],
      },
    };
  }

  /** As in node:tls, the object itself stands for the context of OpenSSL. */
  get context(): this {
    return this;
  }
}

/** The options of a context, in the form that the handshake uses. */
export interface ContextSettings {
  readonly identities: readonly OwnIdentity[];
  /** The identities that have a key. */
  readonly credentials: readonly Credential[];
  /** `undefined` if the option `ca` is absent: then the public CAs count. */
  readonly ca: Anchors | undefined;
  readonly suites: readonly CipherSuite[];
  readonly groups: readonly NamedGroup[] | undefined;
  readonly schemes: readonly SignatureScheme[] | undefined;
  /** Whether the server's order of suites decides. */
  readonly honorCipherOrder: boolean;
  readonly tickets: boolean;
  readonly sessionIdContext: string | undefined;
  /** In seconds. */
  readonly sessionTimeout: number | undefined;
  readonly ticketKeys: Buffer | undefined;
}

/** The CAs that a peer's path may lead to. */
export const anchorsFor = ({ settings }: SecureContext): Anchors => settings.ca ?? publicAnchors();

/** The only version. */
export const DEFAULT_MIN_VERSION: SecureVersion = "TLSv1.2";
/** The only version. */
export const DEFAULT_MAX_VERSION: SecureVersion = "TLSv1.2";

/**
 * Reads certificates, keys, suites and groups for many connections, as node:tls does. docs/node-tls.md says which
 * options differ.
 * @throws Error with the code of node:tls for an option that it refuses too; TlsError `configuration` for an option
 *   that only Handclasp refuses, such as TLS 1.3 alone
 * @example
 * import { connect, createSecureContext } from "@handclasp/node/tls";
 * const secureContext = createSecureContext({ ca: pem });
 * const socket = connect({ port: 8443, host: "device.example", secureContext });
 */
export function createSecureContext(options: SecureContextOptions = {}): SecureContext {
  requireObject(options);
  return withErrorsOfNode(
    () => new SecureContext(settingsOf(options)),
    () => checkWithNode(options),
  );
}

/**
 * Runs `read`. If it fails, `check` reads the same options with node:tls, whose error is then thrown with ours as its
 * cause: programs know its codes. If node:tls accepts the options, our own error is thrown.
 */
export function withErrorsOfNode<T>(read: () => T, check: () => unknown): T {
  try {
    return read();
  } catch (error) {
    try {
      check();
    } catch (known) {
      // An error may be frozen, and a missing cause is no reason to lose it.
      if (known instanceof Error) known.cause ??= error;
      throw known;
    }
    throw error;
  }
}

function settingsOf(options: SecureContextOptions): ContextSettings {
  refuseMisspelt(options);
  checkTypes(options, {
    ciphers: "string",
    ecdhCurve: "string",
    passphrase: "string",
    secureOptions: "number",
    secureProtocol: "string",
    sessionIdContext: "string",
    sessionTimeout: "number",
    sigalgs: "string",
  });
  refuseUnsupported(options);
  const { ciphers, ecdhCurve, sigalgs, passphrase, sessionIdContext, sessionTimeout, secureOptions = 0 } = options;
  // As in node:tls, only a list may have keys with passphrases of their own.
  if (isPair(options.key))
    throw wrongType("options.key", "of type string or an instance of Buffer, or a list", options.key);
  const ca = options.ca ? anchorsOf(listOf(options.ca)) : undefined;
  const identities = identitiesOf(listOf(options.cert), listOf(options.key), passphrase, ca);
  return {
    identities,
    credentials: identities.flatMap(({ credential }) => credential ?? []),
    ca,
    suites: suitesOf(ciphers || DEFAULT_CIPHERS),
    groups: ecdhCurve ? groupsOf(ecdhCurve) : undefined,
    schemes: sigalgs ? schemesOf(sigalgs) : undefined,
    honorCipherOrder: options.honorCipherOrder ?? true,
    tickets: !(secureOptions & constants.SSL_OP_NO_TICKET),
    sessionIdContext: sessionIdContext ?? undefined,
    sessionTimeout: sessionTimeout ?? undefined,
    ticketKeys: ticketKeysOf(options.ticketKeys),
  };
}

function ticketKeysOf(keys: unknown): Buffer | undefined {
  if (keys === undefined || keys === null) return undefined;
  if (!ArrayBuffer.isView(keys))
    throw wrongType("options.ticketKeys", "an instance of Buffer, TypedArray, or DataView", keys);
  const bytes = Buffer.from(keys.buffer, keys.byteOffset, keys.byteLength);
  if (bytes.length !== 48)
    throw nodeError("ERR_INVALID_ARG_VALUE", "The property 'options.ticketKeys' must be exactly 48 bytes", {
      type: TypeError,
    });
  return Buffer.from(bytes);
}

const versions: readonly unknown[] = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];
const advice = "leave it out, or use node:tls for this connection";

/** Refuses the options that Handclasp does not have, because ignoring them would weaken or change the connection. */
function refuseUnsupported(options: SecureContextOptions & { readonly allowPartialTrustChain?: unknown }): void {
  const { minVersion, maxVersion, secureProtocol, secureOptions = 0, dhparam } = options;
  for (const [name, version] of Object.entries({ minVersion, maxVersion })) {
    if (version === undefined || version === null) continue;
    if (!versions.includes(version))
      throw nodeError(
        "ERR_TLS_INVALID_PROTOCOL_VERSION",
        `${JSON.stringify(version)} is not a valid ${name} TLS protocol version`,
        {
          type: TypeError,
        },
      );
    if (name === "minVersion" ? version === "TLSv1.3" : version < "TLSv1.2")
      throw configurationError(`${name}: ${version}`, "Handclasp speaks TLS 1.2 alone");
  }
  if (secureProtocol && !/^(TLSv1_2|TLS|SSLv23)_(server_|client_)?method$/.test(secureProtocol))
    throw configurationError(`secureProtocol: ${secureProtocol}`, "Handclasp speaks TLS 1.2 alone: TLSv1_2_method");
  if (secureProtocol && (minVersion || maxVersion))
    throw nodeError("ERR_TLS_PROTOCOL_VERSION_CONFLICT", "TLS protocol version conflicts with secureProtocol", {
      type: TypeError,
    });
  if (secureOptions & constants.SSL_OP_NO_TLSv1_2)
    throw configurationError("secureOptions with SSL_OP_NO_TLSv1_2", "Handclasp speaks TLS 1.2 alone");
  if (dhparam && dhparam !== "auto")
    throw configurationError(
      "dhparam with a group of its own",
      'Handclasp has the groups of RFC 7919: dhparam: "auto"',
    );
  for (const name of ["clientCertEngine", "privateKeyEngine", "privateKeyIdentifier"] as const)
    if (options[name] !== undefined && options[name] !== null)
      throw configurationError(`${name}: Handclasp has no engines`, advice);
  if (options.pfx && listOf(options.pfx).length)
    throw configurationError("pfx: Handclasp reads no PKCS #12", "convert it to PEM: openssl pkcs12 -in FILE -nodes");
  if (options.crl && listOf(options.crl).length)
    throw configurationError(
      "crl: Handclasp has no revocation lists",
      "use OCSP (requestOCSP), or certificates that expire soon",
    );
  if (options.allowPartialTrustChain)
    throw configurationError(
      "allowPartialTrustChain",
      "each certificate of ca is a trust anchor already: leave it out",
    );
}
