import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { compile } from "../examples.mjs";
import { examplesOf } from "../lib/passages.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const file = "packages/core/src/flow.ts";

const sound = [
  "const bytes = await readFile('server.key');",
  "const server = await nodeCredential({ cert: pem, key: bytes });",
  "const value = yield* waitFor(Promise.resolve(server.chain.length));",
].join("\n");

/** The wrong examples, each with a part of the compiler's message. */
const wrong: Readonly<Record<string, string>> = {
  "verifyEverything();": "verifyEverything",
  "const hash = new Transcript().hash(1);": "Expected 0 arguments",
  "await connect(url, { ca, rejectUnauthorized: false });": "rejectUnauthorized",
  "const key = await unwrapKey(…);": "Invalid character",
};

it("an example with names of its file, the packages, Node.js or the application compiles, a wrong one does not", () => {
  const examples = [sound, ...Object.keys(wrong)].map((text, line) => ({
    file: text === sound ? file : "packages/core/src/handshake/transcript.ts",
    line,
    text,
  }));
  const verdicts = new Map(compile(root, examples).map(({ text, problems }) => [text, problems.join()]));
  expect(verdicts.get(sound)).toBeUndefined();
  for (const [text, problem] of Object.entries(wrong)) expect(verdicts.get(text)).toContain(problem);
});

it("examplesOf finds each example in a documentation comment, with the line on which the example begins", () => {
  const text = "let a;\n/**\n * A thing.\n * @example\n * one();\n * two();\n * @throws TlsError\n */\nlet b;";
  expect(examplesOf(text)).toEqual([{ line: 5, text: "one();\ntwo();" }]);
});
