import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { rules } from "../layers.config.mjs";
import { checkLayers } from "../layers.mjs";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "handclasp-layers-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(files: Record<string, string>) {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

/** A small workspace that breaks no rule. */
const goodWorkspace = {
  "packages/core/src/errors.ts": "export const error = 1;",
  "packages/core/src/flow.ts": 'import { error } from "./errors.ts"; export const flow = error;',
  "packages/core/src/bytes/bytes.ts": 'import { error } from "../errors.ts"; export const bytes = error;',
  "packages/core/src/wire/codec.ts": 'import { bytes } from "../bytes/bytes.ts"; export const codec = bytes;',
  "packages/core/src/crypto/prf.ts": 'import { codec } from "../wire/codec.ts"; export const prf = codec;',
  "packages/core/src/x509/path.ts": 'import { prf } from "../crypto/prf.ts"; export const path = prf;',
  "packages/core/src/x509/privateKey.ts": 'import { prf } from "../crypto/prf.ts"; export const privateKey = prf;',
  "packages/core/src/trace.ts": 'import type { codec } from "./wire/codec.ts"; export type Trace = typeof codec;',
  "packages/core/src/record/reader.ts": 'import type { Trace } from "../trace.ts"; export const reader: Trace = 1;',
  "packages/core/src/handshake/client.ts":
    'import { reader } from "../record/reader.ts"; export const client = reader;',
  "packages/core/src/handshake/server.ts":
    'import { reader } from "../record/reader.ts"; export const server = reader;',
  "packages/core/src/engine/engine.ts": 'import { flow } from "../flow.ts"; export const engine = flow;',
  "packages/core/src/connection/connect.ts":
    'import { client } from "../handshake/client.ts"; export const connect = client;',
  "packages/core/src/client.ts": 'export { connect } from "./connection/connect.ts";',
  "packages/core/src/server.ts": 'export { server } from "./handshake/server.ts";',
  "packages/core/src/index.ts": 'export * from "./client.ts"; export * from "./server.ts";',
  "packages/core/src/messages/open.ts": 'import "../connection/connect.ts";',
  "packages/fetch/src/index.ts": 'export * from "../../core/src/client.ts";',
  "packages/websocket/src/index.ts": 'export * from "../../core/src/client.ts";',
  "packages/inspector/src/index.ts": 'export * from "../../core/src/index.ts";',
  "packages/node/src/index.ts": 'import "node:net"; export * from "../../core/src/index.ts";',
  "packages/redis/src/index.ts": 'export * from "../../core/src/index.ts";',
  "packages/browser/src/index.ts": 'export * from "../../core/src/client.ts";',
  "packages/testing/src/index.ts": 'export * from "../../core/src/index.ts";',
  "packages/testing/src/vectors/files.ts": 'import "node:fs"; export * from "../../../core/src/index.ts";',
  "packages/cli/src/bin.ts": 'import "../../testing/src/vectors/files.ts"; import "../../node/src/index.ts";',
  "packages/conformance/src/x509/main.ts": 'export * from "../../../node/src/index.ts";',
  "examples/echo-server/src/page/main.ts": 'export * from "../../../../packages/browser/src/index.ts";',
  "examples/react/src/App.tsx": 'export * from "../../../packages/browser/src/index.ts";',
};

