/** The short form of `pnpm runtimes`: this Node.js with a few tests of the core suite, and a missing runtime. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const program = fileURLToPath(new URL("../../dist/runtimes.js", import.meta.url));
const thisNode = `node${process.versions.node.split(".")[0]}`;

const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<{ code: unknown; output: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { env: { ...process.env, ...env } }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, output: stdout + stderr }),
    );
  });

test("this Node.js passes tests of the core suite, echoes over a WebSocket and resumes", async () => {
  const { code, output } = await run(["--runtime", thisNode, "--only", "^ALPN"]);
  expect(output).toMatch(/^ok {3}Node\.js .*, node: [1-9]\d* tests passed, 0 failed; 1048576 bytes echoed; resumed\n$/);
  expect(code).toBe(0);
});

test("a browser that does not start, and a pattern that selects no test, are failures", async () => {
  const missing = await run(["--runtime", "chromium"], { HANDCLASP_CHROMIUM: "/nonexistent" });
  expect(missing).toMatchObject({ code: 1, output: expect.stringMatching(/^FAIL Chromium: /) });
  expect(await run(["--runtime", thisNode, "--only", "no test has this name"])).toMatchObject({ code: 1 });
});

test("an unknown runtime, and --write without all of them, print the usage", async () => {
  for (const args of [
    ["--runtime", "netscape"],
    ["--runtime", thisNode, "--write"],
  ])
    expect(await run(args)).toMatchObject({ code: 2, output: expect.stringContaining("pnpm runtimes [--runtime ID]") });
});
