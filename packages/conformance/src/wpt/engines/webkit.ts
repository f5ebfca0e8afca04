/**
 * WebKitGTK, with one session for many pages.
 * @module
 */
import { openDisplay, WebDriverSession } from "../../webDriver.ts";
import type { Engine } from "./engine.ts";

/** A session grows with each page that it has opened. */
const pagesInSession = 60;

export async function launchWebKit(): Promise<Engine> {
  const { HANDCLASP_WEBKIT_DRIVER: driver, HANDCLASP_MINIBROWSER: browser, HANDCLASP_XVFB: xvfb } = process.env;
  if (!driver || !browser || !xvfb) throw new Error("WebKitWebDriver, MiniBrowser and Xvfb are not all there");
  const display = await openDisplay(xvfb);
  const start = (): Promise<WebDriverSession> =>
    WebDriverSession.start(driver, browser, display.env, { acceptInsecureCerts: true, pageLoadStrategy: "none" });
  let session = await start();
  let pages = 0;
  const renew = async (): Promise<void> => {
    await session.stop();
    session = await start();
    pages = 0;
  };
  const go = (url: string): Promise<void> => session.command("POST", "/url", { url });
  return {
    version: session.version,
    async open(url) {
      if (++pages > pagesInSession) await renew();
      await go(url).catch(async () => {
        await renew();
        await go(url);
      });
      return () => go("about:blank").catch(renew);
    },
    async close() {
      await session.stop();
      display.close();
    },
  };
}
