/**
 * Channels in a page, as a test on Node.js uses them.
 * @module
 */
import type {
  PageConnectOptions,
  PageFailure,
  PageMethods,
  PageReply,
  PageRequest,
  PageSession,
} from "../page/protocol.ts";

/** A page that has loaded the script of `startPageServer`: a `Page` of Playwright, or of another driver. */
export interface ScriptedPage {
  evaluate(inPage: (request: PageRequest) => Promise<PageReply>, request: PageRequest): Promise<PageReply>;
}

/** An error of the page. It has the fields of the page's TlsError: `code`, `alert`, `by`, `fault` and `advice`. */
export class PageError extends Error {
  override readonly name: string;
  readonly code: string | undefined;
  readonly alert: string | undefined;
  readonly by: string | undefined;
  readonly fault: string | undefined;
  readonly advice: string | undefined;

  constructor({ name, message, code, alert, by, fault, advice }: PageFailure) {
    super(message);
    this.name = name;
    this.code = code;
    this.alert = alert;
    this.by = by;
    this.fault = fault;
    this.advice = advice;
  }
}

/** Opens channels in a page. */
export class PageChannels {
  readonly #page: ScriptedPage;
  readonly #defaults: PageConnectOptions;

  /** @param defaults the trust of channels whose options have none */
  constructor(page: ScriptedPage, defaults: PageConnectOptions = {}) {
    this.#page = page;
    this.#defaults = defaults;
  }

  /**
   * Opens a channel in the page.
   * @throws PageError the error of `connect` in the page
   * @example
   * const { url, ca } = await testServer();
   * test("an echo", async ({ channels }) => {
   *   const channel = await channels.connect(url, { ca: ca.pem });
   *   expect(await channel.echo("hello")).toBe("hello");
   * });
   */
  async connect(url: string, options: PageConnectOptions = {}): Promise<PageChannel> {
    const isTrusting = options.ca ?? options.pins ?? options.insecure;
    const all = isTrusting === undefined ? { ...this.#defaults, ...options } : options;
    const call = callOf(this.#page);
    const { id, session } = await call("connect", url, all);
    return new PageChannel(call, id, session);
  }
}

/** A channel in a page. Its methods are those of the channel there, and reject with a {@link PageError}. */
export class PageChannel {
  readonly #call: Call;
  readonly #id: number;
  /** The result of the handshake. */
  readonly session: PageSession;

  constructor(call: Call, id: number, session: PageSession) {
    this.#call = call;
    this.#id = id;
    this.session = session;
  }

  /** Writes a text as UTF-8, or bytes. */
  write(data: string | Uint8Array): Promise<void> {
    return this.#call("write", this.#id, Buffer.from(data).toString("base64"));
  }

  /** Reads the next bytes; `undefined` after the server's close_notify. */
  async read(): Promise<Uint8Array | undefined> {
    const base64 = await this.#call("read", this.#id);
    return base64 === undefined ? undefined : new Uint8Array(Buffer.from(base64, "base64"));
  }

  /** Writes a text, reads as many bytes as it has in UTF-8, and returns them as a text. */
  async echo(text: string): Promise<string> {
    return Buffer.from(await this.#call("echo", this.#id, Buffer.from(text).toString("base64")), "base64").toString();
  }

  /** Writes that many random bytes, reads as many, and returns whether they are the same. */
  echoRandom(length: number): Promise<boolean> {
    return this.#call("echoRandom", this.#id, length);
  }

  /** Sends close_notify. The server can still send. */
  closeWrite(): Promise<void> {
    return this.#call("closeWrite", this.#id);
  }

  /** Closes both directions. */
  close(): Promise<void> {
    return this.#call("close", this.#id);
  }

  /** Settles as `closed` of the channel: rejects with the error that ended it. */
  get closed(): Promise<void> {
    const closed = this.#call("closed", this.#id);
    closed.catch(() => {}); // a test may ignore it
    return closed;
  }
}

type Call = <Name extends keyof PageMethods>(
  method: Name,
  ...args: Parameters<PageMethods[Name]>
) => ReturnType<PageMethods[Name]>;

function callOf(page: ScriptedPage): Call {
  const call = async (method: keyof PageMethods, ...args: PageRequest["args"]): Promise<unknown> => {
    const reply = await page.evaluate((request) => globalThis.handclaspCall(request), { method, args });
    if ("error" in reply) throw new PageError(reply.error);
    return reply.value;
  };
  return call as Call;
}
