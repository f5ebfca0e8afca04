/**
 * session_ticket, RFC 5077 §3.2: empty, it asks for a ticket; with one, to resume. Answered, always empty, it announces NewSessionTicket.
 * @module
 */
import { empty } from "../../wire/codec.ts";
import { type ClientExtension, read, type ServerExtension, yes } from "./extension.ts";

const id = 35;
const name = "session_ticket";

export const sessionTicketClient: ClientExtension<"ticket"> = {
  id,
  name,
  offer: ({ sessions }, kept) => (sessions?.tickets ? (kept?.state.ticket ?? new Uint8Array(0)) : undefined),
  accept(answer) {
    read(this, empty, answer);
    return true;
  },
};

export const sessionTicketServer: ServerExtension<"ticket"> = {
  id,
  name,
  read: (data) => data.slice(),
  /** Behind extended_master_secret in the list: without it, a session is not kept. */
  answer: (_, { agreement, config, renews }) =>
    (agreement.resumed ? renews : config.tickets && agreement.extendedMasterSecret) ? yes : undefined,
};
