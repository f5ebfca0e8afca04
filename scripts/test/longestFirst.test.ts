import { expect, test } from "vitest";
import { inOrder } from "../lib/longestFirst.mjs";

test("the longest files come first, the longest of them before the others, which stay in their order", () => {
  const attacks = "/clone/packages/conformance/test/hostile/attacks.interop.test.ts";
  const soak = "/clone/packages/conformance/test/soak/soak.interop.test.ts";
  expect(inOrder(["/clone/b.test.ts", soak, "/clone/a.test.ts", attacks], (path) => path)).toEqual([
    attacks,
    soak,
    "/clone/b.test.ts",
    "/clone/a.test.ts",
  ]);
});
