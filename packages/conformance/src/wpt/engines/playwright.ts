import { type BrowserContext, chromium, firefox, type Page } from "playwright";
import type { Engine } from "./engine.ts";

const chromiumArguments = [
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--js-flags=--expose-gc",
  // The context accepts our certificate too, but not for shared workers and service workers.
  "--ignore-certificate-errors",
  ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
];

/** Starts Chromium or Firefox. All pages share one tab, because a context of its own costs up to two seconds. */
export async function launchWithPlaywright(name: "chromium" | "firefox"): Promise<Engine> {
  const { HANDCLASP_CHROMIUM, HANDCLASP_FIREFOX } = process.env;
  const timeout = 180_000;
  const browser =
    name === "chromium"
      ? await chromium.launch({
          args: chromiumArguments,
          timeout,
          ...(HANDCLASP_CHROMIUM && { executablePath: HANDCLASP_CHROMIUM }),
        })
      : await firefox.launch({
          timeout,
          ...(HANDCLASP_FIREFOX && { channel: "moz-firefox", executablePath: HANDCLASP_FIREFOX }),
        });
  let context: BrowserContext | undefined;
  let tab: Page | undefined;
  const renew = async (): Promise<Page> => {
    await context?.close();
    context = await browser.newContext({ ignoreHTTPSErrors: true });
    tab = await context.newPage();
    return tab;
  };
  return {
    version: browser.version(),
    async open(url, _page, onEnd) {
      const page = tab ?? (await renew());
      const onCrash = (): void => onEnd("the page crashed");
      page.once("crash", onCrash);
      await page.goto(url, { waitUntil: "commit", timeout }).catch((error: unknown) => {
        tab = undefined;
        throw error;
      });
      return async () => {
        page.off("crash", onCrash);
        await page.goto("about:blank").catch(() => {
          tab = undefined;
        });
      };
    },
    close: () => browser.close(),
  };
}
