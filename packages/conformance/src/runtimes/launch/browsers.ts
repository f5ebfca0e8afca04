/**
 * Browsers: the ones in the variables of scripts/with-browsers.mjs.
 * @module
 */
import { type Browser, chromium, firefox } from "playwright";
import { openDisplay, WebDriverSession } from "../../webDriver.ts";
import { insecureHost } from "../runner.ts";
import { type Launch, type Launched, Missing, never } from "./launch.ts";

const timeout = 180_000;

export const launchChromium =
  (path: string): Launch =>
  async ({ origin }) => {
    const { HANDCLASP_CHROMIUM } = process.env;
    const browser = await chromium.launch({
      args: [
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-quic",
        "--disable-sync",
        `--host-resolver-rules=MAP ${insecureHost} 127.0.0.1`,
        "--no-first-run",
        ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
      ],
      timeout,
      ...(HANDCLASP_CHROMIUM && { executablePath: HANDCLASP_CHROMIUM }),
    });
    return open(browser, origin + path);
  };

/** Opens a page of an origin that is not secure: it has no `crypto.subtle`. */
export const launchInsecure: Launch = ({ file, origin }) =>
  launchChromium("/")({ file, origin: origin.replace("127.0.0.1", insecureHost) });

export const launchFirefox: Launch = async ({ origin }) => {
  const { HANDCLASP_FIREFOX } = process.env;
  const browser = await firefox.launch({
    timeout,
    ...(HANDCLASP_FIREFOX && { channel: "moz-firefox", executablePath: HANDCLASP_FIREFOX }),
  });
  return open(browser, `${origin}/`);
};

async function open(browser: Browser, url: string): Promise<Launched> {
  const page = await browser.newPage();
  const ended = new Promise<never>((_, reject) => {
    page.on("pageerror", reject);
    page.on("crash", () => reject(new Error("the page crashed")));
  });
  ended.catch(() => {});
  await page.goto(url, { timeout });
  return { version: browser.version(), ended, close: () => browser.close() };
}

export const launchWebKit: Launch = async ({ origin }) => {
  const { HANDCLASP_WEBKIT_DRIVER: driver, HANDCLASP_MINIBROWSER: browser, HANDCLASP_XVFB: xvfb } = process.env;
  if (!driver || !browser || !xvfb) throw new Missing("WebKitWebDriver, MiniBrowser and Xvfb are not all there");
  const display = await openDisplay(xvfb);
  const session = await WebDriverSession.start(driver, browser, display.env, { pageLoadStrategy: "none" });
  await session.command("POST", "/url", { url: `${origin}/` });
  return {
    version: session.version,
    ended: never,
    async close() {
      await session.stop();
      display.close();
    },
  };
};
