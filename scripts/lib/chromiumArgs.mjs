/**
 * Arguments for Chromium. They turn off QUIC, the first-run dialogs, Chromium's own network traffic and, for root, the
 * sandbox, because Chromium does not start as root with a sandbox.
 */
export const chromiumArgs = [
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
];
