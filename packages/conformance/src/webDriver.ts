/**
 * WebDriver, by which WebKitGTK is driven: Playwright drives only its own build of WebKit, which does not run on every
 * machine. All drivers share a virtual X server.
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./interop/programs.ts";

/** Starting a program takes this long, in milliseconds, only if it hangs. */
const startTimeout = 90_000;
/** A command can hang, for example without a display. */
const commandTimeout = 240_000;

/** A virtual X server, and the environment for programs that draw on it. */
export interface Display {
  readonly env: NodeJS.ProcessEnv;
  close(): void;
}

export async function openDisplay(xvfb: string): Promise<Display> {
  const server = spawn(xvfb, ["-displayfd", "3", "-nolisten", "tcp", "-screen", "0", "1280x1024x24"], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  try {
    const [display] = await once(server.stdio[3] as Readable, "data", { signal: AbortSignal.timeout(startTimeout) });
    return { env: { ...process.env, DISPLAY: `:${String(display).trim()}` }, close: () => void server.kill() };
  } catch (error) {
    server.kill();
    throw new Error("Xvfb gave no display", { cause: error });
  }
}

/** A driver with its only session. */
export class WebDriverSession {
  readonly #process: ChildProcess;
  readonly #address: string;
  readonly version: string;

  private constructor(process: ChildProcess, address: string, version: string) {
    this.#process = process;
    this.#address = address;
    this.version = version;
  }

  /**
   * Starts a driver, and its browser as soon as the driver listens. If the browser ends at once, as it rarely does, the
   * driver waits for it without end. So a start that takes too long is tried once more.
   */
  static async start(driver: string, browser: string, env: NodeJS.ProcessEnv, more: object): Promise<WebDriverSession> {
    const browserOptions = { binary: browser, args: ["--automation"] };
    const capabilities = { alwaysMatch: { "webkitgtk:browserOptions": browserOptions, ...more } };
    const start = (): Promise<WebDriverSession> => WebDriverSession.#start(driver, env, capabilities);
    return start().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === "TimeoutError") return start();
      throw error;
    });
  }

  static async #start(driver: string, env: NodeJS.ProcessEnv, capabilities: object): Promise<WebDriverSession> {
    const port = await freePort();
    const child = spawn(driver, [`--port=${port}`, "--host=127.0.0.1"], { env, stdio: "ignore" });
    for (const deadline = Date.now() + startTimeout; ; await sleep(50)) {
      try {
        const address = `http://127.0.0.1:${port}/session`;
        const { sessionId, capabilities: agreed } = await command("POST", address, { capabilities }, startTimeout);
        return new WebDriverSession(child, `${address}/${sessionId}`, agreed.browserVersion);
      } catch (error) {
        // fetch throws a TypeError while the driver does not listen yet.
        if (error instanceof TypeError && Date.now() < deadline) continue;
        child.kill();
        throw error;
      }
    }
  }

  // biome-ignore lint/suspicious/noExplicitAny: the command determines the type of the answer
  command(method: "GET" | "POST", path: string, body?: object): Promise<any> {
    return command(method, `${this.#address}${path}`, body);
  }

  async stop(): Promise<void> {
    await command("DELETE", this.#address).catch(() => {});
    this.#process.kill();
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the command determines the type of the answer
async function command(method: string, url: string, body?: object, timeout = commandTimeout): Promise<any> {
  const signal = AbortSignal.timeout(timeout);
  const response = await fetch(url, { method, signal, ...(body && { body: JSON.stringify(body) }) });
  const { value } = (await response.json()) as { value: { message?: string } };
  if (!response.ok) throw new Error(`WebDriver, ${method} ${new URL(url).pathname}: ${value.message}`);
  return value;
}
