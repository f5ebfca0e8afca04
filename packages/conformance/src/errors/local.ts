/**
 * Errors that this side detects: of the program that uses Handclasp, of Handclasp, of its host, and timeouts.
 * @module
 */
import type { LocalFault } from "@handclasp/core/unstable";
import { application, configuration, type ErrorRow, internal, peer } from "./row.ts";

export const localRows: Readonly<Record<LocalFault, ErrorRow>> = {
  aborted: application(
    "user_canceled",
    "This side called `abort`, its AbortSignal fired, or a server's handler failed. `cause` is the reason that " +
      "the caller gave, and the alert is the one that the caller chose.",
    "Nothing, if the program ended the connection on purpose.",
    "the application ended the connection",
  ),
  close_timeout: peer(
    undefined,
    "`close` gave up waiting for pending writes to be sent, or for the peer's close_notify.",
    "Check that the peer reads. Raise `closeTimeout` to wait longer.",
    "the connection was not closed within 5000 ms",
  ),
  closed_locally: application(
    undefined,
    "The application called read or write after this side's `close`.",
    "Read to the end before you call `close`. To go on reading, call `closeWrite` instead.",
    "this side has closed the connection",
  ),
  configuration: configuration(
    "An option is wrong or missing, or conflicts with another. No byte was sent.",
    "Correct the option that the message names. The advice says what it takes.",
    "no trust anchor",
  ),
  error: peer(
    undefined,
    "The code of a TlsError that was created with neither an alert nor a code. Handclasp creates none.",
    "Look at the code in your program that creates it.",
    "an error of the application's",
  ),
  handshake_timeout: peer(
    "close_notify",
    "The handshake did not complete in time, or a handshake message that arrived later stayed incomplete.",
    "Check that the other side is a TLS 1.2 peer, and reachable. Raise `handshakeTimeout` to wait longer.",
    "the handshake was not done within 10000 ms",
  ),
  hook_failed: application(
    "internal_error",
    "A function of your program threw, or returned an invalid value: `credentials`, `psk`, a signer, `now` or " +
      "`keyLog`. `cause` has what it threw. To choose the alert, throw a TlsError that names it. If `verify` or " +
      "`trust` throws, the code is `untrusted`. If a session store throws, the handshake is a full one.",
    "Correct the function. `cause` says what failed.",
    "a hook of the application threw",
  ),
  inbound_overflow: application(
    "internal_error",
    "16 MiB of received data wait because the application does not read them, and the transport cannot be " +
      "paused (a page's WebSocket).",
    "Read faster, or have the peer wait for answers before it sends more.",
    "more than 16777216 bytes wait to be read, and this transport cannot be paused",
  ),
  key_exhausted: application(
    "internal_error",
    "The number of records sent under one key reached the limit of its safe use.",
    "Open a new connection.",
    "too many records under one key",
  ),
  key_mismatch: configuration(
    "The private key does not belong to the certificate.",
    "Put the certificate of this key first. The certificates of its issuers follow it.",
    "the private key does not belong to the certificate",
  ),
  no_psk: application(
    "handshake_failure",
    "The server chose a suite with a pre-shared key, and `psk` returned no key for it.",
    "Have `psk` return an identity and a key.",
    "there is no pre-shared key for this server",
  ),
  passphrase_needed: configuration(
    "The private key is encrypted, and no passphrase was given.",
    "Give the passphrase of the key.",
    "the private key is encrypted",
  ),
  seal_timeout: internal(
    undefined,
    "The crypto provider did not seal a record in time. The record is lost.",
    "Look for a fault in the provider, or for a process that is too busy.",
    "a record was not sealed in time and is lost",
  ),
  usage: application(
    undefined,
    "The connection, the server or the listener was used in a way that its state does not allow.",
    "Change the call that the message names: it came too early, too late, or twice.",
    "write before the handshake is done",
  ),
  wrong_passphrase: configuration(
    "The private key cannot be decrypted with the passphrase that was given.",
    "Give the passphrase that the key was encrypted with. If it is the right one, the file is damaged.",
    "the private key does not open with this passphrase",
  ),
};
