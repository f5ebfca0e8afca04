/**
 * What can be watched: typed events for every handshake message, record and secret, both directions. Free of cost when nobody listens.
 * @module
 */
import type { Bytes } from "./bytes/bytes.ts";
import type { AlertDescription } from "./errors.ts";

export type Role = "client" | "server";
/** From our point of view. */
export type Direction = "sent" | "received";
export type ContentTypeName = "change_cipher_spec" | "alert" | "handshake" | "application_data";

/** A decoded body: numbers, strings, bytes, lists and nested structs, keys as in the RFC but camelCase. */
export type Decoded =
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | readonly Decoded[]
  | { readonly [field: string]: Decoded };

export type TraceEvent =
  /** One handshake message (RFC 5246 §7.4), with the four bytes of its header; `body` has the RFC's fields in camelCase, numbers as numbers. */
  | {
      readonly type: "handshake";
      readonly direction: Direction;
      readonly name: string;
      readonly bytes: Bytes;
      readonly body: Decoded;
    }
  /** One record. `protected` once keys are in use; `header` is the 5 bytes, `fragment` what was on the wire after them, `plaintext` what it carries; plaintext of application data only with `secrets`. */
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
  /** What was agreed, as soon as ServerHello is there. */
  | {
      readonly type: "agreed";
      readonly suite: string;
      readonly group?: string;
      readonly clientRandom: Bytes;
      readonly serverRandom: Bytes;
      readonly extendedMasterSecret: boolean;
    }
  /** An earlier session is resumed, or why not, where there was one to resume. Behind `agreed` where it is resumed. */
  | { readonly type: "resumption"; readonly resumed: true }
  | { readonly type: "resumption"; readonly resumed: false; readonly reason: NotResumed }
  /** Secrets, in the order in which they arise; only where asked for by name (`trace: {secrets: true}`). */
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
 * Why a session was not resumed: it is over (`expired`), was made under another configuration, for another name or
 * certificate, with a suite that is not offered; its peer is not trusted any more, or its pre-shared key is not there
 * any more; it lacks a protection that this handshake has or the other way round; it is `unknown` to the server; or the
 * server `declined` what the client offered.
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

/** Pass a function, or ask for secrets by name. Events carry copies: keeping them is safe. */
export interface TraceOptions {
  readonly listener: TraceListener;
  /** Also give secrets and the plaintext of application data. Whoever sees them can read everything. */
  readonly secrets?: boolean;
}
