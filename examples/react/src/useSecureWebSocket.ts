import { reconnect, SecureWebSocket, type SecureWebSocketOptions } from "@handclasp/browser/websocket";
import { useEffect, useEffectEvent, useRef, useState } from "react";

export type Status = { state: "connecting" | "open" | "interrupted" | "closed"; error?: Error | undefined };

export type Handlers = {
  onMessage: (message: unknown) => void;
  /** The server has lost the session. It may have received these messages or not; they are not sent again. */
  onRestarted?: (unconfirmed: readonly (string | Uint8Array)[]) => void;
};

export type Socket = Status & { send: (message: unknown) => void };

/** Keeps a socket open as long as the component is mounted. Another URL closes it and opens another one. */
export function useSecureWebSocket(url: string, options: SecureWebSocketOptions, handlers: Handlers): Socket {
  const [status, setStatus] = useState<Status>({ state: "connecting" });
  const socket = useRef<SecureWebSocket>(undefined);
  // Effect events use the options and handlers of the last render, so that new ones do not need a new socket.
  const create = useEffectEvent((to: string) => new SecureWebSocket(to, { reconnect: reconnect(), ...options }));
  const receive = useEffectEvent((data: string) => handlers.onMessage(JSON.parse(data)));
  const restart = useEffectEvent((messages: readonly (string | Uint8Array)[]) => handlers.onRestarted?.(messages));

  useEffect(() => {
    const created = create(url);
    socket.current = created;
    // `close` comes later than the cleanup, when the next socket is there already. It must not count as the next one's.
    const listeners = new AbortController();
    const { signal } = listeners;
    for (const type of ["open", "resumed", "restarted"] as const)
      created.addEventListener(type, () => setStatus({ state: "open" }), { signal });
    created.addEventListener("message", ({ data }) => receive(data), { signal });
    created.addEventListener("interrupted", ({ error }) => setStatus({ state: "interrupted", error }), { signal });
    created.addEventListener("restarted", ({ unconfirmed }) => restart(unconfirmed), { signal });
    created.addEventListener("close", ({ error }) => setStatus({ state: "closed", error }), { signal });
    return () => {
      listeners.abort();
      created.close();
      setStatus({ state: "connecting" });
    };
  }, [url]);

  return { ...status, send: (message) => socket.current?.send(JSON.stringify(message)) };
}
