/**
 * Message sessions, which outlive their connections. A page loads them on demand.
 * @module
 */
export { MessageSession, type MessageSessionOptions } from "./messages/session.ts";
export { MessageSessions, type MessageSessionsOptions } from "./messages/sessions.ts";
