/**
 * Message sessions, which outlive their connections. A page loads them on demand.
 * @module
 */
export { MessageSession } from "./messages/session.ts";
export type { MessageSessionOptions } from "./messages/sessionOptions.ts";
export { MessageSessions, type MessageSessionsOptions } from "./messages/sessions.ts";
