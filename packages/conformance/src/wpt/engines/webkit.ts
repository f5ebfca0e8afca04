/**
 * Drives WebKitGTK over WebDriver, because Playwright drives only its own build of WebKit. e2e/support/webkit.ts does
 * the same for its specs, with one driver for each page and with a trusted certificate.
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Engine } from "./engine.ts";

/** A session grows with each page that it has opened. */
const pagesInSession = 60;

export async function launchWebKit(): Promise<Engine> {
  const { HANDCLASP_WEBKIT_DRIVER: driver, HANDCLASP_MINIBROWSER: browser, HANDCLASP_XVFB: xvfb } = process.env;
  if (!driver || !browser || !xvfb) throw new Error("WebKitWebDriver, MiniBrowser and Xvfb are not all there");
  const display = spawn(xvfb, ["-displayfd", "3", "-nolisten", "tcp", "-screen", "0", "1280x1024x24"], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const [number] = await once(display.stdio[3] as Readable, "data", { signal: AbortSignal.timeout(90_000) });
  const env = { ...process.env, DISPLAY: `:${String(number).trim()}` };
  let session = await Session.start(driver, browser, env);
  let pages = 0;
  const renew = async (): Promise<void> => {
    await session.stop();
    session = await Session.start(driver, browser, env);
    pages = 0;
  };
  return {
    version: session.version,
    async open(url) {
      if (++pages > pagesInSession) await renew();
      await session.go(url).catch(async () => {
        await renew();
        await session.go(url);
      });
      return () => session.go("about:blank").catch(renew);
    },
    async close() {
      await session.stop();
      display.kill();
    },
  };
}

class Session {
  readonly #process: ChildProcess;
  readonly #address: string;
  readonly version: string;

  constructor(process: ChildProcess, address: string, version: string) {
    this.#process = process;
    this.#address = address;
    this.version = version;
  }

  static async start(driver: string, browser: string, env: NodeJS.ProcessEnv): Promise<Session> {
    const port = await freePort();
    const child = spawn(driver, [`--port=${port}`, "--host=127.0.0.1"], { env, stdio: "ignore" });
    const alwaysMatch = {
      "webkitgtk:browserOptions": { binary: browser, args: ["--automation"] },
      acceptInsecureCerts: true,
      pageLoadStrategy: "none",
    };
    for (const deadline = Date.now() + 90_000; ; await sleep(50)) {
      try {
        const address = `http://127.0.0.1:${port}/session`;
        const { sessionId, capabilities } = await command("POST", address, { capabilities: { alwaysMatch } });
        return new Session(child, `${address}/${sessionId}`, capabilities.browserVersion);
      } catch (error) {
        // fetch throws a TypeError while the driver does not listen yet.
        if (error instanceof TypeError && Date.now() < deadline) continue;
        child.kill();
        throw error;
      }
    }
  }

  go(url: string): Promise<void> {
    return command("POST", `${this.#address}/url`, { url });
  }

  async stop(): Promise<void> {
    await command("DELETE", this.#address).catch(() => {});
    this.#process.kill();
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the command determines the type of the answer
async function command(method: string, url: string, body?: object): Promise<any> {
  const signal = AbortSignal.timeout(60_000);
  const response = await fetch(url, { method, signal, ...(body && { body: JSON.stringify(body) }) });
  const { value } = (await response.json()) as { value: { message?: string } };
  if (!response.ok) throw new Error(`WebDriver, ${method} ${new URL(url).pathname}: ${value.message}`);
  return value;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (typeof address !== "object" || address === null) throw new Error("no free port");
  return address.port;
}
