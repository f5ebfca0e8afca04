/**
 * What adapters and tools are built from, and the engine without I/O. Anything here may change in any version: pin one, and read CHANGELOG.
 * @module
 */
export { acceptWith, serverHandshakeConfig, withCredentials } from "./connection/accept.ts";
export { clientHandshakeConfig } from "./connection/connect.ts";
