/**
 * The data of a server's socket: what `ws` takes and gives.
 * @module
 */
import { usageError } from "@handclasp/core/unstable";

/** The data of a message: an ArrayBuffer if it is binary and `binaryType` is `"arraybuffer"`, otherwise a Buffer. */
export type ServerSocketData = Buffer | ArrayBuffer;

/** The data that `send` takes. */
export type ServerSocketInput = string | number | ArrayBuffer | SharedArrayBuffer | ArrayBufferView;

/** A Buffer over the same memory, or of a text's UTF-8. */
export const toBuffer = (data: string | Uint8Array): Buffer =>
  typeof data === "string" ? Buffer.from(data) : Buffer.from(data.buffer, data.byteOffset, data.byteLength);

/** The message that `ws` would send for this data. */
export function messageOf(data: ServerSocketInput, isBinary?: boolean): string | Uint8Array {
  if (typeof data === "string" || typeof data === "number") return isBinary ? Buffer.from(String(data)) : String(data);
  const bytes = bytesOf(data);
  return isBinary === false ? toBuffer(bytes).toString() : bytes;
}

function bytesOf(data: Exclude<ServerSocketInput, string | number>): Uint8Array {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (Object.prototype.toString.call(data).endsWith("Buffer]")) return new Uint8Array(data);
  throw usageError("send takes a text, a number, a Buffer, an ArrayBuffer or a view of one");
}

/** RFC 6455 §7.4: the codes that a Close may contain. */
export const isCloseCode = (code: number): boolean =>
  Number.isInteger(code) &&
  ((code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999));
