/**
 * WebKitGTK. A session has one page, so pages that are open at the same time have sessions and drivers of their own. A
 * page that closes leaves its session to the next page, because a session takes long to start.
 */
import { writeFile } from "node:fs/promises";
import { openDisplay, WebDriverSession } from "../../packages/conformance/src/webDriver.ts";
import type { Engine, EnginePage } from "./engine.ts";

export type WebKitPrograms = { driver: string; miniBrowser: string; xvfb: string };

export async function launchWebKit(programs: WebKitPrograms): Promise<{ engine: Engine; close(): Promise<void> }> {
  const display = await openDisplay(programs.xvfb);
  const idle: WebDriverSession[] = [];
  const timeouts = { script: 180_000, pageLoad: 180_000 };
  const start = (): Promise<WebDriverSession> =>
    WebDriverSession.start(programs.driver, programs.miniBrowser, display.env, { timeouts });
  return {
    engine: { name: "webkit", open: async (url) => openPage(idle.pop() ?? (await start()), idle, url) },
    async close() {
      await Promise.all(idle.map((session) => session.stop()));
      display.close();
    },
  };
}

async function openPage(session: WebDriverSession, idle: WebDriverSession[], url: string): Promise<EnginePage> {
  const load = (url: string): Promise<void> => session.command("POST", "/url", { url });
  try {
    await load(url);
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
    async close() {
      try {
        await load("about:blank"); // ends the page's scripts and connections
        idle.push(session);
      } catch {
        await session.stop(); // for example, the page hangs
      }
    },
  };
}
