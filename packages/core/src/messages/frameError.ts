/**
 * The error of a peer that breaks the rules of the framing, and the check of its texts.
 * @module
 */
import { TlsError, type TlsErrorCode } from "../errors.ts";

/** The peer broke a rule of the framing. The peer gets a Close with `closeCode` (RFC 6455 §7.4.1). */
export class FrameError extends TlsError {
  readonly closeCode: number;

  constructor(closeCode: number, message: string, code: TlsErrorCode = "invalid_frame", cause?: unknown) {
    super(undefined, message, { code, cause });
    this.closeCode = closeCode;
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Decodes a text of the peer. Throws a FrameError. */
export function utf8Of(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    // A text may also be too long for a string of this JavaScript engine.
    if (!(error instanceof TypeError)) throw error;
    throw new FrameError(1007, "a text is not UTF-8");
  }
}
