import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { checkTruth, Workspace } from "../truth.mjs";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "handclasp-truth-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const sound: Record<string, string> = {
  "packages/core/src/limits.ts": "export const maxRecords = 1;",
  "packages/core/src/flow.ts":
    "/** Counts to `maxRecords` of limits.ts, see ADR 1 and docs/ends.md. Uses `setTimeout`. */\nexport let flow;",
  "packages/node/src/socket.ts": "export const nodeSocket = 1;",
  "docs/ends.md":
    "# Ends\n\n## How it ends\n\nSee [the limits](../packages/core/src/limits.ts) and [above](#how-it-ends).\n",
  "docs/adr/0001-first.md": '# 1. First\n\nSee [ends](../ends.md), "How it ends".\n',
};

function check(file: string, text: string) {
  const files = { ...sound, [file]: text };
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  const workspace = new Workspace(root, Object.keys(files));
  return Object.keys(files).flatMap((path) => checkTruth(workspace, path).map(({ named }) => named));
}

it("checkTruth reports no name if all names exist", () => {
  expect(check("docs/more.md", "The file `packages/core/src/flow.ts` has `flow`.\n")).toEqual([]);
});

it.each([
  ["a file that does not exist", "packages/core/src/a.ts", "// See missing.ts.\nexport let a;", "missing.ts"],
  [
    "a document that does not exist",
    "packages/core/src/a.ts",
    "/** docs/security.md */\nexport let a;",
    "docs/security.md",
  ],
  ["a symbol that does not exist", "packages/core/src/a.ts", "/** Calls `inVain()`. */\nexport let a;", "inVain"],
  [
    "a symbol of a package that core does not import",
    "packages/core/src/a.ts",
    "/** `nodeSocket` */\nexport let a;",
    "nodeSocket",
  ],
  ["a component's file that does not exist", "docs/a.md", "See src/App.tsx and src/App.vue.", "src/App.vue"],
  ["a symbol in JSX that does not exist", "a.tsx", "/** `noSuchName` */\nexport const a = <b>c</b>;", "noSuchName"],
  ["a member that does not exist", "docs/a.md", "It calls `flow.rewind`.", "rewind"],
  ["a decision that does not exist", "docs/a.md", "See ADR 7.", "ADR 7"],
  ["a link to a file that does not exist", "docs/a.md", "[limits](limit.ts)", "limit.ts"],
  ["a link to a heading that does not exist", "docs/a.md", "[ends](ends.md#how-it-begins)", "ends.md#how-it-begins"],
  ["a heading, named after a link, that does not exist", "docs/a.md", '[ends](ends.md), "Beginnings"', "Beginnings"],
])("checkTruth reports %s", (_, file, text, named) => {
  expect(check(file, text)).toContain(named);
});

it("checkTruth ignores names in code blocks and in code that is not a symbol", () => {
  expect(check("docs/a.md", "```ts\nfoo(bar);\n```\n\nSay `a: [x, y]` or `--flag`.\n")).toEqual([]);
});
