/**
 * Whole messages over a channel: text and binary, pings, a closing handshake, a path and protocols, by the framing of
 * docs/message-framing.md.
 * @module
 */
export type { CloseInfo } from "./messages/close.ts";
export type { MessageConnection } from "./messages/connection.ts";
export { FrameError } from "./messages/frameError.ts";
export type { Closed, Message, Messages } from "./messages/messages.ts";
export {
  type Accepted,
  type AcceptMessagesOptions,
  acceptMessages,
  type MessageOptions,
  messageProtocols,
  type OpenMessagesOptions,
  openMessages,
  openSession,
} from "./messages/open.ts";
export {
  type Answer,
  type AnswerSession,
  isToken,
  messageAlpn,
  type Opening,
  type OpeningSession,
} from "./messages/opening.ts";
