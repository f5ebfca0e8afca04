/** A browser as the specs use it, independent of the protocol that drives it. */
export type Engine = {
  readonly name: "chromium" | "firefox" | "webkit";
  /**
   * Opens a new page. It shares no state with other open pages. In WebKitGTK, it may find what an earlier page of its
   * origin has stored.
   */
  open(url: string): Promise<EnginePage>;
};

export type EnginePage = {
  /** Calls a function in the page. The function can use only its argument. Argument and result are sent as JSON. */
  evaluate<R, A = null>(inPage: (arg: A) => R | Promise<R>, arg?: A): Promise<R>;
  screenshot(path: string): Promise<void>;
  close(): Promise<void>;
};
