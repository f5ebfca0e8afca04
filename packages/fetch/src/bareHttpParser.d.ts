/** The parts of bare-http-parser that `responseParser.ts` uses. The package has no declarations. */
declare module "bare-http-parser" {
  /** The head of a message. A repeated field is one text with commas, except Set-Cookie, which is a list. */
  interface HeadEvent {
    readonly type: 2;
    readonly version: "HTTP/1.0" | "HTTP/1.1";
    readonly code: number;
    readonly reason: string;
    readonly headers: Readonly<Record<string, string | string[]>>;
  }
  type ParserEvent =
    | { readonly type: 1 }
    | HeadEvent
    | { readonly type: 3; readonly data: Uint8Array<ArrayBuffer> }
    | { readonly type: 4 };

  class HTTPParser {
    constructor(options?: { maxHeaderSize?: number; maxHeadersCount?: number });
    /** The next response has no body, because it answers HEAD. */
    skipBody(): void;
    push(bytes: Uint8Array): Generator<ParserEvent, void, void>;
    /** The connection has ended. Throws if a message is incomplete. */
    end(): Generator<ParserEvent, void, void>;
    /** Returns the bytes that were pushed and not parsed. */
    drain(): Uint8Array;
  }

  export type { HeadEvent };
  export default HTTPParser;
}
