/** @import { IForbiddenRuleType } from "dependency-cruiser" */

/** core's layers, lowest first. A layer may import what stands before it, never what stands after. */
const layers = ["bytes", "wire", "crypto", "x509", "record", "handshake", "engine", "connection"];

const core = "^packages/core/src/";
/** @param {string[]} names */
const layer = (...names) => `${core}(${names.join("|")})/`;
const base = `${core}((errorCodes|errors|limits|flow|loading|host\\.d)\\.ts$|validation/)`;
const trace = `${core}trace\\.ts$`;
const entries = `${core}(index|base|client|server|describe|keys|noble|ocsp|pem|allEntries|x509)\\.ts$`;

/**
 * Packages, and what of the workspace each may import. `testing` has a part for Node.js (node, vectors); the rest of it
 * runs in pages too.
 */
const packages = {
  "packages/core/": [],
  "packages/node/": ["packages/core/"],
  "packages/browser/": ["packages/core/"],
  "packages/testing/": ["packages/core/", "packages/node/"],
  "packages/cli/": ["packages/core/", "packages/node/", "packages/testing/"],
  "packages/conformance/": ["packages/core/", "packages/node/", "packages/testing/"],
  "packages/bench/": ["packages/core/", "packages/node/", "packages/browser/", "packages/testing/"],
};
const workspace = "^(packages|examples|e2e|tools|scripts)/";

/**
 * @param {string} name
 * @param {string} comment
 * @param {IForbiddenRuleType["from"]} from
 * @param {object} to what IForbiddenRuleType allows: a union that a parameter cannot follow
 * @returns {IForbiddenRuleType}
 */
const forbid = (name, comment, from, to) => ({ name, comment, severity: "error", from, to });

export const rules = [
  ...layers
    .slice(0, -1)
    .map((name, i) =>
      forbid(
        `core-${name}-imports-downward`,
        `inside core, ${layers.join(" → ")}: imports go only towards the left`,
        { path: layer(name) },
        { path: layer(...layers.slice(i + 1)) },
      ),
    ),
  forbid(
    "core-base-imports-nothing",
    "errors, given, limits, flow and loading lie under every layer",
    { path: base },
    { path: core, pathNot: base },
  ),
  forbid(
    "core-trace-is-types-of-low-layers",
    "every layer that reports events imports trace.ts, so it may know only what lies under them all",
    { path: trace },
    { path: core, pathNot: [base, layer("bytes", "wire", "crypto", "x509")] },
  ),
  forbid(
    "core-trace-imports-types-only",
    "a trace costs nothing when nobody listens",
    { path: trace },
    { dependencyTypesNot: ["type-only"] },
  ),
  forbid(
    "core-entries-on-top",
    "index, client, server, keys, pem and x509 are what users import, and are imported by nothing below",
    { path: core, pathNot: entries },
    { path: entries },
  ),
  forbid(
    "core-client-never-reaches-server",
    // By name: an extension holds both halves, so handshake/extensions/serverName.ts is no server code.
    "a page that connects does not download a server",
    {
      path: [
        `${core}client\\.ts$`,
        `${core}handshake/(client|resumption/client)[^/]*\\.ts$`,
        `${core}handshake/extensions/`,
        `${core}connection/connect\\.ts$`,
      ],
    },
    {
      path: [
        `${core}server\\.ts$`,
        `${core}handshake/(server|resumption/server)[^/]*\\.ts$`,
        `${core}connection/accept\\.ts$`,
      ],
      reachable: true,
    },
  ),
  forbid(
    "core-connects-without-key-reader",
    "a page without a key of its own does not download what reads one",
    { path: [`${core}client\\.ts$`, `${core}server\\.ts$`] },
    { path: `${core}x509/(privateKey|pbes2|nobleCredential)\\.ts$`, reachable: true },
  ),
  forbid(
    "core-depends-on-noble-only",
    "core runs wherever JavaScript runs",
    { path: core },
    { pathNot: [core, "node_modules/@noble/"] },
  ),
  forbid(
    "no-node-in-pages",
    "what runs in a page imports no Node module",
    { path: "^(packages/browser/src/|packages/testing/src/(?!node|vectors)|examples/[^/]+/src/page/)" },
    { dependencyTypes: ["core"] },
  ),
  forbid(
    "no-node-package-in-pages",
    "what runs in a page imports no package for Node",
    { path: "^(packages/testing/src/(?!node|vectors)|examples/[^/]+/src/page/)" },
    { path: "^packages/(node/|testing/src/(node|vectors))" },
  ),
  ...Object.entries(packages).map(([name, allowed]) =>
    forbid(
      `${name.split("/")[1]}-imports-downward`,
      "packages: core ← node, browser ← testing ← cli, conformance, examples, e2e",
      { path: `^${name}src/` },
      { path: workspace, pathNot: [name, ...allowed].map((path) => `^${path}`) },
    ),
  ),
  forbid("no-cycles", "a cycle has no lower part", {}, { circular: true }),
  forbid(
    "no-unresolved",
    "an import that leads nowhere would slip past every other rule",
    {},
    { couldNotResolve: true },
  ),
];
