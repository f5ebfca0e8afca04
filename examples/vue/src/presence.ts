/** A socket that outlives components, in a store of its own. */
import { reconnect, SecureWebSocket } from "@handclasp/browser/websocket";
import { readonly, type ShallowRef, shallowRef } from "vue";
import { connection } from "./connection.ts";

const count = shallowRef<number>();

/** The number of sessions in the room. */
export const sessions: Readonly<ShallowRef<number | undefined>> = readonly(count);

const socket = new SecureWebSocket("/presence", { ...connection, reconnect: reconnect() });
socket.addEventListener("message", ({ data }) => {
  count.value = JSON.parse(data).sessions;
});

// After an edit, Vite runs this module again. The socket of the last run would stay open, so close it. `dispose` would
// not do: Vite calls it only for a module that accepts its own update, and here a component accepts it.
if (import.meta.hot) {
  import.meta.hot.data.socket?.close();
  import.meta.hot.data.socket = socket;
}
