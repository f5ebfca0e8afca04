/**
 * Drives WebKitGTK over WebDriver, because Playwright drives only its own build of WebKit, which does not run on every
 * machine. A driver has only one session, so each page has its own driver. All drivers share a virtual X server.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Engine, EnginePage } from "./engine.ts";

export type WebKitPrograms = { driver: string; miniBrowser: string; xvfb: string };

export async function launchWebKit(programs: WebKitPrograms): Promise<{ engine: Engine; close(): void }> {
  const xvfb = spawn(programs.xvfb, ["-displayfd", "3", "-nolisten", "tcp", "-screen", "0", "1280x1024x24"], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  try {
    const [display] = await once(xvfb.stdio[3] as Readable, "data", { signal: AbortSignal.timeout(90_000) });
    const env = { ...process.env, DISPLAY: `:${String(display).trim()}` };
    return {
      engine: { name: "webkit", open: (url) => openPage(programs, env, url) },
      close: () => void xvfb.kill(),
    };
  } catch (error) {
    xvfb.kill();
    throw new Error("Xvfb gave no display", { cause: error });
  }
}

async function openPage(programs: WebKitPrograms, env: NodeJS.ProcessEnv, url: string): Promise<EnginePage> {
  const port = await freePort();
  const driver = spawn(programs.driver, [`--port=${port}`, "--host=127.0.0.1"], { env, stdio: "ignore" });
  try {
    const session = await startSession(`http://127.0.0.1:${port}`, programs.miniBrowser);
    await command("POST", `${session}/url`, { url });
    return {
      async evaluate(inPage, arg) {
        const script = `const [arg, done] = arguments;
          (async () => (${inPage.toString()})(arg))().then(
            (value) => done({ value }),
            (e) => done({ error: String(e) + "\\n" + e?.stack }),
          )`;
        const { value, error } = await command("POST", `${session}/execute/async`, { script, args: [arg ?? null] });
        if (error) throw new Error(error);
        return value;
      },
      async screenshot(path) {
        await writeFile(path, await command("GET", `${session}/screenshot`), "base64");
      },
      async close() {
        await command("DELETE", session);
        driver.kill();
      },
    };
  } catch (error) {
    driver.kill();
    throw error;
  }
}

/** Waits until the driver listens, starts a session, and returns the session's address. */
async function startSession(driver: string, miniBrowser: string): Promise<string> {
  const browserOptions = { binary: miniBrowser, args: ["--automation"] };
  const alwaysMatch = { "webkitgtk:browserOptions": browserOptions, timeouts: { script: 180_000, pageLoad: 180_000 } };
  const deadline = Date.now() + 90_000;
  for (;;) {
    try {
      const { sessionId } = await command("POST", `${driver}/session`, { capabilities: { alwaysMatch } });
      return `${driver}/session/${sessionId}`;
    } catch (error) {
      const isListening = !(error instanceof TypeError); // fetch throws a TypeError if it cannot connect
      if (isListening || Date.now() > deadline) throw error;
      await sleep(50);
    }
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the command determines the type of the answer
async function command(method: string, url: string, body?: object): Promise<any> {
  const signal = AbortSignal.timeout(240_000); // a session can hang, for example without a display
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
