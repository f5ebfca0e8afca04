/**
 * Why there is no connection below TLS, or none any more.
 * @module
 */
import type { TransportFault } from "@handclasp/core/unstable";
import { type ErrorRow, peer, transport } from "./row.ts";

const wrongPlace = "Check the address: another service answers there.";

export const transportRows: Readonly<Record<TransportFault, ErrorRow>> = {
  connection_failed: transport(
    "No TCP connection came about, for a reason that has no code of its own; `cause` has the host's error.",
    "`cause` says what the host could not do.",
    "no connection: connect EMFILE",
  ),
  connection_refused: transport(
    "Nothing listens at this host and port.",
    "Start the server, or check host and port.",
    "no connection: connect ECONNREFUSED 127.0.0.1:8443",
  ),
  connection_timeout: transport(
    "Nothing answered at this address in the host's time.",
    "Check the address, and firewalls on the way.",
    "no connection: connect ETIMEDOUT 192.0.2.1:8443",
  ),
  host_not_found: transport(
    "The name in the address could not be looked up.",
    "Check the name, and that this computer can look names up.",
    "no connection: getaddrinfo ENOTFOUND relay.invalid",
  ),
  host_unreachable: transport(
    "No route leads to this address.",
    "Check the address, and the network of this computer.",
    "no connection: connect EHOSTUNREACH 192.0.2.1:8443",
  ),
  not_loaded: {
    ...transport(
      "A page loads some parts of Handclasp when they are first needed: noble, and what a CA's name constraints need. This one did not load.",
      "Check the network, and that the page's server still has the files of this build.",
      "a part of Handclasp did not load",
    ),
    alerts: ["internal_error"],
  },
  not_a_websocket: transport(
    "What answers there speaks no HTTP, or agrees to no WebSocket. Where it answers with a TLS alert, the advice says so.",
    `${wrongPlace} Use wss: for a WebSocket over TLS, tcp: for TLS alone.`,
    "the WebSocket never opened: Parse Error: Expected HTTP/",
  ),
  outer_certificate: transport(
    "The certificate of the TLS around the WebSocket (wss:) is not trusted by the host. A page is not told: there it is websocket_not_opened.",
    "`webSocket.ca` names who may issue it. `ca`, `pins` and `insecure` are for the TLS inside, and do not reach it.",
    "the WebSocket never opened: self-signed certificate in certificate chain",
  ),
  outer_tls: transport(
    "The TLS around the WebSocket (wss:) failed for another reason than its certificate.",
    "Use ws: where no TLS answers; otherwise compare the TLS versions and suites of both sides.",
    "the WebSocket never opened: write EPROTO … wrong version number",
  ),
  websocket_blocked: transport(
    "The browser forbids this page the WebSocket: by the page's Content Security Policy, or because a page that came over https: may not open ws:.",
    "Allow the address in connect-src of the policy; use wss: from a page that came over https:.",
    "the WebSocket to ws://relay.example/ never opened",
  ),
  websocket_not_opened: transport(
    "The WebSocket never opened, and nobody said why. A page is never told more: nobody may listen there, the path may have no WebSocket, the outer certificate may be unknown. In Node.js the server hung up without an answer.",
    "In a page, the browser's console says why; in Node.js, is it a TLS server (use wss:, or tcp: for TLS alone)?",
    "the WebSocket to wss://relay.example/ never opened",
  ),
  websocket_refused: transport(
    "An HTTP server answered with another status than 101: 404 where the path has no WebSocket, 200 where a web server does not know of any, 403 where it keeps this client out.",
    "The advice goes with the status: check path and port, headers and origin, and that a proxy passes upgrades on.",
    "the WebSocket never opened: Unexpected server response: 404",
  ),
  websocket_timeout: transport(
    "The server took the connection, and did not answer in time.",
    "Is it a WebSocket server, and is it up? `webSocket.handshakeTimeout` gives it longer.",
    "the WebSocket never opened: Opening handshake has timed out",
  ),
  address_in_use: transport(
    "Another program, or another listener of this one, has the port.",
    "Stop that program, or choose another port: 0 is any free one.",
    "cannot listen: listen EADDRINUSE: address already in use 127.0.0.1:8443",
  ),
  address_not_available: transport(
    "The address is none of this computer.",
    "Give an address of this computer as `host`.",
    "cannot listen: listen EADDRNOTAVAIL: address not available 192.0.2.1:8443",
  ),
  address_not_permitted: transport(
    "The process may not listen on this port.",
    "Choose a port from 1,024 on, or give the process the right to take a lower one.",
    "cannot listen: listen EACCES: permission denied 127.0.0.1:443",
  ),
  listen_failed: transport(
    "Nobody can be listened to, for a reason that has no code of its own; `cause` has the host's error.",
    "`cause` says what the host could not do.",
    "cannot listen: listen ENOBUFS",
  ),
  host_refused: peer(
    undefined,
    "A listener kept a WebSocket out: its Host header names no host of the listener. `onError` is told once a minute for the same headers.",
    "If the name is yours, let it in with `hosts`.",
    'a WebSocket was refused: the Host header is not a name of this listener (Origin absent, Host "evil.example")',
  ),
  origin_refused: peer(
    undefined,
    "A listener kept a WebSocket out: the page is of another host. `onError` is told once a minute for the same headers.",
    "If the page is yours, let it in with `origins`.",
    'a WebSocket was refused: the page comes from another host, and its origin is not in `origins` (Origin "https://evil.example", Host "localhost:8443")',
  ),
  closed: transport(
    "The connection ended in order: reads and writes that come later reject with this.",
    "Open another connection.",
    "the connection is closed",
  ),
  closed_during_handshake: {
    alerts: ["close_notify"],
    faults: ["transport", "peer", "application"],
    means:
      "The connection ended before its handshake was done: the carrier ended or broke (fault transport), the peer said close_notify (peer), or this side called `close` (application). In the last two cases we send an alert.",
    remedy:
      "Is the other side a TLS 1.2 peer, and is it up? Its log says more; a server whose certificates do not load ends so.",
    example: "the transport closed during the handshake",
  },
  connection_lost: transport(
    "The carrier broke after the handshake: a reset, or a WebSocket without a close frame. Data may be missing.",
    "Connect again; what was on its way is to be sent again where the applications agree on how.",
    "the WebSocket closed without a close frame",
  ),
  peer_gone: transport(
    "The peer closed in order, and its carrier was gone before our close_notify. All that it sent was received.",
    "Nothing, unless what was written last matters: have the peer confirm it ([ends.md](ends.md)).",
    "the peer closed in order and left before our close_notify",
  ),
  peer_left: transport(
    "The peer's WebSocket closed with 1001, without close_notify: a page was left or closed, or a program ends. Data may be missing.",
    "Nothing on a server: pages leave. A page that wants a clean end calls `close` before it is left.",
    "the WebSocket closed with code 1001",
  ),
  truncated: transport(
    "The carrier ended in order, and TLS did not: close_notify is missing. Data may be missing, and somebody may have cut it off.",
    "Do not take what was read for all. A peer that ends so in good faith should say close_notify.",
    "the transport closed without close_notify: data may be missing",
  ),
  message_too_big: transport(
    "The peer sent a WebSocket message that is too large, or is in too many fragments.",
    "Send TLS records in messages of at most 1 MiB, as each Handclasp does.",
    "the peer sent a WebSocket message that is too large, or in too many fragments",
  ),
  text_message: transport(
    "The peer sent a text message over the WebSocket; TLS is binary.",
    wrongPlace,
    "the peer sent a text message: TLS is binary",
  ),
  transport_failed: transport(
    "A transport of your own failed with an error that is no TlsError; `cause` has it.",
    "`cause` says what failed.",
    "the transport failed: it broke",
  ),
};
