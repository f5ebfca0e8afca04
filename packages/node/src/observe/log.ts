import { TlsError } from "@handclasp/core";
import type { LogFunction, LogLevel, ServerEvent } from "./events.ts";

/**
 * Writes an event as a line of a log. The object has no secrets: neither errors nor attributes have any.
 * @returns what `log` returns, which may be a promise
 */
export function logEvent(log: LogFunction, event: ServerEvent): unknown {
  const { server: _, attributes, ...rest } = event;
  const { connection: __, type, error, traffic, ...fields } = rest as LoggedFields;
  const object = { event: type, ...attributes, ...fields, ...traffic, ...(error !== undefined && { err: error }) };
  return log(levelOf(event), object, messages[type]);
}

interface LoggedFields {
  readonly type: ServerEvent["type"];
  readonly connection?: unknown;
  readonly error?: unknown;
  readonly traffic?: object;
}

const messages: Readonly<Record<ServerEvent["type"], string>> = {
  refused: "a connection was refused",
  accepted: "a connection began",
  handshake: "a handshake ended",
  alert: "an alert",
  key_limit: "a key is near its limit of records: open a new connection before it is reached",
  closed: "a connection ended",
  reloaded: "the options were reloaded",
  stopped: "the server has stopped",
};

/** A peer can cause any number of failures, so they are no warnings, unless the fault is ours. */
function levelOf(event: ServerEvent): LogLevel {
  switch (event.type) {
    case "refused":
    case "key_limit":
      return "warn";
    case "reloaded":
    case "stopped":
      return "info";
    case "handshake":
    case "closed":
      return event.error === undefined ? "debug" : levelOfError(event.error, event.type);
    default:
      return "debug";
  }
}

function levelOfError(error: unknown, type: "handshake" | "closed"): LogLevel {
  const fault = TlsError.is(error) ? error.fault : "internal";
  if (fault !== "peer" && fault !== "transport" && fault !== "application") return "error";
  return type === "handshake" ? "info" : "debug";
}
