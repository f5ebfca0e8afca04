/**
 * Puts `@handclasp/node/tls` in the place of node:tls, for the files of Node.js's tests. Only `pnpm node-tls` uses
 * this: a program imports the entry instead.
 * @module
 */
import Module from "node:module";
import { sep } from "node:path";
import * as tls from "@handclasp/node/tls";
import { overWebSocket } from "./webSocketCarrier.ts";

const folder = `${process.env.HANDCLASP_NODE_TESTS}${sep}test${sep}`;
// A copy, because some tests assign to its properties.
const replacement: object = process.env.HANDCLASP_NODE_TESTS_CARRIER === "ws" ? overWebSocket(tls) : { ...tls };

Object.defineProperty(replacement, "rootCertificates", { writable: false });

type Load = (request: string, parent: { readonly filename?: string } | undefined, isMain: boolean) => unknown;
const loader = Module as unknown as { _load: Load };
const load = loader._load;
loader._load = function (request, parent, isMain): unknown {
  const isTest = parent?.filename?.startsWith(folder) ?? false;
  return isTest && /^(node:)?tls$/.test(request) ? replacement : load.call(this, request, parent, isMain);
};
