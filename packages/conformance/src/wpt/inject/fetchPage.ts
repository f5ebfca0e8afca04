/**
 * Runs first in each realm of a page: puts a fetch over channels in the place of the browser's. bundle.ts makes a
 * classic script of this file.
 * @module
 */
import { createFetch } from "@handclasp/browser/fetch";
import { pageFetch } from "./pageFetch.ts";

declare const handclaspCa: string;
declare const handclaspCarrier: string;

const page = new URL(location.href);
Object.defineProperty(globalThis, "fetch", {
  value: pageFetch(createFetch, { ca: handclaspCa, carrier: handclaspCarrier, page }),
  writable: true,
  enumerable: true,
  configurable: true,
});
