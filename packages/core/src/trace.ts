/**
 * The trace events of a connection: its messages, records and alerts in both directions, its secrets, and its states.
 * Without a listener, Handclasp makes no events.
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
   * One handshake message (RFC 5246 §7.4). `bytes` includes the header of four bytes. `body` has the RFC's fields, with
   * their names in camelCase and numbers without names.
   */
  | {
      readonly type: "handshake";
      readonly direction: Direction;
      readonly name: string;
      readonly bytes: Bytes;
      readonly body: Decoded;
    }
  /**
   * One record. `protected` is true if the record is encrypted. `header` is the first 5 bytes, `fragment` the rest of
   * the record on the wire, and `plaintext` the fragment without its protection. A record with application data has
   * `plaintext` only with the option `secrets: true`.
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
  /** The agreement of the two sides, after ServerHello was sent or received. Only a server knows `group` by then. */
  | {
      readonly type: "agreed";
      readonly suite: string;
      readonly group?: string;
      readonly clientRandom: Bytes;
      readonly serverRandom: Bytes;
      readonly extendedMasterSecret: boolean;
    }
  /**
   * A session was resumed, or was not resumed for the given reason. If a session was resumed, this event comes after
   * `agreed`.
   */
  | { readonly type: "resumption"; readonly resumed: true }
  | { readonly type: "resumption"; readonly resumed: false; readonly reason: NotResumed }
  /** The secrets in the order of their computation, only with the option `secrets: true`. */
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
 * The reason why a session was not resumed:
 * - `unknown`: the server does not have the session, or cannot decrypt its ticket;
 * - `expired`: the session has expired;
 * - `configuration`, `server_name`, `certificate`: it was made under another one of these;
 * - `suite`: its suite is no longer offered, or the server no longer has it;
 * - `renegotiation_info`, `max_fragment_length`: the extension differs from that of this handshake;
 * - `pre_shared_key`: its pre-shared key no longer exists;
 * - `untrusted`: its peer is no longer trusted;
 * - `declined`: the server did not resume the session that the client offered.
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
 * The long form of the option `trace`, which can include secrets. Events contain copies of the bytes, so you may store
 * them.
 */
export interface TraceOptions {
  readonly listener: TraceListener;
  /**
   * True if events include secrets and the plaintext of application data. Default false. Anyone who has the secrets can
   * decrypt the connection.
   */
  readonly secrets?: boolean;
}
