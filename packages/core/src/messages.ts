/**
 * Whole messages over a channel: text and binary, pings, a closing handshake, a path and protocols, by the framing of
 * docs/message-framing.md.
 * @module
 */
export type { CloseInfo } from "./messages/close.ts";
export { type Closed, MessageConnection } from "./messages/connection.ts";
export { FrameError } from "./messages/frameError.ts";
export type { Message } from "./messages/inbox.ts";
export {
  type AcceptMessagesOptions,
  acceptMessages,
  type MessageOptions,
  messageProtocols,
  type OpenMessagesOptions,
  openMessages,
} from "./messages/open.ts";
export { isToken, messageAlpn, type Opening } from "./messages/opening.ts";
