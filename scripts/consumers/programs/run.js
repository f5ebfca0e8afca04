/**
 * Runs the programs of the outside project, and prints one line for each. `run.js ENTRY…` gets the names of all entries
 * of the packages.
 */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { testCa } from "@handclasp/testing";
import { serve as serveFromSource } from "./service.js";

const require = createRequire(import.meta.url);
const entries = process.argv.slice(2);
const done = (text) => console.log(`ok ${text}`);

// No entry needs a page in order to load: a program that renders pages on a server imports them too.
for (const name of ["window", "document", "HTMLElement"]) assert(!(name in globalThis), `${name} exists`);
for (const entry of entries) {
  const imported = await import(entry);
  const required = require(entry);
  assert.deepEqual(Object.keys(required).filter(isOwn).sort(), Object.keys(imported).filter(isOwn).sort(), entry);
  for (const name of Object.keys(imported).filter(isOwn))
    assert.equal(required[name], imported[name], `${entry} ${name}`);
}
done(`import and require of ${entries.length} entries give the same objects`);

const errors = [
  ...["core", "node", "browser"].map((name) => require(`@handclasp/${name}`)),
  await import("@handclasp/core"),
];
assert.equal(new Set(errors.map(({ TlsError }) => TlsError)).size, 1);
done("one process has one TlsError");

const ca = await testCa();
const issued = await ca.issue({ names: ["localhost"] });
globalThis.WebSocket ??= require("ws").WebSocket; // Node.js 20 has no WebSocket

for (const [name, { serve }] of [
  ["source", { serve: serveFromSource }],
  ["esbuild", await import("./built/esbuild-service/service.js")],
]) {
  const { server, url } = await serve(issued);
  assert.equal(await require("./script.cjs").echo(url, ca.pem, "a script of CommonJS"), "a script of CommonJS");
  const bundlers = name === "source" ? ["esbuild", "rollup", "vite", "webpack"] : ["esbuild"];
  for (const bundler of bundlers) {
    const { echo, mistake, states } = await import(`./built/${bundler}/page.js`);
    assert.equal(await echo(url, ca.pem, `hello from ${bundler}`), `hello from ${bundler}`);
    assert.match(await mistake(url, ca.pem), /servername.*serverName/);
    assert.deepEqual(states, [0, 1]);
    done(`the page by ${bundler} talks to the server from ${name}`);
  }
  await server.close();
}

for (const how of ["bundled", "external"]) {
  const { echo } = await import(`./built/vite-ssr-${how}/page.js`);
  assert.equal(typeof echo, "function");
  done(`Vite renders on the server, with the packages ${how}`);
}

/** `require` adds the names that Node.js gives an ES module. */
function isOwn(name) {
  return name !== "__esModule" && name !== "module.exports" && name !== "default";
}
