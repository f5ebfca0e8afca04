import { expect, it } from "vitest";
import { rules } from "../english.config.mjs";
import { checkEnglish } from "../english.mjs";

/** For each rule, a sentence that breaks it. */
const plants: [rule: string, sentence: string][] = [
  ["who-opens", "Who is resumed needs none."],
  ["whoever", "A ticket helps whoever has the keys."],
  ["nobody", "A port that nobody listens on."],
  ["of-opens", "Of several, the first counts."],
  ["what-opens", "What a flow waits for."],
  ["what-is-is", "It says that what is missing is lost."],
  ["bare-who", "The channel is open for who has the key."],
  ["else-opens", "Else the server waits."],
  ["else-clause", "It is sent at once, else the peer waits."],
  ["is-none", "It throws if the value is none."],
  ["not-opens", "Not a view of the memory."],
  ["only-opens", "Only for lengths is it looked up."],
  ["to-be-had", "The program is not to be had."],
  ["mend", "The next version mends it."],
  ["lest", "It copies the bytes, lest they change."],
  ["beside", "The certificate beside the key."],
  ["stands-in", "The limit stands in limits.ts."],
  ["bear", "A server that cannot bear the session."],
  ["mean-harm", "Clients that mean harm."],
  ["as-ever", "The handshake goes on as ever."],
  ["has-last-word", "Biome has the last word."],
  ["goes-for", "This goes for servers too."],
  ["is-over", "It forgets the sessions that are over."],
  ["archaic", "The key and the use thereof."],
];

it.each(plants)("%s is found in a comment, a text and a document", (rule, sentence) => {
  const found = (file: string, text: string) => checkEnglish(file, text).map((finding) => finding.rule);
  expect(found("a.ts", `/** ${sentence} */\nexport const a = 1;`)).toContain(rule);
  expect(found("a.ts", `const a = 1; // First.\n// ${sentence}\nexport { a };`)).toContain(rule);
  expect(found("a.ts", `throw new Error(${JSON.stringify(sentence)});`)).toContain(rule);
  expect(found("a.md", `# Title\n\nA line. ${sentence}\n`)).toContain(rule);
  expect(found("a.md", `| a | b |\n|---|---|\n| c | ${sentence} |\n`)).toContain(rule);
});

it("each rule has a sentence above that breaks it", () => {
  expect(new Set(plants.map(([rule]) => rule))).toEqual(new Set(rules.map(({ name }) => name)));
});

it("code in a comment or a document is not read as English", () => {
  expect(
    checkEnglish("a.ts", "/** Sends `who` to the peer.\n * @example\n * const nobody = whoever();\n */\nlet a;"),
  ).toEqual([]);
  expect(checkEnglish("a.md", "```ts\nconst nobody = 1; // nobody is there\n```\nUse `nobody`.\n")).toEqual([]);
});

it("a finding says where, and what to write instead", () => {
  expect(checkEnglish("a.ts", "let a;\n\n/**\n * The key. Nobody has it.\n */\nlet b;")).toEqual([
    { file: "a.ts", line: 3, rule: "nobody", instead: expect.stringContaining("actor"), sentence: "Nobody has it." },
  ]);
});

it("the text and the comments of a component are read, in JSX and in a file of Vue", () => {
  const linesIn = (file: string, text: string) => checkEnglish(file, text).map(({ line }) => line);
  expect(linesIn("a.tsx", "// Nobody has it.\nconst a = (\n  <p title={b}>Nobody has it.</p>\n);")).toEqual([3, 1]);
  const script = "<script setup>\n// Nobody has it.\nconst nobody = 1;\n</script>\n";
  expect(linesIn("a.vue", `${script}\n<template>\n<p>Nobody has it.</p>\n</template>\n`)).toEqual([2, 7]);
});
