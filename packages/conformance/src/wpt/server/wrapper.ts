/**
 * The pages and worker scripts that WPT's server generates around a test script.
 * @module
 */
import type { Meta, Scope } from "../tests.ts";

/** The address of the script that puts our class in the place of the engine's. */
export const injectedPath = "/handclasp/inject.js";

const script = (path: string): string => `<script src="${path}"></script>\n`;
const globalOf = (isWindow: boolean): string =>
  `self.GLOBAL = { isWindow: () => ${isWindow}, isWorker: () => ${!isWindow}, isShadowRealm: () => false };`;

const runWorker: Readonly<Record<Exclude<Scope, "window">, (path: string) => string>> = {
  worker: (path) => `fetch_tests_from_worker(new Worker("${path}"));`,
  sharedworker: (path) => `fetch_tests_from_worker(new SharedWorker("${path}"));`,
  serviceworker: (path) => `(async () => {
  const scope = "handclasp/no-page-here";
  await (await navigator.serviceWorker.getRegistration(scope))?.unregister();
  const { installing } = await navigator.serviceWorker.register("${path}", { scope });
  fetch_tests_from_worker(installing);
})();`,
};

/** @param name the script's name without its end, such as `Close-1000.any` */
export function wrapperPage(name: string, scope: Scope, query: string, meta: Meta, injects: boolean): string {
  const head =
    "<!doctype html>\n<meta charset=utf-8>\n" +
    (meta.title ? `<title>${meta.title}</title>\n` : "") +
    (meta.isLong ? '<meta name="timeout" content="long">\n' : "") +
    (injects ? script(injectedPath) : "") +
    script("/resources/testharness.js") +
    script("/resources/testharnessreport.js");
  if (scope === "window")
    return [
      head,
      `<script>${globalOf(true)}</script>\n`,
      ...meta.scripts.map(script),
      script(`${name}.js${query}`),
    ].join("");
  const path = name.endsWith(".any") ? `${name}.${scope}.js` : `${name}.js`;
  return `${head}<script>${runWorker[scope](path + query)}</script>\n`;
}

/** The script of a worker, around a `.any.js` file. */
export function wrapperScript(name: string, query: string, meta: Meta, injects: boolean): string {
  const scripts = [
    ...(injects ? [injectedPath] : []),
    "/resources/testharness.js",
    ...meta.scripts,
    `${name}.js${query}`,
  ];
  return `${globalOf(false)}\n${scripts.map((path) => `importScripts("${path}");`).join("\n")}\ndone();\n`;
}
