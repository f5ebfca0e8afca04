/**
 * Close frames: a code and a reason (RFC 6455 §5.5.1 and §7.4).
 * @module
 */
import { FrameError, utf8Of } from "./frameError.ts";

/** The code and the reason of a Close. */
export interface CloseInfo {
  /** 1000 to 4999; 1005 if the Close has none. */
  readonly code: number;
  /** At most 123 bytes of UTF-8. */
  readonly reason: string;
}

/** The codes that a frame may contain: those of IANA's registry that are not for local use, and free ones. */
const isSent = (code: number): boolean =>
  (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) || (code >= 3000 && code < 5000);

/** The code that a Close without a code is reported with. */
export const noCode = 1005;
/** The code that an end without a Close is reported with. */
export const abnormalCode = 1006;

/** @throws FrameError */
export function readClose(payload: Uint8Array): CloseInfo {
  if (!payload.length) return { code: noCode, reason: "" };
  const code = (payload[0] as number) * 256 + (payload[1] ?? 0);
  if (payload.length < 2 || !isSent(code)) throw new FrameError(1002, `the peer closed with the invalid code ${code}`);
  return { code, reason: utf8Of(payload.subarray(2)) };
}

/** The payload of a Close. */
export function encodeClose({ code, reason }: CloseInfo): Uint8Array {
  if (code === noCode) return new Uint8Array(0);
  return new Uint8Array([code >> 8, code & 255, ...new TextEncoder().encode(reason)]);
}

/** The text, cut to the 123 bytes that a Close has room for. */
export function cutReason(text: string): string {
  const bytes = new Uint8Array(123);
  const { read } = new TextEncoder().encodeInto(text, bytes);
  return text.slice(0, read);
}
