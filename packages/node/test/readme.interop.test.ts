import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { testCa } from "@handclasp/testing";
import { expect, test } from "vitest";

const readme = await readFile(new URL("../../../README.md", import.meta.url), "utf8");
const snippet = (name: string): string => {
  const code = new RegExp(`\`\`\`js ${name}\\n([^]*?)\`\`\``).exec(readme)?.[1];
  if (!code) throw new Error(`README.md has no snippet "${name}"`);
  return code;
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
};

test("the snippets are at most 12 lines", () => {
  for (const name of ["serve", "call", "again"])
    expect(snippet(name).trim().split("\n").length).toBeLessThanOrEqual(12);
});

test("the snippets of README.md serve, connect and resume as the text says", async () => {
  // The folder is inside the package, so that Node.js resolves the package's name, and in `dist`, which git ignores.
  const directory = await mkdtemp(fileURLToPath(new URL("../dist/readme-", import.meta.url)));
  const ca = await testCa();
  const { cert, key } = await ca.issue({ names: ["localhost"] });
  const port = await freePort();
  const writeTo = (name: string, text: string): Promise<void> => writeFile(join(directory, name), text);
  await writeTo("server.pem", cert);
  await writeTo("server.key", key);
  await writeTo("serve.mjs", `${snippet("serve").replace("8443", String(port))}console.log("up");`);
  const inNode = (name: string) =>
    snippet(name).replace("8443", String(port)).replace("@handclasp/browser", "@handclasp/node");
  const pem = JSON.stringify(ca.pem);
  await writeTo("call.mjs", `globalThis.fetch = () => new Response(${pem});\n${inNode("call")}`);
  await writeTo(
    "again.mjs",
    `const [url, ca] = ["ws://localhost:${port}/", ${pem}];\n` +
      `${inNode("again")}await Promise.all([first.close(), second.close()]);`,
  );
  const runNode = (file: string): ChildProcess =>
    spawn(process.execPath, [file], { cwd: directory, stdio: ["ignore", "pipe", "inherit"] });
  const server = runNode("serve.mjs");
  try {
    await Promise.race([
      once(server.stdout as NodeJS.ReadableStream, "data"),
      once(server, "exit").then(() => Promise.reject(new Error("the server ended"))),
    ]);
    for (const [file, expected] of [
      ["call.mjs", "hello\n"],
      ["again.mjs", "true\n"],
    ] as const) {
      const client = runNode(file);
      let stdout = "";
      client.stdout?.on("data", (bytes) => {
        stdout += bytes;
      });
      const [code] = await once(client, "exit");
      expect(stdout).toBe(expected);
      expect(code).toBe(0);
    }
  } finally {
    server.kill();
    await rm(directory, { recursive: true });
  }
});
