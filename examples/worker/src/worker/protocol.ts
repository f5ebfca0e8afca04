/** The messages between the pages and the worker. */

export type Line = { readonly id: number; readonly text: string };

/** A message of a page. */
export type Request =
  /** The first one. The page holds the lock for as long as it lives. */
  | { readonly type: "join"; readonly ca: string; readonly lock: string }
  | { readonly type: "say"; readonly text: string }
  /** The page has shown the last update, and takes another one. */
  | { readonly type: "shown" }
  | { readonly type: "leave" };

/** A message of the worker. */
export type Update = {
  readonly state: "connecting" | "open" | "interrupted" | "closed";
  readonly error?: string;
  /** The number of pages that share the socket. */
  readonly pages: number;
  /** The lines since the last update, at most 1,000. */
  readonly lines: readonly Line[];
};
