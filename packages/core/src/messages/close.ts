/**
 * Close frames: a code and a reason (RFC 6455 §5.5.1 and §7.4).
 * @module
 */
import { usageError } from "../errors.ts";
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
  Number.isInteger(code) &&
  ((code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) || (code >= 3000 && code < 5000));

/** The most bytes of a reason: a control frame has 125. */
const maxReason = 123;
/** The code that a Close without a code is reported with. */
export const noCode = 1005;

/** @throws FrameError */
export function readClose(payload: Uint8Array): CloseInfo {
  if (!payload.length) return { code: noCode, reason: "" };
  const code = (payload[0] as number) * 256 + (payload[1] as number);
  if (payload.length < 2) throw new FrameError(1002, "a Close has half a code");
  if (!isSent(code)) throw new FrameError(1002, `a Close has the invalid code ${code}`);
  return { code, reason: utf8Of(payload.subarray(2)) };
}

/** The payload of a Close. Throws a usage error if a frame cannot contain it. */
export function encodeClose({ code, reason }: CloseInfo): Uint8Array {
  if (code === noCode && reason === "") return new Uint8Array(0);
  if (!isSent(code)) throw usageError(`close with the code ${code}: 1000, or 3000 to 4999`);
  const bytes = new TextEncoder().encode(reason);
  if (bytes.length > maxReason) throw usageError(`a reason of ${bytes.length} bytes: at most ${maxReason}`);
  return new Uint8Array([code >> 8, code & 255, ...bytes]);
}

/** The payload of the Close of an application: without a code, or 1000 if there is only a reason. */
export const closePayload = (code?: number, reason = ""): Uint8Array =>
  encodeClose({ code: code ?? (reason ? 1000 : noCode), reason });

/** The text, cut to the length of a reason. */
export function cutReason(text: string): string {
  const bytes = new Uint8Array(maxReason);
  const { read } = new TextEncoder().encodeInto(text, bytes);
  return text.slice(0, read);
}
