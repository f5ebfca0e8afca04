/**
 * The reasons why a transport does not open, and the ends of a connection.
 * @module
 */
import type { TransportFault } from "@handclasp/core/unstable";
import { type ErrorRow, peer, transport } from "./row.ts";

const wrongPlace = "Check the address: another service answers there.";

export const transportRows: Readonly<Record<TransportFault, ErrorRow>> = {
  connection_failed: transport(
    "The TCP connection failed for a reason that has no code of its own. `cause` has the host's error.",
    "Read `cause`: it says what the host could not do.",
    "no connection: connect EMFILE",
  ),
  connection_refused: transport(
    "No program listens at this host and port.",
    "Start the server, or check host and port.",
    "no connection: connect ECONNREFUSED 127.0.0.1:8443",
  ),
  connection_timeout: transport(
    "The address did not answer within the host's time limit.",
    "Check the address, and the firewalls on the way.",
    "no connection: connect ETIMEDOUT 192.0.2.1:8443",
  ),
  host_not_found: transport(
    "The host name in the address could not be resolved.",
    "Check the name, and that this computer can resolve names.",
    "no connection: getaddrinfo ENOTFOUND relay.invalid",
  ),
  host_unreachable: transport(
    "There is no route to this address.",
    "Check the address, and the network of this computer.",
    "no connection: connect EHOSTUNREACH 192.0.2.1:8443",
  ),
  not_loaded: {
    ...transport(
      "A page loads some parts of Handclasp when they are first needed: noble, and the code for a CA's name " +
        "constraints. Such a part did not load.",
      "Check the network, and that the page's server still has the files of this build.",
      "a part of Handclasp did not load",
    ),
    alerts: ["internal_error"],
  },
  not_a_websocket: transport(
    "The server at the address does not use HTTP, or does not accept a WebSocket. If it answered with a TLS " +
      "alert, the advice says so.",
    `${wrongPlace} Use wss: for a WebSocket over TLS, and tcp: for TLS without a WebSocket.`,
    "the WebSocket never opened: Parse Error: Expected HTTP/",
  ),
  outer_certificate: transport(
    "The host does not trust the certificate of the outer TLS connection (wss:). A page cannot learn this: " +
      "there the code is websocket_not_opened.",
    "Give its CA as `webSocket.ca`. The options `ca`, `pins` and `insecure` are for the inner TLS connection, " +
      "and do not apply to the outer one.",
    "the WebSocket never opened: self-signed certificate in certificate chain",
  ),
  outer_tls: transport(
    "The outer TLS connection (wss:) failed for a reason other than its certificate.",
    "If the server does not use TLS there, use ws:. Otherwise compare the TLS versions and suites of both sides.",
    "the WebSocket never opened: write EPROTO … wrong version number",
  ),
  websocket_blocked: transport(
    "The browser does not let this page open the WebSocket: the page's Content Security Policy forbids it, or " +
      "the page came over https: and the address is ws:.",
    "Allow the address in connect-src of the policy. From a page that came over https:, use wss:.",
    "the WebSocket to ws://relay.example/ never opened",
  ),
  websocket_not_opened: transport(
    "The WebSocket did not open, for an unknown reason. A browser tells a page no more: there may be no server, " +
      "the path may have no WebSocket, or the outer certificate may not be trusted. In Node.js, the server closed " +
      "the connection without an answer.",
    "In a page, read the browser's console. In Node.js, check whether it is a TLS server: use wss:, or tcp: for " +
      "TLS without a WebSocket.",
    "the WebSocket to wss://relay.example/ never opened",
  ),
  websocket_refused: transport(
    "An HTTP server answered with a status other than 101: for example 404 if the path has no WebSocket, 200 if " +
      "the web server does not support WebSockets, or 403 if it refuses this client.",
    "Follow the advice for the status: check path and port, headers and origin, and that proxies forward the upgrade.",
    "the WebSocket never opened: Unexpected server response: 404",
  ),
  websocket_timeout: transport(
    "The server accepted the connection, but did not answer the WebSocket handshake in time.",
    "Check that it is a WebSocket server, and that it is up. Raise `webSocket.handshakeTimeout` to wait longer.",
    "the WebSocket never opened: Opening handshake has timed out",
  ),
  address_in_use: transport(
    "Another program, or another listener of this program, uses the port.",
    "Stop that program, or choose another port. Port 0 chooses any free one.",
    "cannot listen: listen EADDRINUSE: address already in use 127.0.0.1:8443",
  ),
  address_not_available: transport(
    "The address does not belong to this computer.",
    "Give an address of this computer as `host`.",
    "cannot listen: listen EADDRNOTAVAIL: address not available 192.0.2.1:8443",
  ),
  address_not_permitted: transport(
    "The process is not permitted to listen on this port.",
    "Choose port 1,024 or a higher one, or give the process the right to use a lower one.",
    "cannot listen: listen EACCES: permission denied 127.0.0.1:443",
  ),
  listen_failed: transport(
    "The listener could not start, for a reason that has no code of its own. `cause` has the host's error.",
    "Read `cause`: it says what the host could not do.",
    "cannot listen: listen ENOBUFS",
  ),
  host_refused: peer(
    undefined,
    "A listener refused a WebSocket because its Host header names no host of the listener. `onError` reports " +
      "the same headers at most once a minute.",
    "If the name is yours, add it to `hosts`.",
    'a WebSocket was refused: the Host header has no name of this listener (Origin absent, Host "evil.example")',
  ),
  origin_refused: peer(
    undefined,
    "A listener refused a WebSocket because the page comes from another host. `onError` reports the same " +
      "headers at most once a minute.",
    "If the page is yours, add its origin to `origins`. Every site can make a page with the origin `null`.",
    "a WebSocket was refused: the page's origin is on another host, and is not in `origins` (Origin " +
      '"https://evil.example", Host "localhost:8443")',
  ),
  closed: transport(
    "The connection ended in order. Later reads and writes reject with this error.",
    "Open another connection.",
    "the connection is closed",
  ),
  closed_during_handshake: {
    alerts: ["close_notify"],
    faults: ["transport", "peer", "application"],
    means:
      "The connection ended before the handshake was complete: the transport ended or broke (fault transport), " +
      "the peer sent close_notify (peer), or this side called `close` (application). In the last two cases we " +
      "send close_notify.",
    remedy:
      "Check that the other side is a TLS 1.2 peer, and that it is up. Read its log: a server that cannot load " +
      "its certificates also ends a connection in this way.",
    example: "the transport closed during the handshake",
  },
  connection_lost: transport(
    "The transport broke after the handshake: a TCP reset, or a WebSocket that closed without a close frame. " +
      "Data may be missing.",
    "Connect again. If the applications' protocol permits it, send the data again that may not have arrived.",
    "the WebSocket closed without a close frame",
  ),
  peer_gone: transport(
    "The peer closed in order, and its transport was gone before our close_notify. All data that it sent was received.",
    "Nothing, unless the last data that you wrote matters. In that case, have the peer confirm it " +
      "([ends.md](ends.md)).",
    "the peer closed in order and left before our close_notify",
  ),
  peer_left: transport(
    "The peer's WebSocket closed with status 1001 and without close_notify: the user left or closed the page, " +
      "or a program ended. Data may be missing.",
    "On a server, nothing: users leave pages. A page that needs a clean end calls `close` before the user leaves it.",
    "the WebSocket closed with code 1001",
  ),
  truncated: transport(
    "The transport ended in order, but close_notify is missing. Data may be missing, and an attacker may have " +
      "cut it off.",
    "Do not treat the data that you read as complete. Have the peer send close_notify when it ends a connection.",
    "the transport closed without close_notify: data may be missing",
  ),
  message_too_big: transport(
    "The peer sent a WebSocket message that is too large, or has too many fragments.",
    "Have the peer send TLS records in messages of at most 1 MiB, as Handclasp does.",
    "the peer sent a WebSocket message that is too large, or in too many fragments",
  ),
  text_message: transport(
    "The peer sent a text message over the WebSocket. TLS needs binary messages.",
    wrongPlace,
    "the peer sent a text message: TLS is binary",
  ),
  transport_failed: transport(
    "A transport that your program provides failed with an error that is not a TlsError. `cause` has that error.",
    "Correct the transport. `cause` says what failed.",
    "the transport failed: it broke",
  ),
};
