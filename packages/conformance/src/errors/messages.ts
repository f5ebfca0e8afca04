/**
 * The errors of messages inside a channel (docs/message-framing.md).
 * @module
 */
import type { MessageFault } from "@handclasp/core/unstable";
import { application, type ErrorRow, peer, transport } from "./row.ts";

export const messageRows: Readonly<Record<MessageFault, ErrorRow>> = {
  interrupted: transport(
    "A session has no connection: a ping could not be sent, the peer left for a while (a Close with 1001, 1012 or " +
      "1013), or it did not answer a ping in time. The session may continue on its next connection.",
    "Do nothing: a socket with `reconnect` opens another connection, and the session keeps the messages.",
    "the server did not answer a ping within 10000 ms",
  ),
  invalid_frame: peer(
    undefined,
    "The peer broke a rule of the framing of messages, for example by a frame with an unknown opcode, by text " +
      "that is not UTF-8, or by an invalid opening. The peer gets a Close with `closeCode`.",
    "Correct the peer by [message-framing.md](message-framing.md), if it is not a Handclasp of this version.",
    "a frame has the unknown opcode 3",
  ),
  no_close: peer(
    undefined,
    "The peer ended the channel without a Close. Each message that was read is whole, but the peer may have " +
      "wanted to send more. Usually the peer's program ended, or it closed the channel instead of the message " +
      "connection.",
    "Have the peer close the message connection. Connect again if you expected more messages.",
    "the peer ended the channel without a Close",
  ),
  no_sessions: peer(
    undefined,
    "The client asked for a session that outlives its connections, and the server keeps none.",
    "Give the server's `acceptMessages` the option `sessions`, or connect without `reconnect`.",
    "the server keeps no sessions",
  ),
  open_refused: {
    alerts: [],
    faults: ["peer", "transport"],
    means:
      "On a client, the server answered the opening by a Close: it does not accept the path, the protocols or this " +
      "client (fault peer), or it restarts or is overloaded (the codes 1001, 1012 and 1013, fault transport). The " +
      "message contains the code and the reason of the Close. On a server, this is the error of a client that the " +
      "server refused.",
    remedy:
      "On the client, check the path and the protocols, or try again later. On the server, check `allow` and " +
      "`protocols`.",
    example: 'the server refused to open, with the code 1008 and the reason "not allowed"',
  },
  queue_full: application(
    undefined,
    "The program sent more messages than a session may keep until the peer acknowledges them. The session has ended.",
    "Await each `send`, or raise `maxQueue`.",
    "4194304 bytes of messages or more wait for the peer",
  ),
  session_lost: {
    alerts: [],
    faults: ["transport", "peer"],
    means:
      "A session ended because its client did not come back in time (fault transport), or because the server has " +
      "lost it (fault peer). Messages that the peer has not acknowledged may not have arrived.",
    remedy: "Begin a new session. On a server, raise `keep` if clients need longer to come back.",
    example: "the client did not come back",
  },
  wrong_protocol: peer(
    undefined,
    "The client offered protocols, and the server selected another one or none. Or the client offered none, " +
      "and the server selected one.",
    "Correct the server: it must select one of the offered protocols.",
    "the server selected a protocol that the client did not offer",
  ),
};
