/**
 * HTTP over channels with the servers and clients that programs of Node.js have: node:http, node:http2, the frameworks
 * on them, and undici.
 * @module
 */
export { HttpAgent, type HttpTarget, undiciConnector } from "./http/agent.ts";
export { createHttpServer, type HttpServer, httpHandler } from "./http/handler.ts";
