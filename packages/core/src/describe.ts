/**
 * Names for the numbers in handshake messages, including numbers that Handclasp does not support but peers send. Traces
 * and inspectors use them. They are in a separate module, so that a page that only connects does not load them.
 * @module
 */
export { type DescribedCertificate, describeCertificate } from "./describe/certificateFields.ts";
export type { Field } from "./describe/field.ts";
export { layout } from "./describe/layout.ts";
export { openRecord, type RecordKeys, type RecordPart, type RecordProtection } from "./describe/record.ts";
export { describe, names, type Registry } from "./describe/registries.ts";
