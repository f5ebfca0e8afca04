import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { groups, pathOf } from "../lib/pages.mjs";
import { base, moveHtml, moveScript } from "../lib/relocate.mjs";
import { documents, withLinks } from "../lib/stage.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const pages = new Set(["README.md", "SECURITY.md", "docs/ends.md", "docs/guide/pins.md", "examples/vue/README.md"]);

it("links between documents become links between pages, and links to other files become text", () => {
  const linked = (text: string, source = "docs/guide/pins.md") => withLinks(text, source, pages);
  expect(linked("[ends](../ends.md#a-row), [threats](../../SECURITY.md)")).toBe(
    "[ends](../ends.md#a-row), [threats](../security.md)",
  );
  expect(linked("[Vue](examples/vue/README.md)", "README.md")).toBe("[Vue](./examples/vue/overview.md)");
  expect(linked("[the contract](../../packages/a.ts), [`a.ts`](../../a.ts)")).toBe(
    "the contract (`packages/a.ts`), `a.ts`",
  );
  expect(linked("[here](#pins), [RFC](https://rfc.example)")).toBe("[here](#pins), [RFC](https://rfc.example)");
  expect(linked("```js\na[0](../ends.md)\n```")).toBe("```js\na[0](../ends.md)\n```");
});

it("a moved script asks for the site's path in each string and template, and nowhere else", () => {
  (globalThis as { handclaspBase?: string }).handclaspBase = "/deep/";
  const moved = moveScript(`[JSON.parse('{"a":"${base}x"}').a, "${base}y", \`z\${1}${base}\`, /a"b/.source, 'it"s']`);
  // oxlint-disable-next-line typescript/no-implied-eval
  expect(new Function(`return ${moved}`)()).toEqual(["/deep/x", "/deep/y", "z1/deep/", 'a"b', 'it"s']);
  expect(moveScript("same")).toBe("same");
});

it("a moved page finds the site's path from its own address", () => {
  const html = `<html><head></head><a href="${base}b.html">b</a><script>go("${base}")</script></html>`;
  expect(moveHtml(html, "../")).toBe(
    '<html><head><script>globalThis.handclaspBase=new URL("../",location.href).pathname</script></head>' +
      '<a href="../b.html">b</a><script>go((""+globalThis.handclaspBase+""))</script></html>',
  );
});

it("the sidebar names each document once; the page of the decisions names each decision", () => {
  const isDecision = (one: string) => /^docs\/adr\/\d/.test(one);
  const all = documents(root);
  const named = groups.flatMap((group) => Object.values(group.pages));
  expect([...named].sort()).toEqual(all.filter((one) => !isDecision(one)).sort());
  const index = readFileSync(join(root, "docs/adr/README.md"), "utf8");
  expect(all.filter((one) => isDecision(one) && !index.includes(`(${basename(one)})`))).toEqual([]);
});

it("documents have different paths in the site", () => {
  const paths = documents(root).map(pathOf);
  expect(new Set(paths).size).toBe(paths.length);
  expect(pathOf("docs/adr/README.md")).toBe("adr/overview");
});
