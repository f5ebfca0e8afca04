import type { AlertDescription } from "../errors.ts";
import type { Direction, NotResumed } from "../trace.ts";
import type { HandshakeLink } from "./link.ts";

/**
 * Takes notice of a server's connection, at less cost than the option `trace`. Its methods are called while a flow may
 * run, so they must not call the connection or the application.
 */
export interface ServerObserver {
  /** An alert was sent or received, in the handshake or later. A description without a name is a number. */
  alert(direction: Direction, level: "warning" | "fatal", description: AlertDescription | number): void;
  /** The client's session was not resumed. */
  notResumed(reason: NotResumed): void;
}

/** Passes the alerts of a connection to its observer. */
export function observeAlerts({ alerts }: HandshakeLink, observer: ServerObserver): void {
  const { trace } = alerts;
  alerts.trace = (event) => {
    trace?.(event);
    if (event.type === "alert") observer.alert(event.direction, event.level, event.description);
  };
}
