/**
 * Names that comments and documents use, and that belong to others.
 * @module
 */

export const elsewhere = {
  /** Files of a user, of a peer, or of a build. */
  files: [/^\.\.\/shared\//, /^(config|server|client|chain|package|response)\.(json|ts|mjs)$/, /(^|\/)dist\//],
  /** Options of other libraries, fields of RFCs, and names of other programs. */
  words: new Set(["ssl_session_ticket_key", "enableCompileCache", "refactor", "WITH_"]),
};
