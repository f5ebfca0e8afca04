/**
 * The options of this entry: those of node:tls, with the types that differ.
 * @module
 */
import type { OnReadOpts, ServerOpts } from "node:net";
import type { Duplex } from "node:stream";
import type {
  ConnectionOptions as NodeConnectionOptions,
  TLSSocketOptions as NodeSocketOptions,
  TlsOptions as NodeTlsOptions,
} from "node:tls";
import type { Transport } from "@handclasp/core";
import type { ChannelSocket } from "../socket/channelSocket.ts";
import type { AlpnProtocols } from "./options.ts";
import type { SecureContext } from "./secureContext.ts";

/** Calls back with the context for a server name. Without a context, the server's own is used. */
export type SniCallback = (
  servername: string,
  callback: (error: Error | null, context?: SecureContext | null) => void,
) => void;

/** Returns one of the protocols that the client offers. Any other result refuses the client. */
export type AlpnCallback = (offer: { readonly servername: string; readonly protocols: string[] }) => string | undefined;

/** A pre-shared key, and the name that a client sends with it. */
export interface PskNegotiation {
  readonly psk: NodeJS.ArrayBufferView;
  readonly identity: string;
}

/** The options with types of this entry. */
interface OwnOptions {
  readonly secureContext?: SecureContext | undefined;
  readonly ALPNProtocols?: AlpnProtocols | undefined;
}

interface OwnServerOptions extends OwnOptions {
  readonly SNICallback?: SniCallback | undefined;
  readonly ALPNCallback?: AlpnCallback | undefined;
  /** Returns the key of an identity, at least 16 bytes, or `null` if it is unknown. */
  pskCallback?(socket: ChannelSocket, identity: string): NodeJS.ArrayBufferView | null | undefined;
  readonly pskIdentityHint?: string | undefined;
}

type Replaced = keyof OwnServerOptions;

/** The options of `createServer`. */
export interface TlsOptions extends Omit<NodeTlsOptions, Replaced>, OwnServerOptions, ServerOpts {}

/** The options of a `TLSSocket`. Those of a server's side have an effect only with `isServer`. */
export interface TLSSocketOptions
  extends Omit<NodeSocketOptions, Replaced | "server">,
    Omit<OwnServerOptions, "pskCallback"> {
  readonly server?: unknown;
  readonly signal?: AbortSignal | undefined;
  readonly allowHalfOpen?: boolean | undefined;
  readonly servername?: string | undefined;
  readonly handshakeTimeout?: number | undefined;
  readonly pskCallback?: TlsOptions["pskCallback"] | ConnectionOptions["pskCallback"];
}

/** The options of `connect`. */
export interface ConnectionOptions extends Omit<NodeConnectionOptions, Replaced>, OwnOptions {
  /** Carries the connection instead of a new TCP connection: for example the result of `connectWebSocket`. */
  readonly transport?: Transport | undefined;
  readonly socket?: Duplex | undefined;
  readonly requestOCSP?: boolean | undefined;
  readonly allowHalfOpen?: boolean | undefined;
  readonly highWaterMark?: number | undefined;
  /** Gets the bytes in a buffer that is used again, instead of the event "data". */
  readonly onread?: OnReadOpts | undefined;
  readonly handshakeTimeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly pskCallback?: ((hint: string | null) => PskNegotiation | null | undefined) | undefined;
}
