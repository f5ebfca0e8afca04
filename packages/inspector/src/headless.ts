/**
 * The parts of the inspector that need no page: the names and meanings of fields, and recordings.
 * @module
 */
export type { Flip, InspectorEvent, PathEvent } from "./event.ts";
export { maxBytes, maxEvents } from "./limits.ts";
export { fieldName, meaningOf } from "./meanings.ts";
export { type Recording, recordingFromJson, recordingToJson } from "./recording.ts";
export type { Language, Text } from "./text.ts";
