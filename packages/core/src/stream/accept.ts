import type { Credential } from "../crypto/credential.ts";
import { configurationError } from "../errors.ts";
import type { ServerConfig } from "../handshake/config.ts";
import { serverHandshake } from "../handshake/server.ts";
import { parseCertificate } from "../x509/certificate.ts";
import { trustPolicy } from "../x509/verify.ts";
import { TlsConnection } from "./connection.ts";
import { type CommonOptions, commonConfig, connectionOptions } from "./options.ts";
import type { Transport } from "./transport.ts";

export interface AcceptOptions extends CommonOptions {
  /** Our certificates: chosen by server name and by what the client can verify; the first is the default. */
  readonly credentials: readonly Credential[];
  /** Whether clients show a certificate. Default `"none"`. */
  readonly clientAuth?: "none" | "request" | "require";
  /** Whom client certificates must come from, PEM or DER. Needed unless `clientAuth` is `"none"`. */
  readonly clientCa?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** Refuse a server name that no certificate has, instead of answering with the first. */
  readonly strictSni?: boolean;
}

/**
 * Accepts a channel as server, over any transport. Resolves once the handshake is done and, where required, the client verified.
 * @throws TlsError `configuration` before any byte is read; the handshake's failure else.
 * @example
 * const channel = await accept(transport, { credentials: [credential] });
 */
export async function accept(transport: Transport, options: AcceptOptions): Promise<TlsConnection> {
  const connection = acceptWith(serverConfig(options), transport, options);
  await connection.opened;
  return connection;
}

/** The same with a configuration that many connections share. */
export function acceptWith(config: ServerConfig, transport: Transport, options: CommonOptions): TlsConnection {
  return new TlsConnection(
    transport,
    {
      role: "server",
      handshake: (peer) => serverHandshake(peer, config),
      maxFragment: config.maxFragment,
      traceSecrets: config.traceSecrets,
    },
    connectionOptions(options),
  );
}

/** Checks what the user says; certificates are parsed once, here. */
export function serverConfig(options: AcceptOptions): ServerConfig {
  const { clientAuth = "none", clientCa } = options;
  if (!options.credentials?.length)
    throw configurationError("a server needs a credential", "pass `credentials: [nodeCredential({ cert, key })]`");
  if (clientAuth !== "none" && clientCa === undefined)
    throw configurationError(
      `clientAuth "${clientAuth}" without clientCa`,
      "say whom client certificates must come from",
    );
  if (clientAuth === "none" && clientCa !== undefined)
    throw configurationError("clientCa without clientAuth", 'say clientAuth: "request" or "require"');
  return {
    ...commonConfig(options),
    credentials: options.credentials.map((credential) => {
      const [leaf] = credential.chain;
      if (!leaf) throw configurationError("a credential without a certificate");
      return { credential, certificate: parseCertificate(leaf) };
    }),
    clientAuth,
    clientTrust: clientCa === undefined ? undefined : trustPolicy({ ca: clientCa }),
    strictSni: options.strictSni ?? false,
  };
}
