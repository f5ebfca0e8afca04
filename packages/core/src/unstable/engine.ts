/**
 * The engine without I/O, and what it is told. Anything here may change in any version: pin one, and read CHANGELOG.
 * @module
 */
export { accepted, acceptWith, serverHandshakeConfig, withCredentials } from "../connection/accept.ts";
export { clientHandshakeConfig } from "../connection/connect.ts";
export { TlsConnection } from "../connection/connection.ts";
// Not beside `explained`: what pages import from there must not bring the explanations along.
export { explainedAtOnce } from "../given/explainedAtOnce.ts";
export { serverOptions } from "../given/serverTable.ts";
