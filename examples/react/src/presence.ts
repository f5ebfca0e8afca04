/** A socket that outlives components, in a store of its own for `useSyncExternalStore`. */
import { reconnect, SecureWebSocket } from "@handclasp/browser/websocket";
import { connection } from "./connection.ts";

let sessions: number | undefined;
const listeners = new Set<() => void>();

const socket = new SecureWebSocket("/presence", { ...connection, reconnect: reconnect() });
socket.addEventListener("message", ({ data }) => {
  ({ sessions } = JSON.parse(data));
  for (const listener of listeners) listener();
});

/** The number of sessions in the room. */
export const getSessions = (): number | undefined => sessions;

export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

// After an edit, Vite runs this module again. The socket of the last run would stay open, so close it. `dispose` would
// not do: Vite calls it only for a module that accepts its own update, and here a component accepts it.
if (import.meta.hot) {
  import.meta.hot.data.socket?.close();
  import.meta.hot.data.socket = socket;
}
