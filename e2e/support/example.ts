/** Runs an example on a development server of Vite, as its script `start` does. */
import { cp, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Room } from "@handclasp/example-room";
import { createServer, type Plugin } from "vite";

export type Example = {
  readonly url: string;
  /** The server's side. */
  readonly room: Room;
  /** Replaces the first text in a file of the example. Vite then updates the page. */
  edit(file: string, text: string, replacement: string): Promise<void>;
  close(): Promise<void>;
};

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Starts a copy of the example, because a test edits its files. */
export async function startExample(name: "react" | "vue" | "worker"): Promise<Example> {
  const original = join(root, "examples", name);
  // The real path, because Vite compares paths.
  const copy = await realpath(await mkdtemp(join(tmpdir(), `handclasp-${name}-`)));
  // Without tsconfig.json, which extends one that the copy does not have.
  for (const part of ["index.html", "package.json", "vite.config.ts", "src"])
    await cp(join(original, part), join(copy, part), { recursive: true, filter: (path) => !/tsconfig/.test(path) });
  await symlink(join(original, "node_modules"), join(copy, "node_modules"));
  const server = await createServer({
    root: copy,
    configFile: join(copy, "vite.config.ts"),
    cacheDir: join(copy, ".vite"),
    logLevel: "error",
    server: { port: 0, fs: { allow: [copy, root] } },
  });
  await server.listen();
  const plugin = server.config.plugins.find((one) => one.name === "handclasp-room") as Plugin<Promise<Room>>;
  const room = await (plugin.api as Promise<Room>);
  return {
    url: server.resolvedUrls?.local[0] ?? "",
    room,
    async edit(file, text, replacement) {
      const path = join(copy, file);
      const before = await readFile(path, "utf8");
      if (!before.includes(text)) throw new Error(`${file} has no "${text}"`);
      await writeFile(path, before.replace(text, replacement));
    },
    async close() {
      await server.close();
      await rm(copy, { recursive: true });
    },
  };
}
