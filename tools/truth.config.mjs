/**
 * Names in comments and documents that this repository does not define.
 * @module
 */

export const elsewhere = {
  /** Files of users, of peers or of builds. */
  files: [/^\.\.\/shared\//, /^(config|server|client|chain|package|response)\.(json|ts|mjs)$/, /(^|\/)dist\//],
  /** Options of other libraries, fields of RFCs, and names of other programs. */
  words: new Set([
    "ssl_session_ticket_key",
    "enableCompileCache",
    "ip_local_port_range",
    "maxconn",
    "worker_connections",
    "refactor",
    "WITH_",
    "StrictMode",
    "mergeTests",
    "mergeExpects",
  ]),
};
