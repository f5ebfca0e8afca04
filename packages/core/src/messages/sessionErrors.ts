/**
 * The errors of message sessions.
 * @module
 */
import { TlsError } from "../errors.ts";

export const queueFullError = (max: number): TlsError =>
  new TlsError(undefined, `${max} bytes of messages or more wait for the peer`, {
    code: "queue_full",
    fault: "application",
    advice: "await each send, or raise maxQueue",
  });

export const memoryFullError = (max: number): TlsError =>
  new TlsError(undefined, `the messages of all sessions take more than ${max} bytes, and this client has the most`, {
    code: "queue_full",
    fault: "application",
    advice: "if the server has room for more, raise maxOpenBytes of its MessageSessions",
  });

export const interruptedError = (message: string): TlsError =>
  new TlsError(undefined, message, { code: "interrupted", fault: "transport" });

export const lostClientError = (): TlsError =>
  new TlsError(undefined, "the client did not come back", { code: "session_lost", fault: "transport" });
