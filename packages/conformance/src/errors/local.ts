/**
 * Errors that this side causes: its application, its options, Handclasp, or Node.js or the browser. Timeouts are here
 * too.
 * @module
 */
import type { LocalFault } from "@handclasp/core/unstable";
import { application, configuration, type ErrorRow, internal, peer } from "./row.ts";

export const localRows: Readonly<Record<LocalFault, ErrorRow>> = {
  aborted: application(
    "user_canceled",
    "The application called `abort`, its `signal` aborted, or a server's handler failed. `cause` is the " +
      "argument of `abort`, the reason of the signal, or the handler's error. A caller of `abort` can choose " +
      "the alert. The alert for a failed handler is internal_error.",
    "If the application ended the connection on purpose, do nothing. Otherwise read `cause`.",
    "the application ended the connection",
  ),
  close_timeout: peer(
    undefined,
    "After `close`, the pending writes were not sent, or the peer's close_notify did not arrive, within " +
      "`closeTimeout`. Or the peer had closed, and a pending write made no progress for that time.",
    "Check that the peer reads and that it closes its side. Raise `closeTimeout` to wait longer.",
    "the connection was not closed within 5000 ms",
  ),
  closed_locally: application(
    undefined,
    "The application read or wrote after it had called `close`, or a read was pending when it called `close`. Or a " +
      "response of `fetch` was not complete at the end of the grace period of `fetch.close`.",
    "Read to the end before you call `close`. To continue to read, call `closeWrite` instead, or give `fetch.close` " +
      "a longer `grace`.",
    "this side has closed the connection",
  ),
  configuration: configuration(
    "An option is wrong or missing, or conflicts with another option. No byte was sent.",
    "Correct the option that the message names. The advice lists the values that the option accepts.",
    "no trust anchor",
  ),
  error: peer(
    undefined,
    "Your program created a TlsError without an alert and without a code. Handclasp itself never does.",
    "Find the place in your program that creates the error, and pass a code or an alert.",
    "the device is not registered",
  ),
  handshake_timeout: peer(
    "close_notify",
    "The handshake, or a handshake message that began after the handshake, was not complete within " +
      "`handshakeTimeout`.",
    "Check that the other side is reachable and supports TLS 1.2. Raise `handshakeTimeout` to wait longer.",
    "the handshake was not done within 10000 ms",
  ),
  hook_failed: application(
    "internal_error",
    "A function that your program provides threw an error or returned an invalid value, for example " +
      "`credentials`, `psk`, a signer, `now`, `keyLog` or a listener's `allow`. `cause` is the thrown error. " +
      "To choose the alert, throw a TlsError that names the alert. If `verify` or `trust` throws another " +
      "error, the code is `untrusted`. If a session store throws, Handclasp ignores the error, and a session " +
      "that it cannot read or store is not resumed.",
    "Correct the function. `cause` describes the failure.",
    "a hook of the application threw",
  ),
  idle_timeout: peer(
    undefined,
    "Neither side has sent anything in a server's connection for `idleTimeout`.",
    "If peers may be silent for so long, raise the server's `idleTimeout`, or have the application send something " +
      "from time to time.",
    "neither side has sent anything for 7440000 ms",
  ),
  inbound_overflow: application(
    "internal_error",
    "More than 16 MiB of received data (before STARTTLS, 1 MiB) wait because the application does not read them, " +
      "and the transport cannot be paused. A page's WebSocket is such a transport if its server does not use " +
      "Handclasp (docs/adr/0014).",
    "Read faster, or have the peer wait for an answer before it sends more data.",
    "more than 16777216 bytes wait to be read, and this transport cannot be paused",
  ),
  key_exhausted: application(
    "internal_error",
    "The number of records that were sent or received under one key reached the limit for safe use of the key.",
    "Open a new connection.",
    "too many records under one key",
  ),
  key_mismatch: configuration(
    "The private key does not belong to the certificate.",
    "Use the private key of this certificate. If you give several certificates, put the certificate of this " +
      "key first, and the certificates of its issuers after it.",
    "the private key does not belong to the certificate",
  ),
  no_psk: application(
    "handshake_failure",
    "The server chose a suite with a pre-shared key, and the client's `psk` function returned no key for " +
      "this server.",
    "Have `psk` return an identity and a key.",
    "there is no pre-shared key for this server",
  ),
  passphrase_needed: configuration(
    "The private key is encrypted, and the options contain no passphrase.",
    "Set `passphrase` to the passphrase of the key.",
    "the private key is encrypted",
  ),
  plaintext_timeout: peer(
    undefined,
    "Before TLS, a read or a write of plain text took longer than the `timeout` of `plain` or `plainServer`.",
    "Check that the other side speaks the protocol that you expect. Raise `timeout` to wait longer.",
    "the peer sent too little within 60000 ms",
  ),
  seal_timeout: internal(
    undefined,
    "The crypto provider did not seal (encrypt) a record in time. The record is lost.",
    "Look for a fault in the provider, or for an event loop that is blocked.",
    "a record was not sealed in time and is lost",
  ),
  usage: application(
    undefined,
    "The application called a method of the connection, the server or the listener with a value that it does " +
      "not accept, or in a state that does not allow the call.",
    "Correct the call that the message names. Its argument is wrong, or it came too early, too late or twice.",
    "write before the handshake is done",
  ),
  write_timeout: peer(
    undefined,
    "A server has sent data, and the peer has taken none of it for `writeTimeout`: it does not read, or it is gone.",
    "If peers may stop to read for so long, raise the server's `writeTimeout`.",
    "the peer has taken no data for 300000 ms",
  ),
  wrong_passphrase: configuration(
    "The passphrase in the options does not decrypt the private key.",
    "Set `passphrase` to the passphrase with which the key was encrypted. If the passphrase is right, the file is " +
      "damaged.",
    "the private key does not open with this passphrase",
  ),
};
