/**
 * The options of a socket, and the checks of its carrier.
 * @module
 */
import type { OnReadOpts } from "node:net";
import type { Duplex } from "node:stream";
import type { DetailedPeerCertificate } from "node:tls";
import type { Transport } from "@handclasp/core";
import { nodeError, type Target, wrongType } from "./errors.ts";
import { alpnOf, checkTypes, refuseMisspelt } from "./options.ts";
import { SecureContext } from "./secureContext.ts";
import { noSessions, type ServerConfigs } from "./serverSide.ts";
import type { TLSSocketOptions, TlsOptions } from "./types.ts";

/** The functions and limits that `connect` and a `Server` give to their sockets. */
export interface SocketRole {
  /** Checks the name of a server, as `checkServerIdentity` of node:tls. */
  readonly checkIdentity?: (certificate: DetailedPeerCertificate) => unknown;
  /** The smallest group of a DHE key exchange, in bits. */
  readonly minDHSize?: number;
  readonly highWaterMark?: number | undefined;
  readonly onread?: OnReadOpts | undefined;
  /** The options of `connect`, for the error of a connection that ends early. */
  readonly target?: Target;
  /** A server's configurations. */
  readonly configs?: ServerConfigs;
  readonly ocsp?: (certificate: Buffer, issuer: Buffer | null) => Promise<Uint8Array | undefined>;
  readonly keyLog?: ((line: Buffer) => void) | undefined;
}

/** How long a handshake may take, in milliseconds, as in node:tls. */
export const defaultHandshakeTimeout = 120_000;

export const isTransport = (carrier: object): carrier is Transport =>
  typeof (carrier as Partial<Transport>).send === "function" &&
  typeof (carrier as Partial<Transport>).start === "function";

export function checkedStream(stream: Duplex): Duplex {
  if (typeof stream.write !== "function" || typeof stream.on !== "function")
    throw wrongType("socket", "an instance of Duplex", stream);
  if (stream.readableObjectMode || stream.readableEncoding)
    throw nodeError("ERR_INVALID_ARG_VALUE", "The stream under TLS must give bytes, without setEncoding", {
      type: TypeError,
    });
  return stream;
}

export function checkSocketOptions(options: TLSSocketOptions): void {
  refuseMisspelt(options);
  checkTypes(options, {
    SNICallback: "function",
    ALPNCallback: "function",
    pskCallback: "function",
    handshakeTimeout: "number",
    servername: "string",
  });
  if (
    options.secureContext !== undefined &&
    options.secureContext !== null &&
    !(options.secureContext instanceof SecureContext)
  )
    throw nodeError("ERR_TLS_INVALID_CONTEXT", "secureContext must be a SecureContext", { type: TypeError });
  if (options.ALPNProtocols && options.ALPNCallback)
    throw nodeError(
      "ERR_TLS_ALPN_CALLBACK_WITH_PROTOCOLS",
      "The ALPNCallback and ALPNProtocols TLS options are mutually exclusive",
      {
        type: TypeError,
      },
    );
  alpnOf(options.ALPNProtocols);
}

/** @internal */
export const serverSettingsOf = (
  options: Pick<TlsOptions, "requestCert" | "rejectUnauthorized" | "ALPNProtocols" | "pskIdentityHint"> & {
    readonly pskCallback?: unknown;
  },
): ConstructorParameters<typeof ServerConfigs>[0] => ({
  requestCert: options.requestCert === true,
  rejectUnauthorized: options.rejectUnauthorized !== false,
  alpn: alpnOf(options.ALPNProtocols),
  hasPsk: typeof options.pskCallback === "function",
  pskIdentityHint: options.pskIdentityHint,
  ...noSessions,
});
