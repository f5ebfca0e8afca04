import type { Rate } from "./rate.ts";

/** The connections of one client. */
export interface Client {
  readonly key: string;
  connections: number;
  handshakes: number;
  readonly rate: Rate;
}

/** The place of one connection. */
export interface Ticket {
  readonly client: Client;
  state: "handshake" | "open" | "over";
}
