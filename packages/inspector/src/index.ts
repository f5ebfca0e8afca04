/**
 * `<handclasp-inspector>`: explains a TLS 1.2 connection step by step, from the trace of either end.
 * @module
 */
export { defineInspector, HandclaspInspector } from "./element.ts";
export type { Flip, InspectorEvent, PathEvent } from "./event.ts";
export { recordingToPcapng } from "./pcapng.ts";
export { type Recording, recordingFromJson, recordingToJson } from "./recording.ts";
