import type { Page } from "../tests.ts";

/** Opens pages: a browser, or a process of Node.js for each page. */
export interface Engine {
  readonly version: string;
  /** Opens a page. Calls `onEnd` if the page can send no report any more. The result stops the page. */
  open(url: string, page: Page, onEnd: (reason: string) => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

export const engineNames = ["node", "chromium", "firefox", "webkit"] as const;
export type EngineName = (typeof engineNames)[number];
