/**
 * session_ticket, RFC 5077 §3.2: an empty extension requests a ticket, and an extension with a ticket requests
 * resumption. The answer is always empty and announces NewSessionTicket.
 * @module
 */
import { empty } from "../../wire/codec.ts";
import { type ClientExtension, decodeData, emptyAnswer, type ServerExtension } from "./extension.ts";

const id = 35;
const name = "session_ticket";

export const sessionTicketClient: ClientExtension<"ticket"> = {
  id,
  name,
  offer: ({ sessions }, session) => (sessions?.tickets ? (session?.state.ticket ?? new Uint8Array(0)) : undefined),
  accept(answer) {
    decodeData(this, empty, answer);
    return true;
  },
};

export const sessionTicketServer: ServerExtension<"ticket"> = {
  id,
  name,
  read: (data) => data.slice(),
  /** Without extended_master_secret the server issues no ticket, so that extension comes earlier in the list. */
  answer: (_, { agreement, config, renews }) =>
    (agreement.resumed ? renews : config.tickets && agreement.extendedMasterSecret) ? emptyAnswer : undefined,
};
