import type { SecureWebSocketOptions } from "@handclasp/browser/websocket";

/** The options of all sockets. */
export const connection: SecureWebSocketOptions = {
  // A page that does not trust the server of its files contains the CA instead.
  ca: await (await fetch("/ca.pem")).text(),
  carrier: "/channel",
};
