/** A browser as the specs see it, whichever protocol drives it. */
export type Engine = {
  readonly name: "chromium" | "firefox" | "webkit";
  /** Opens a page of its own, without anything left over from another. */
  open(url: string): Promise<EnginePage>;
};

export type EnginePage = {
  /** Calls a function in the page. It stands there alone, sees its argument only, and both travel as JSON. */
  evaluate<R, A extends Json = null>(inPage: (arg: A) => R | Promise<R>, arg?: A): Promise<R>;
  screenshot(path: string): Promise<void>;
  close(): Promise<void>;
};

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