/** At least one bad import for each rule: the rule that it breaks, the file to which the test adds it, the import. */
const badImports: [rule: string, file: string, statement: string][] = [
  ["core-bytes-imports-downward", "packages/core/src/bytes/bytes.ts", 'import "../connection/connect.ts";'],
  ["core-wire-imports-downward", "packages/core/src/wire/codec.ts", 'import "../crypto/prf.ts";'],
  ["core-crypto-imports-downward", "packages/core/src/crypto/prf.ts", 'import type { path } from "../x509/path.ts";'],
  ["core-x509-imports-downward", "packages/core/src/x509/path.ts", 'import "../record/reader.ts";'],
  ["core-record-imports-downward", "packages/core/src/record/reader.ts", 'import "../handshake/client.ts";'],
  ["core-handshake-imports-downward", "packages/core/src/handshake/client.ts", 'import "../engine/engine.ts";'],
  ["core-engine-imports-downward", "packages/core/src/engine/engine.ts", 'import "../connection/connect.ts";'],
  ["core-base-imports-nothing", "packages/core/src/errors.ts", 'import type { codec } from "./wire/codec.ts";'],
  [
    "core-trace-is-types-of-low-layers",
    "packages/core/src/trace.ts",
    'import type { reader } from "./record/reader.ts";',
  ],
  ["core-trace-imports-types-only", "packages/core/src/trace.ts", 'import { codec } from "./wire/codec.ts";'],
  ["core-entries-on-top", "packages/core/src/connection/connect.ts", 'import "../index.ts";'],
  ["core-client-never-reaches-server", "packages/core/src/connection/connect.ts", 'import "../handshake/server.ts";'],
  ["core-connects-without-key-reader", "packages/core/src/connection/connect.ts", 'import "../x509/privateKey.ts";'],
  ["core-depends-on-noble-only", "packages/core/src/bytes/bytes.ts", 'import "node:buffer";'],
  ["no-node-in-pages", "packages/browser/src/index.ts", 'import "node:buffer";'],
  ["no-node-in-pages", "packages/testing/src/index.ts", 'import "node:buffer";'],
  ["no-node-in-pages", "examples/echo-server/src/page/main.ts", 'import "node:buffer";'],
  ["no-node-in-pages", "examples/react/src/App.tsx", 'import "node:buffer";'],
  ["no-node-package-in-pages", "packages/testing/src/index.ts", 'import "../../node/src/index.ts";'],
  ["no-node-package-in-pages", "examples/react/src/App.tsx", 'import "../../../packages/node/src/index.ts";'],
  ["core-imports-downward", "packages/core/src/index.ts", 'import "../../node/src/index.ts";'],
  ["core-connection-imports-downward", "packages/core/src/connection/connect.ts", 'import "../messages/open.ts";'],
  ["fetch-imports-downward", "packages/fetch/src/index.ts", 'import "../../browser/src/index.ts";'],
  ["websocket-imports-downward", "packages/websocket/src/index.ts", 'import "../../browser/src/index.ts";'],
  ["inspector-imports-downward", "packages/inspector/src/index.ts", 'import "../../browser/src/index.ts";'],
  ["node-imports-downward", "packages/node/src/index.ts", 'import "../../browser/src/index.ts";'],
  ["node-metrics-import-types-only", "packages/node/src/index.ts", 'import "prom-client";'],
  ["redis-imports-downward", "packages/redis/src/index.ts", 'import "../../node/src/index.ts";'],
  ["browser-imports-downward", "packages/browser/src/index.ts", 'import "../../node/src/index.ts";'],
  ["testing-imports-downward", "packages/testing/src/vectors/files.ts", 'import "../../../cli/src/bin.ts";'],
  ["cli-imports-downward", "packages/cli/src/bin.ts", 'import "../../../examples/echo-server/src/page/main.ts";'],
  ["conformance-imports-downward", "packages/conformance/src/x509/main.ts", 'import "../../../cli/src/bin.ts";'],
  ["bench-imports-downward", "packages/bench/src/main.ts", 'import "../../cli/src/bin.ts";'],
  ["no-cycles", "packages/core/src/errors.ts", 'import "./flow.ts";'],
  ["no-unresolved", "packages/node/src/index.ts", 'import "./nowhere.ts";'],
];

describe("the layer rules", () => {
  it("accept a workspace that breaks no rule", async () => {
    write(goodWorkspace);
    expect(await checkLayers(root)).toEqual({ modules: expect.any(Number), violations: [] });
  });

  it.each(badImports)("report a violation of %s for a bad import in %s", async (rule, file, statement) => {
    write({ ...goodWorkspace, [file]: `${statement} ${goodWorkspace[file as keyof typeof goodWorkspace]}` });
    const { violations } = await checkLayers(root);
    expect(violations.map((violation) => violation.rule)).toContain(rule);
  });

  it("are each tested with at least one bad import", () => {
    expect(new Set(badImports.map(([rule]) => rule))).toEqual(new Set(rules.map((rule) => rule.name)));
  });

  it("reject a workspace without TypeScript modules", async () => {
    write({ "packages/core/src/README": "" });
    await expect(checkLayers(root)).rejects.toThrow("no TypeScript module was cruised");
  });
});
