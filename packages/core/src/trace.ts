/**
 * Trace events for every handshake message, record and secret in both directions. Without a listener they cost nothing.
 * @module
 */
import type { Bytes } from "./bytes/bytes.ts";
import type { AlertDescription } from "./errors.ts";

export type Role = "client" | "server";
/** The direction from our point of view. */
export type Direction = "sent" | "received";
export type ContentTypeName = "change_cipher_spec" | "alert" | "handshake" | "application_data";

/** A decoded body: numbers, strings, bytes, lists and nested structs. Keys are the RFC's field names in camelCase. */
export type Decoded =
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | readonly Decoded[]
  | { readonly [field: string]: Decoded };

export type TraceEvent =
  /**
   * One handshake message (RFC 5246 §7.4). `bytes` includes the four bytes of its header; `body` has the RFC's fields
   * in camelCase, with numbers as numbers.
   */
  | {
      readonly type: "handshake";
      readonly direction: Direction;
      readonly name: string;
      readonly bytes: Bytes;
      readonly body: Decoded;
    }
  /**
   * One record. `protected` is true once keys are in use. `header` has 5 bytes, `fragment` the bytes that followed on
   * the wire, and `plaintext` their contents; application data has `plaintext` only with `secrets`.
   */
  | {
      readonly type: "record";
      readonly direction: Direction;
      readonly contentType: ContentTypeName;
      readonly protected: boolean;
      readonly sequenceNumber: number;
      readonly header: Bytes;
      readonly fragment: Bytes;
      readonly plaintext?: Bytes;
    }
  | { readonly type: "change_cipher_spec"; readonly direction: Direction }
  | {
      readonly type: "alert";
      readonly direction: Direction;
      readonly level: "warning" | "fatal";
      readonly description: AlertDescription | number;
    }
  /** The parameters that the two sides have agreed on, once ServerHello has been sent or received. */
  | {
      readonly type: "agreed";
      readonly suite: string;
      readonly group?: string;
      readonly clientRandom: Bytes;
      readonly serverRandom: Bytes;
      readonly extendedMasterSecret: boolean;
    }
  /** An earlier session is resumed, or the reason why it is not. If it is resumed, this event comes after `agreed`. */
  | { readonly type: "resumption"; readonly resumed: true }
  | { readonly type: "resumption"; readonly resumed: false; readonly reason: NotResumed }
  /** The secrets in the order in which they are computed, only with the option `secrets: true`. */
  | {
      readonly type: "secret";
      readonly name: "premaster_secret" | "master_secret" | "key_block";
      readonly bytes: Bytes;
    }
  | {
      readonly type: "secret";
      readonly name:
        | "client_write_key"
        | "server_write_key"
        | "client_write_MAC_key"
        | "server_write_MAC_key"
        | "client_write_IV"
        | "server_write_IV";
      readonly bytes: Bytes;
    }
  | { readonly type: "established" }
  | { readonly type: "closed"; readonly error?: Error };

/**
 * The reason why a session was not resumed: it has expired; it was made under another configuration, for another name
 * or certificate, or with a suite that is not offered; its peer is no longer trusted, or its pre-shared key no longer
 * exists; its renegotiation_info or max_fragment_length differs from that of this handshake; it is `unknown` to the
 * server; or the server `declined` the session that the client offered.
 */
export type NotResumed =
  | "unknown"
  | "expired"
  | "configuration"
  | "suite"
  | "server_name"
  | "certificate"
  | "renegotiation_info"
  | "max_fragment_length"
  | "pre_shared_key"
  | "untrusted"
  | "declined";

export type TraceListener = (event: TraceEvent) => void;

/**
 * The option `trace` in its long form, which can ask for secrets. Events have copies of the bytes, so you may store
 * them.
 */
export interface TraceOptions {
  readonly listener: TraceListener;
  /**
   * Also trace secrets and the plaintext of application data. Anyone who has the secrets can decrypt the connection.
   */
  readonly secrets?: boolean;
}
