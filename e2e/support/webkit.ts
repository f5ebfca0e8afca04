/** WebKitGTK. A session has one page, so each page has a session and a driver of its own. */
import { writeFile } from "node:fs/promises";
import { openDisplay, WebDriverSession } from "../../packages/conformance/src/webDriver.ts";
import type { Engine, EnginePage } from "./engine.ts";

export type WebKitPrograms = { driver: string; miniBrowser: string; xvfb: string };

export async function launchWebKit(programs: WebKitPrograms): Promise<{ engine: Engine; close(): void }> {
  const display = await openDisplay(programs.xvfb);
  return {
    engine: { name: "webkit", open: (url) => openPage(programs, display.env, url) },
    close: () => display.close(),
  };
}

async function openPage(programs: WebKitPrograms, env: NodeJS.ProcessEnv, url: string): Promise<EnginePage> {
  const timeouts = { script: 180_000, pageLoad: 180_000 };
  const session = await WebDriverSession.start(programs.driver, programs.miniBrowser, env, { timeouts });
  try {
    await session.command("POST", "/url", { url });
  } catch (error) {
    await session.stop();
    throw error;
  }
  return {
    async evaluate(inPage, arg) {
      const script = `const [arg, done] = arguments;
          (async () => (${inPage.toString()})(arg))().then(
            (value) => done({ value }),
            (e) => done({ error: String(e) + "\\n" + e?.stack }),
          )`;
      const { value, error } = await session.command("POST", "/execute/async", { script, args: [arg ?? null] });
      if (error) throw new Error(error);
      return value;
    },
    async screenshot(path) {
      await writeFile(path, await session.command("GET", "/screenshot"), "base64");
    },
    close: () => session.stop(),
  };
}
