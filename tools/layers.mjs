/**
 * Checks the imports between modules against the rules of layers.config.mjs.
 *
 *   node tools/layers.mjs
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cruise } from "dependency-cruiser";
import { rules } from "./layers.config.mjs";

/**
 * Checks the sources below `root` and returns the imports that break a rule. Throws if dependency-cruiser found no
 * TypeScript module: with a version of TypeScript that it does not support, it finds no module and reports success.
 *
 * @param {string} root the workspace's folder
 * @returns {Promise<{modules: number, violations: {rule: string, from: string, to: string, comment: string}[]}>}
 */
export async function checkLayers(root) {
  const { output } = await cruise(sourceFolders(root), {
    baseDir: root,
    ruleSet: { forbidden: rules },
    validate: true,
    tsPreCompilationDeps: true, // type imports count
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["handclasp-source", "import", "node"] },
  });
  if (typeof output === "string") throw new Error(output);
  const modules = output.summary.totalCruised;
  const typescript = output.modules.filter(({ source }) => source.endsWith(".ts") && !source.endsWith(".d.ts")).length;
  if (typescript === 0) throw new Error(`no TypeScript module was cruised below ${root}`);

  const comments = new Map(rules.map(({ name, comment }) => [name, comment ?? ""]));
  return {
    modules,
    violations: output.summary.violations.map(({ rule, from, to }) => {
      return { rule: rule.name, from, to, comment: comments.get(rule.name) ?? "" };
    }),
  };
}

/** @param {string} root */
function sourceFolders(root) {
  return ["packages", "examples"]
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}/src`))
    .filter((folder) => existsSync(join(root, folder)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { modules, violations } = await checkLayers(fileURLToPath(new URL("..", import.meta.url)));
  for (const { rule, from, to, comment } of violations) console.error(`${rule}: ${from} → ${to}\n  ${comment}`);
  console.log(`${modules} modules, ${violations.length} imports that break a rule`);
  process.exitCode = violations.length > 0 ? 1 : 0;
}
