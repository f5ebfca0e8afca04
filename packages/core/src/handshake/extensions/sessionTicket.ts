/**
 * session_ticket, RFC 5077 §3.2: empty, it asks for a ticket; with one, to resume. Answered, always empty, it announces NewSessionTicket.
 * @module
 */
import { empty } from "../../wire/codec.ts";
import { type ClientExtension, read, type ServerExtension } from "./extension.ts";

const id = 35;
const name = "session_ticket";

export const sessionTicketClient: ClientExtension = {
  id,
  name,
  offer: ({ sessions }, kept) => (sessions?.tickets ? (kept?.state.ticket ?? new Uint8Array(0)) : undefined),
  accept(answer, agreement) {
    read(this, empty, answer);
    agreement.newTicket = true;
  },
};

export const sessionTicketServer: ServerExtension = {
  id,
  name,
  read(data, offer) {
    offer.ticket = data.slice();
  },
  /** Whether a resumed session gets a new one is settled already. Behind extended_master_secret in the list: without it, a session is not kept. */
  answer(offer, agreement, { tickets }) {
    if (!agreement.resumed)
      agreement.newTicket = tickets !== undefined && offer.ticket !== undefined && agreement.extendedMasterSecret;
    return agreement.newTicket ? new Uint8Array(0) : undefined;
  },
};
