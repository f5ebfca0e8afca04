import { reconnect, SecureWebSocket, type SecureWebSocketOptions } from "@handclasp/browser/websocket";
import { type MaybeRefOrGetter, type ShallowRef, shallowReadonly, shallowRef, toValue, watch } from "vue";

export type Status = { state: "connecting" | "open" | "interrupted" | "closed"; error?: Error | undefined };

export type Handlers = {
  onMessage: (message: unknown) => void;
  /** The server has lost the session. It may have received these messages or not; they are not sent again. */
  onRestarted?: (unconfirmed: readonly (string | Uint8Array)[]) => void;
};

export type Socket = { status: Readonly<ShallowRef<Status>>; send: (message: unknown) => void };

/**
 * Keeps a socket open as long as the component, or another effect scope, lives. Another URL closes it and opens another
 * one. In a function that awaits, call this before the first `await`: Vue does not know the component afterwards.
 */
export function useSecureWebSocket(
  url: MaybeRefOrGetter<string>,
  options: SecureWebSocketOptions,
  { onMessage, onRestarted }: Handlers,
): Socket {
  const status = shallowRef<Status>({ state: "connecting" });
  let socket: SecureWebSocket | undefined;
  const open = (to: string): (() => void) => {
    const created = new SecureWebSocket(to, { reconnect: reconnect(), ...options });
    socket = created;
    status.value = { state: "connecting" };
    // `close` comes later than the cleanup, when the next socket is there already. It must not count as the next one's.
    const listeners = new AbortController();
    const { signal } = listeners;
    for (const type of ["open", "resumed", "restarted"] as const)
      created.addEventListener(type, () => (status.value = { state: "open" }), { signal });
    created.addEventListener("message", ({ data }) => onMessage(JSON.parse(data)), { signal });
    created.addEventListener("interrupted", ({ error }) => (status.value = { state: "interrupted", error }), {
      signal,
    });
    created.addEventListener("restarted", ({ unconfirmed }) => onRestarted?.(unconfirmed), { signal });
    created.addEventListener("close", ({ error }) => (status.value = { state: "closed", error }), { signal });
    return () => {
      listeners.abort();
      created.close();
    };
  };
  // The cleanup runs before the next URL, and at the end of the scope.
  watch(
    () => toValue(url),
    (to, _, onCleanup) => onCleanup(open(to)),
    { immediate: true },
  );
  return { status: shallowReadonly(status), send: (message) => socket?.send(JSON.stringify(message)) };
}
