/**
 * Hooks for `module.register`, with which this process imports the sources of the packages file by file, so that V8's
 * coverage names our files and functions. `transpile` turns a TypeScript file into JavaScript.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";

/** @param {string} url the URL of a TypeScript file */
export const transpile = (url) =>
  transformSync(readFileSync(fileURLToPath(url), "utf8"), { loader: "ts", target: "node20", sourcemap: "external" });

/** @type {import("node:module").ResolveHook} */
export const resolve = (specifier, context, next) =>
  next(specifier, { ...context, conditions: [...context.conditions, "handclasp-source"] });

/** @type {import("node:module").LoadHook} */
export const load = (url, context, next) =>
  url.endsWith(".ts") ? { format: "module", source: transpile(url).code, shortCircuit: true } : next(url, context);
