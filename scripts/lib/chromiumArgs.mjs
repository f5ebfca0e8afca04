/**
 * Arguments for Chromium: no traffic of its own and, for root, no sandbox, because Chromium does not start as root with
 * one.
 */
export const chromiumArgs = [
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
];
