import { type ReactNode, useState, useSyncExternalStore } from "react";
import { getSessions, subscribe } from "./presence.ts";
import { Room } from "./Room.tsx";

/** The room can be left, but the count goes on: its socket does not belong to a component. */
export function App(): ReactNode {
  const [isInside, setInside] = useState(true);
  const sessions = useSyncExternalStore(subscribe, getSessions);
  return (
    <main>
      <h1>SecureWebSocket in React</h1>
      <p>
        Sessions in the room: <output id="sessions">{sessions}</output>
      </p>
      <p>
        <button type="button" id="door" onClick={() => setInside(!isInside)}>
          {isInside ? "Leave" : "Enter"}
        </button>
      </p>
      {isInside && <Room />}
    </main>
  );
}
