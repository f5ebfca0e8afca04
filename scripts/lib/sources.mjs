/**
 * Lets this process import the sources of the packages file by file, so that V8's coverage names our files and
 * functions. The hooks of `module.register`, and `transpile`, which turns a file of TypeScript into JavaScript.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";

/** @param {string} url a file of TypeScript */
export const transpile = (url) =>
  transformSync(readFileSync(fileURLToPath(url), "utf8"), { loader: "ts", target: "node20", sourcemap: "external" });

/** @type {import("node:module").ResolveHook} */
export const resolve = (specifier, context, next) =>
  next(specifier, { ...context, conditions: [...context.conditions, "handclasp-source"] });

/** @type {import("node:module").LoadHook} */
export const load = (url, context, next) =>
  url.endsWith(".ts") ? { format: "module", source: transpile(url).code, shortCircuit: true } : next(url, context);
