/** @import { IForbiddenRuleType } from "dependency-cruiser" */

/** The layers of core, lowest first. A layer may import the layers before it, never those after it. */
const layers = ["bytes", "wire", "crypto", "x509", "record", "handshake", "engine", "connection", "messages"];

const core = "^packages/core/src/";
/** @param {string[]} names */
const layer = (...names) => `${core}(${names.join("|")})/`;
const base = `${core}((errorCodes|errors|limits|flow|loading|host\\.d)\\.ts$|validation/)`;
const trace = `${core}trace\\.ts$`;
const entryNames =
  "index|base|client|server|describe|keys|messages|messageSessions|noble|ocsp|pem|starttls|allEntries|x509";
const entries = `${core}(${entryNames})\\.ts$`;

/**
 * The packages, and the folders of the workspace from which each may import. `testing` has parts for Node.js
 * (vectors, faults, server, playwright); its other files run in pages too.
 */
const packages = {
  "packages/core/": [],
  "packages/fetch/": ["packages/core/"],
  "packages/websocket/": ["packages/core/"],
  "packages/inspector/": ["packages/core/"],
  "packages/node/": ["packages/core/", "packages/fetch/", "packages/websocket/"],
  "packages/browser/": ["packages/core/", "packages/fetch/", "packages/websocket/"],
  "packages/redis/": ["packages/core/"],
  "packages/testing/": ["packages/core/", "packages/node/", "packages/browser/"],
  "packages/cli/": ["packages/core/", "packages/inspector/", "packages/node/", "packages/testing/"],
  "packages/conformance/": [
    "packages/core/",
    "packages/node/",
    "packages/redis/",
    "packages/browser/",
    "packages/testing/",
  ],
  "packages/bench/": ["packages/core/", "packages/node/", "packages/browser/", "packages/testing/"],
};
/** The code of the test kit that runs in pages. */
const testingPages = "packages/testing/src/(?!vectors|faults|server|playwright)";
/** The code of the examples that runs in pages. */
const examplePages = "examples/([^/]+/src/page|react/src|vue/src|worker/src)/";
const workspace = "^(packages|examples|e2e|tools|scripts)/";

/**
 * @param {string} name
 * @param {string} comment
 * @param {IForbiddenRuleType["from"]} from
 * @param {object} to the `to` of IForbiddenRuleType. Its type is a union, which TypeScript does not accept here
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
    "errorCodes, errors, limits, flow, loading, host.d and validation are below every layer",
    { path: base },
    { path: core, pathNot: base },
  ),
  forbid(
    "core-trace-is-types-of-low-layers",
    "every layer that reports events imports trace.ts, so it may import only the layers below all of them",
    { path: trace },
    { path: core, pathNot: [base, layer("bytes", "wire", "crypto", "x509")] },
  ),
  forbid(
    "core-trace-imports-types-only",
    "a trace costs nothing without a listener",
    { path: trace },
    { dependencyTypesNot: ["type-only"] },
  ),
  forbid(
    "core-entries-on-top",
    "users import the entries (index, client, server, keys, pem, x509 and others), and no module below imports them",
    { path: core, pathNot: entries },
    { path: entries },
  ),
  forbid(
    "core-client-never-reaches-server",
    // The rule matches the names of files. A file of an extension has the code of both roles, so it does not count as
    // server code, not even handshake/extensions/serverName.ts.
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
    "neither the client nor the server loads the code that reads private keys",
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
    "code that runs in a page imports no module of Node.js",
    { path: `^(packages/(browser|fetch|websocket|inspector)/src/|${testingPages}|${examplePages})` },
    { dependencyTypes: ["core"] },
  ),
  forbid(
    "no-node-package-in-pages",
    "code that runs in a page imports no package for Node.js",
    { path: `^(${testingPages}|${examplePages})` },
    { path: "^packages/(node/|testing/src/(vectors|faults|server|playwright))" },
  ),
  forbid(
    "node-metrics-import-types-only",
    "the libraries of metrics are optional peers, which the caller passes",
    { path: "^packages/node/src/" },
    { path: "(^|node_modules/)(prom-client|@opentelemetry/)", dependencyTypesNot: ["type-only"] },
  ),
  ...Object.entries(packages).map(([name, allowed]) =>
    forbid(
      `${name.split("/")[1]}-imports-downward`,
      "packages: core ← fetch, websocket, inspector ← node, redis, browser ← testing ← cli, conformance, bench",
      { path: `^${name}src/` },
      { path: workspace, pathNot: [name, ...allowed].map((path) => `^${path}`) },
    ),
  ),
  forbid("no-cycles", "the modules of a cycle have no order", {}, { circular: true }),
  forbid(
    "no-unresolved",
    "an import that cannot be resolved would pass every other rule",
    {},
    { couldNotResolve: true },
  ),
];
