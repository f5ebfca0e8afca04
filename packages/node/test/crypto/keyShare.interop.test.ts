/** In a process of its own: what this is about stops every timer too. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { nodeCrypto } from "@handclasp/node";
import { expect, test } from "vitest";

const run = promisify(execFile);
const folder = fileURLToPath(new URL("../..", import.meta.url));

/** With little room for the young, a collection falls into every step of some of these agreements. */
const agreements = `
  import { nodeCrypto } from "@handclasp/node";
  const group = nodeCrypto.groups[process.argv[1]];
  const end = Date.now() + 1000;
  let count = 0;
  do {
    const [a, b] = [group(), group()];
    a.agree(b.publicKey);
    a.wipe();
    b.wipe();
    count++;
  } while (Date.now() < end);
  console.log(count);
`;

test.each(Object.keys(nodeCrypto.groups))("%s: no collection of garbage stops the process", async (name) => {
  const args = ["--max-semi-space-size=1", "--input-type=module", "--eval", agreements, name];
  const { stdout } = await run(process.execPath, args, { cwd: folder, timeout: 120_000, killSignal: "SIGKILL" });
  expect(Number(stdout)).toBeGreaterThan(0);
});
