/**
 * `<handclasp-inspector>`: explains a TLS 1.2 connection step by step, from the trace of either end.
 * @module
 */
export { defineInspector, HandclaspInspector } from "./element.ts";
export type { Flip, InspectorEvent } from "./event.ts";
