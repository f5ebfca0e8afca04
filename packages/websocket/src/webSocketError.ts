/**
 * The error of a WebSocketStream, and how a close is described (https://websockets.spec.whatwg.org).
 * @module
 */
import { checkClose } from "./target.ts";
import { dictionaryOf, enforcedShort, shape, wellFormed } from "./webIdl.ts";

/** The code and the reason of a close. */
export interface WebSocketCloseInfo {
  /** 1000 or 3000 to 4999. Default: none, or 1000 if there is a reason. */
  readonly closeCode?: number | undefined;
  /** At most 123 bytes of UTF-8. */
  readonly reason?: string | undefined;
}

/**
 * An error with the code and the reason of a close. If the application did not make it, `cause` is the error that says
 * what happened and what to do.
 */
export interface WebSocketError extends DOMException {
  /** Null if there was no close. */
  readonly closeCode: number | null;
  readonly reason: string;
}

export interface WebSocketErrorClass {
  /** @throws DOMException InvalidAccessError for the code, SyntaxError for the reason */
  new (message?: string, info?: WebSocketCloseInfo): WebSocketError;
  readonly prototype: WebSocketError;
}

/** The host's class, if it has one. A stream that is aborted or canceled with such an error sends its code. */
export const WebSocketError: WebSocketErrorClass = /* @__PURE__ */ errorClass();

function errorClass(): WebSocketErrorClass {
  const { WebSocketError: host } = globalThis as { WebSocketError?: WebSocketErrorClass };
  if (host) return host;

  class WebSocketError extends DOMException {
    readonly #closeCode: number | null;
    readonly #reason: string;

    constructor(message = "", info: WebSocketCloseInfo = {}) {
      super(message, "WebSocketError");
      // Some versions of Node.js make a plain DOMException (https://github.com/nodejs/node/issues/59677).
      Object.setPrototypeOf(this, new.target.prototype);
      const { closeCode = null, reason } = closeInfoOf(info);
      this.#closeCode = closeCode;
      this.#reason = reason;
    }

    get closeCode(): number | null {
      return this.#closeCode;
    }
    get reason(): string {
      return this.#reason;
    }
  }

  shape(WebSocketError, "WebSocketError");
  return WebSocketError;
}

/** Makes an error that may have a code with which only the other side closes. */
export function webSocketError(cause: Error, closeCode: number | null, reason = ""): WebSocketError {
  const error = new WebSocketError(cause.message);
  for (const [name, value] of Object.entries({ closeCode, reason, cause }))
    Object.defineProperty(error, name, { value, configurable: true });
  return error;
}

/**
 * Converts and checks a code and a reason.
 * @throws TypeError, DOMException InvalidAccessError, SyntaxError
 */
export function closeInfoOf(given: unknown): { readonly closeCode?: number | undefined; readonly reason: string } {
  const info = dictionaryOf<WebSocketCloseInfo>(given);
  const closeCode = info.closeCode === undefined ? undefined : enforcedShort(info.closeCode);
  const reason = info.reason === undefined ? "" : wellFormed(String(info.reason));
  checkClose(closeCode, reason);
  return { closeCode: closeCode ?? (reason ? 1000 : undefined), reason };
}
