import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

/** A module hook that prints the URL of each module that is loaded. */
const hooks = `
  import { writeSync } from "node:fs";
  export async function load(url, context, next) {
    writeSync(1, url + "\\n");
    return next(url, context);
  }
`;
const asModule = (source: string): string => `data:text/javascript,${encodeURIComponent(source)}`;
const register = asModule(`
  import { register } from "node:module";
  register(${JSON.stringify(asModule(hooks))});
`);

async function loadedBy(source: string): Promise<string> {
  const args = ["--import", register, "--input-type=module", "--eval", source];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: new URL("..", import.meta.url),
  });
  return stdout;
}

describe("the built @handclasp/node", () => {
  /** Loading any of these modules takes longer than a handshake. */
  const heavy = [
    "packages/fetch/",
    "dist/fetch.js",
    "node_modules/ws/",
    "@noble/curves",
    "@noble/ciphers",
    "node:http",
    "node:tls",
  ];

  /** The files of `@handclasp/node` alone: the entry, and the chunks that it shares with others. */
  const mostFiles = 12;

  test.each(heavy)("its import does not load %s", async (module) => {
    const loaded = await loadedBy('await import("@handclasp/node")');
    expect(loaded).toContain("node/dist/index.js");
    expect(loaded).not.toContain(module);
  });

  test("its import loads no code of sockets and of STARTTLS", async () => {
    const code = /\b(ChannelSocket|ChannelDuplex|plainServer) = /;
    const filesOf = async (entry: string): Promise<string[]> => {
      const loaded = await loadedBy(`await import("${entry}")`);
      const urls = loaded.split("\n").filter((url) => url.includes("/packages/node/dist/"));
      return Promise.all(urls.map((url) => readFile(new URL(url), "utf8")));
    };
    for (const file of await filesOf("@handclasp/node")) expect(file).not.toMatch(code);
    // The pattern finds the code if it is loaded.
    for (const entry of ["@handclasp/node/socket", "@handclasp/node/starttls"])
      expect((await filesOf(entry)).join("")).toMatch(code);
  });

  test("its import loads no file of /tls, /http and /fetch", async () => {
    const filesOf = async (entry: string): Promise<string[]> => {
      const loaded = await loadedBy(`await import("${entry}")`);
      return loaded.split("\n").filter((url) => /\/packages\/(node|fetch)\/dist\//.test(url));
    };
    const main = await filesOf("@handclasp/node");
    for (const entry of ["tls", "http", "fetch"]) {
      const own = (await filesOf(`@handclasp/node/${entry}`)).filter((url) => !main.includes(url));
      // The entry itself, at least, and no file of it is among those of the main entry.
      expect(own.some((url) => url.endsWith(`/node/dist/${entry}.js`))).toBe(true);
      expect(main.filter((url) => own.includes(url))).toEqual([]);
    }
    expect(main.length).toBeLessThanOrEqual(mostFiles);
  });

  test("connectWebSocket loads ws", async () => {
    const loaded = await loadedBy(`
      const { connectWebSocket } = await import("@handclasp/node");
      (await connectWebSocket("ws://127.0.0.1:1/")).abort("");
    `);
    expect(loaded).toContain("node_modules/ws/");
  });
});
