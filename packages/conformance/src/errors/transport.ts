/**
 * The errors of a transport or a listener that does not open, and of a connection that ends.
 * @module
 */
import type { TransportFault } from "@handclasp/core/unstable";
import { type ErrorRow, peer, transport } from "./row.ts";

const wrongPlace = "Check the address. Another service may answer there.";

export const transportRows: Readonly<Record<TransportFault, ErrorRow>> = {
  connection_failed: transport(
    "The TCP connection did not open, for a reason that has no code of its own. `cause` is the error that " +
      "Node.js reported.",
    "Read `cause` for the operation that failed.",
    "no connection: connect EMFILE",
  ),
  connection_refused: transport(
    "The computer at this address refused the TCP connection, usually because no program listens at this port.",
    "Start the server, or check host and port.",
    "no connection: connect ECONNREFUSED 127.0.0.1:8443",
  ),
  connection_timeout: transport(
    "The address did not answer within the time limit of the operating system or of Node.js.",
    "Check the address, and the firewalls between the two computers.",
    "no connection: connect ETIMEDOUT 192.0.2.1:8443",
  ),
  host_not_found: transport(
    "This computer could not resolve the host name in the address, or in the `host` option of a listener.",
    "Check the name, and that this computer can resolve names.",
    "no connection: getaddrinfo ENOTFOUND relay.invalid",
  ),
  host_unreachable: transport(
    "The operating system cannot reach the address. It has no route to it or no local address for it, or the " +
      "network or the remote computer is down.",
    "Check the address, and the network of this computer.",
    "no connection: connect EHOSTUNREACH 192.0.2.1:8443",
  ),
  not_loaded: {
    ...transport(
      "A part of Handclasp that a page loads at its first use did not load. These parts are the ciphers and " +
        "curves of the provider `noble`, and the code for a CA's name constraints.",
      "Check the network, and check that the page's server still has the files of this build.",
      "a part of Handclasp did not load",
    ),
    alerts: ["internal_error"],
  },
  not_a_websocket: transport(
    "The server at the address does not use HTTP, or answered the WebSocket handshake with invalid headers. " +
      "If it answered with a TLS alert, the advice says so. An HTTP status other than 101 has the code " +
      "websocket_refused.",
    `${wrongPlace} Use wss: for a WebSocket over TLS, and tcp: for TLS without a WebSocket.`,
    "the WebSocket never opened: Parse Error: Expected HTTP/",
  ),
  outer_certificate: transport(
    "Node.js refused the certificate of the outer TLS connection (wss:). For example, the certificate has " +
      "expired or is for another name, or its CA is not trusted. A browser does not report this reason to a " +
      "page, so in a page the error code is websocket_not_opened.",
    "Check the names and the dates of that certificate, or set `webSocket.ca` to the CA that issued it. The " +
      "options `ca`, `pins` and `insecure` apply only to the inner TLS connection.",
    "the WebSocket never opened: self-signed certificate in certificate chain",
  ),
  outer_tls: transport(
    "The outer TLS connection (wss:) failed in Node.js for a reason other than its certificate.",
    "If the server does not use TLS at this port, use ws: or correct the port. Otherwise compare the TLS " +
      "versions and suites of both sides.",
    "the WebSocket never opened: write EPROTO … wrong version number",
  ),
  websocket_blocked: transport(
    "The browser does not let this page open the WebSocket. Either the page's Content Security Policy " +
      "forbids it, or the page was loaded over https: and the address is ws:.",
    "Allow the address in connect-src of the policy. In a page that was loaded over https:, use wss:.",
    "the WebSocket to ws://relay.example/ never opened",
  ),
  websocket_not_opened: transport(
    "The WebSocket did not open, and no other code describes the reason. A browser does not report the " +
      "reason to a page: the server may be down, the path may not accept WebSockets, or the browser may not " +
      "trust the outer certificate. In Node.js, the server usually closed the connection without an answer.",
    "In a page, read the browser's console. In Node.js, check whether the server expects TLS. If so, use " +
      "wss:, or tcp: for TLS without a WebSocket. Otherwise read `cause`.",
    "the WebSocket to wss://relay.example/ never opened",
  ),
  websocket_refused: transport(
    "The server or a proxy answered the WebSocket handshake with an HTTP status other than 101, for example " +
      "404 if the path does not accept WebSockets, 200 if the web server does not support WebSockets, 403 if it " +
      "refuses this client, or 429 or 503 if it has too many connections. A proxy may also answer 503 if it has no " +
      "server for the path.",
    "Follow the advice, which depends on the status. Check the path and the port, the headers and the " +
      "origin, and that proxies forward the upgrade.",
    "the WebSocket never opened: Unexpected server response: 404",
  ),
  websocket_timeout: transport(
    "The WebSocket did not open in time. Either the address did not answer, or the server did not answer the " +
      "WebSocket handshake.",
    "Check the address, and that the server runs and accepts WebSockets. Raise `webSocket.handshakeTimeout` " +
      "to wait longer.",
    "the WebSocket never opened: Opening handshake has timed out",
  ),
  address_in_use: transport(
    "Another program, or another listener of this program, already uses this address and port.",
    "Stop that program, or choose another port. With port 0, the operating system chooses a free port.",
    "cannot listen: listen EADDRINUSE: address already in use 127.0.0.1:8443",
  ),
  address_not_available: transport(
    "The address does not belong to this computer.",
    "Set `host` to an address of this computer.",
    "cannot listen: listen EADDRNOTAVAIL: address not available 192.0.2.1:8443",
  ),
  address_not_permitted: transport(
    "The operating system does not permit this process to listen on this port.",
    "Choose a port from 1,024 up, or give the process the right to use lower ports.",
    "cannot listen: listen EACCES: permission denied 127.0.0.1:443",
  ),
  listen_failed: transport(
    "The listener could not start, for a reason that has no code of its own. `cause` is the error that " +
      "Node.js reported.",
    "Read `cause` for the operation that failed.",
    "cannot listen: listen ENOBUFS",
  ),
  host_refused: peer(
    undefined,
    "A listener refused a WebSocket because the Host header does not name a host that the listener accepts. " +
      "For the same headers, the server calls `onError` at most once a minute.",
    "If the host name is yours, add it to `hosts`.",
    'a WebSocket was refused: the Host header has no name of this listener (Origin absent, Host "evil.example")',
  ),
  origin_refused: peer(
    undefined,
    "A listener refused a WebSocket because the page comes from another host, and `origins` does not contain " +
      "its origin. For the same headers, the server calls `onError` at most once a minute.",
    "If the page is yours, add its origin to `origins`. Do not add `null`: every site can make a page with " +
      "that origin.",
    "a WebSocket was refused: the page's origin is on another host, and is not in `origins` (Origin " +
      '"https://evil.example", Host "localhost:8443")',
  ),
  overloaded: peer(
    undefined,
    "A server refused a connection because it has too many, or because the client has too many. Over TCP, the " +
      "client's connection ends; a WebSocket gets the status 429 (the client's limit) or 503 (the server's). For " +
      "each limit, the server calls `onError` at most once a minute.",
    "If the server has room for more, raise the limit that the message names ([admission.md](admission.md)). If all " +
      "clients have the address of a proxy, set `trustProxy` of `listenWebSocket`.",
    "a connection was refused: the client 192.0.2.1 has 100 connections in their handshake",
  ),
  closed: transport(
    "The connection ended cleanly: both sides sent close_notify. Later writes reject with this error, or " +
      "with closed_locally if the application called `close`. Reads return the clean end ([ends.md](ends.md)).",
    "Write before the connection ends, or open another connection.",
    "the connection is closed",
  ),
  closed_during_handshake: {
    alerts: ["close_notify"],
    faults: ["transport", "peer", "application"],
    means:
      "The connection ended before the handshake was complete: the transport ended or broke (fault transport), " +
      "the peer sent close_notify (fault peer), or the application called `close` (fault application). In the last " +
      "two cases we send close_notify.",
    remedy:
      "Check that the other side runs and supports TLS 1.2. Read the peer's log. For example, a server that " +
      "cannot load its certificates may end a connection in this way.",
    example: "the transport closed during the handshake",
  },
  connection_lost: transport(
    "The transport broke after the handshake. For example, TCP was reset, or the WebSocket closed without a " +
      "close frame or with the code of an error, such as 1011. A write also rejects with this error if the " +
      "transport accepts no more data. Data may be missing.",
    "Connect again. If the application protocol permits it, repeat the data that may not have arrived.",
    "the WebSocket closed without a close frame",
  ),
  peer_gone: transport(
    "The peer sent close_notify, and the transport failed before we sent our close_notify. We received all " +
      "data that the peer sent.",
    "If the peer must receive the last data that you wrote, have the peer confirm it ([ends.md](ends.md)). Otherwise " +
      "do nothing.",
    "the peer closed cleanly and left before our close_notify",
  ),
  peer_left: transport(
    "The peer's WebSocket closed with code 1001 and without close_notify. Usually the user left or closed " +
      "the page, or the peer's program ended. Data may be missing.",
    "On a server, do nothing, because users leave pages at any time. If the other side must see a clean end, " +
      "have the page call `close` before the user leaves it.",
    "the WebSocket closed with code 1001",
  ),
  peer_unresponsive: transport(
    "The peer did not answer a ping of the server's WebSocket in time: its network or its computer is gone, or its " +
      "program is stopped. Data may be missing.",
    "On a server, do nothing, because peers vanish at any time. If peers do not read for so long although they are " +
      "there, set `heartbeat` of `listenWebSocket`.",
    "the peer did not answer a ping within 30000 ms",
  ),
  truncated: transport(
    "The transport closed normally, but the peer had sent no close_notify. Data may be missing, because an " +
      "attacker can end the transport early.",
    "Do not treat the data that you read as complete. Have the peer send close_notify when it ends a connection.",
    "the transport closed without close_notify: data may be missing",
  ),
  message_too_big: {
    alerts: [],
    faults: ["transport", "peer"],
    means:
      "The peer sent a WebSocket message that is too large or has too many fragments, or it sent more data of " +
      "an unfinished message than Handclasp buffers (fault transport). Or, on a message connection, the peer sent a " +
      "message of more than `maxMessage` bytes, or one that does not fit into memory (fault peer).",
    remedy:
      "Have the peer send TLS records in messages of at most 1 MiB, as Handclasp does. On a message connection, have " +
      "the peer send shorter messages, or raise `maxMessage`.",
    example: "the peer sent a WebSocket message that is too large or has too many fragments",
  },
  text_message: transport(
    "The peer sent a text message over the WebSocket that is no credit (docs/adr/0014). TLS needs binary messages.",
    `${wrongPlace} On a server, another kind of client may have connected.`,
    "the peer sent a text message: TLS is binary",
  ),
  transport_failed: transport(
    "A transport that your program provides reported an error that is not a TlsError. `cause` is that error.",
    "Correct the transport. `cause` describes the failure.",
    "the transport failed: it broke",
  ),
};
