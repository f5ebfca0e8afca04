import { type ReactNode, useState } from "react";
import { connection } from "./connection.ts";
import { useSecureWebSocket } from "./useSecureWebSocket.ts";

type Line = { id: number; text: string };

/** Shows what is said in the room, and says what the user types. */
export function Room(): ReactNode {
  const [lines, setLines] = useState<readonly Line[]>([]);
  const { state, error, send } = useSecureWebSocket("/room", connection, {
    onMessage: (line) => setLines((before) => [...before.slice(-99), line as Line]),
  });
  const say = (form: FormData): void => send({ text: form.get("text") });
  // While the connection is lost, the socket keeps the messages and sends them later.
  const canSend = state === "open" || state === "interrupted";
  return (
    <section>
      <p>
        This socket: <output id="state">{state}</output> {error?.message}
      </p>
      <form action={say}>
        <input name="text" aria-label="Text" autoComplete="off" />{" "}
        <button type="submit" disabled={!canSend}>
          Say
        </button>
      </form>
      <p>
        <button type="button" disabled={!canSend} onClick={() => send({ text: "/cut" })}>
          Cut all connections
        </button>
      </p>
      <ul>
        {lines.map(({ id, text }) => (
          <li key={id}>{text}</li>
        ))}
      </ul>
    </section>
  );
}
