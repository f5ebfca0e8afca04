/**
 * What the program that uses Handclasp did, or left undone; and what is our own fault.
 * @module
 */
import type { LocalFault } from "@handclasp/core/unstable";
import { application, configuration, type ErrorRow, internal, peer } from "./row.ts";

export const localRows: Readonly<Record<LocalFault, ErrorRow>> = {
  aborted: application(
    "user_canceled",
    "This side called `abort`, its AbortSignal did, or a server's handler failed. `cause` is the reason that was given; the alert is the one that was given.",
    "Nothing, where it was meant.",
    "the application ended the connection",
  ),
  close_timeout: peer(
    undefined,
    "`close` waited for what was written, and for the peer's close_notify, in vain.",
    "Was the peer reading? `closeTimeout` gives it longer.",
    "the connection was not closed within 5000 ms",
  ),
  closed_locally: application(
    undefined,
    "A read or a write came after this side's `close`.",
    "Read to the end first; to go on reading, use `closeWrite`.",
    "this side has closed the connection",
  ),
  configuration: configuration(
    "An option is wrong, missing, or does not go with another. No byte was sent.",
    "The message names the option, and the advice what to give.",
    "no trust anchor",
  ),
  error: peer(
    undefined,
    "A TlsError that was made with neither an alert nor a code: none of Handclasp's own is.",
    "Look at the code of yours that makes it.",
    "an error of the application's",
  ),
  handshake_timeout: peer(
    "close_notify",
    "The handshake, or the rest of a handshake message after it, did not come in time.",
    "Is the other side a TLS 1.2 peer, and reachable? `handshakeTimeout` gives it longer.",
    "the handshake was not done within 10000 ms",
  ),
  hook_failed: application(
    "internal_error",
    "A function of yours threw, or gave what it must not: `credentials`, `psk`, a signer, `keyLog`. `cause` has what it threw. To choose the alert, throw a TlsError that names it. A `verify` or `trust` that throws is `untrusted`; a store of sessions that throws costs only the resumption.",
    "`cause` says what failed.",
    "a hook of the application threw",
  ),
  inbound_overflow: application(
    "internal_error",
    "16 MiB wait that nobody reads, on a carrier that cannot be paused: a page's WebSocket.",
    "Read faster, or let the peer wait for answers.",
    "more than 16777216 bytes wait to be read, and this transport cannot be paused",
  ),
  key_exhausted: application(
    "internal_error",
    "So many records were sent under one key that more would weaken it.",
    "Open a new connection.",
    "too many records under one key",
  ),
  key_mismatch: configuration(
    "The private key does not belong to the certificate.",
    "The first certificate must be the one that was issued for this key; its issuers follow it.",
    "the private key does not belong to the certificate",
  ),
  no_psk: application(
    "handshake_failure",
    "The server chose a suite with a pre-shared key, and `psk` gave none for it.",
    "Have `psk` give an identity and a key.",
    "there is no pre-shared key for this server",
  ),
  passphrase_needed: configuration(
    "The private key is encrypted, and no passphrase was given.",
    "Give its passphrase.",
    "the private key is encrypted",
  ),
  seal_timeout: internal(
    undefined,
    "The provider of cryptography did not seal a record in time: that record is lost.",
    "Look at the provider, or at a process that is too busy.",
    "a record was not sealed in time and is lost",
  ),
  usage: application(
    undefined,
    "The connection, the server or the listener was used in a way that its state does not allow.",
    "The message says what was done too early, too late, or twice.",
    "write before the handshake is done",
  ),
  wrong_passphrase: configuration(
    "The private key does not open with the passphrase that was given.",
    "Give the passphrase that it was encrypted with; where it is the right one, the file is damaged.",
    "the private key does not open with this passphrase",
  ),
};
