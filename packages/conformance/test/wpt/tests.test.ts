/** Which pages `pnpm wpt` finds in a tree. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { listPages } from "../../src/wpt/tests.ts";

const tree = mkdtempSync(join(tmpdir(), "handclasp-wpt-"));
afterAll(() => rmSync(tree, { recursive: true }));

const files = {
  "websockets/a.any.js": "// META: script=x.js\n// META: global=window,worker\n// META: timeout=long\n",
  "websockets/b.any.js": "// META: variant=?default\n// META: variant=?wss\n// META: variant=?wpt_flags=h2\n",
  "websockets/c.window.js": "",
  "websockets/d.worker.js": "",
  "websockets/e.html":
    '<meta name=timeout content=long><meta name="variant" content="?wss"><script src=testharness.js>',
  "websockets/no-test.html": "",
  "websockets/support/f.any.js": "",
  "websockets/cookies/g.any.js": "",
};
for (const [path, content] of Object.entries(files)) {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), content);
}

test("each test has a page for each of its scopes and variants", () => {
  const found = listPages(tree, "chromium").map(
    ({ path, timeout }) => `${path.slice("/websockets/".length)} ${timeout}`,
  );
  expect(found).toEqual([
    "a.any.html 60000",
    "a.any.worker.html 60000",
    "a.any.sharedworker.html 60000",
    "a.any.serviceworker.html 60000",
    "b.any.html?default 10000",
    "b.any.html?wss 10000",
    "b.any.worker.html?default 10000",
    "b.any.worker.html?wss 10000",
    "c.window.html 10000",
    "d.worker.html 10000",
    "e.html?wss 60000",
  ]);
});

test("Node.js runs only what needs no page", () => {
  const found = listPages(tree, "node").map(({ path }) => path.slice("/websockets/".length));
  expect(found).toEqual(["a.any.html", "b.any.html?default", "b.any.html?wss", "c.window.html", "e.html?wss"]);
});
