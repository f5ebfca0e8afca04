/** The test runs in a child process, because the fault that it looks for stops every timer of the process too. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { nodeCrypto } from "@handclasp/node";
import { expect, test } from "vitest";

const execute = promisify(execFile);
const folder = fileURLToPath(new URL("../..", import.meta.url));

/** With a small young generation, garbage collections occur in every step of some of these agreements. */
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

test.each(Object.keys(nodeCrypto.groups))(
  "%s: a garbage collection during key agreement does not stop the process",
  async (name) => {
    const args = ["--max-semi-space-size=1", "--input-type=module", "--eval", agreements, name];
    const { stdout } = await execute(process.execPath, args, { cwd: folder, timeout: 120_000, killSignal: "SIGKILL" });
    expect(Number(stdout)).toBeGreaterThan(0);
  },
);
