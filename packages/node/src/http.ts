/**
 * HTTP over channels with the servers and clients that Node.js programs have: node:http, node:http2 and what is built on
 * them, and undici.
 * @module
 */
export { HttpAgent, type HttpTarget, undiciConnector } from "./http/agent.ts";
export { createHttpServer, type HttpServer, httpHandler } from "./http/handler.ts";
