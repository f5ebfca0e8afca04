/**
 * Events and `on…` attributes, as the DOM has them.
 * @module
 */
import { dictionaryOf, shape, wellFormed } from "./webIdl.ts";

/** The event of a closed socket. */
export interface SocketCloseEvent extends Event {
  readonly code: number;
  readonly reason: string;
  /** True if both sides have closed, so that no message of the peer is missing. */
  readonly wasClean: boolean;
  /** If `wasClean` is false: what happened and what to do. */
  readonly error?: Error;
}

export interface CloseEventInit {
  bubbles?: boolean;
  cancelable?: boolean;
  composed?: boolean;
  code?: number;
  reason?: string;
  wasClean?: boolean;
}

export interface CloseEventClass {
  new (type: string, init?: CloseEventInit): SocketCloseEvent;
  readonly prototype: SocketCloseEvent;
}

/** The class of close events: the host's, if it has one. Node.js before 23 has none. */
export const CloseEvent: CloseEventClass = /* @__PURE__ */ closeEventClass();

function closeEventClass(): CloseEventClass {
  const { CloseEvent: host } = globalThis as { CloseEvent?: CloseEventClass };
  if (host) return host;

  class CloseEvent extends Event implements SocketCloseEvent {
    readonly #code: number;
    readonly #reason: string;
    readonly #wasClean: boolean;

    constructor(type: string, given: CloseEventInit = {}) {
      const init = dictionaryOf<CloseEventInit>(given);
      super(type, init);
      // biome-ignore lint/complexity/noArguments: `undefined` is a type.
      if (arguments.length === 0) throw new TypeError("an event has a type");
      const { code = 0, reason = "", wasClean = false } = init;
      this.#code = Number(code) & 0xffff;
      this.#reason = wellFormed(String(reason));
      this.#wasClean = Boolean(wasClean);
    }

    get code(): number {
      return this.#code;
    }
    get reason(): string {
      return this.#reason;
    }
    get wasClean(): boolean {
      return this.#wasClean;
    }
  }

  shape(CloseEvent, "CloseEvent");
  return CloseEvent;
}

type Handler = ((event: Event) => unknown) | null;

/** The `on…` attributes of one object. */
export class EventHandlers {
  readonly #target: EventTarget;
  readonly #handlers = new Map<string, Handler>();

  constructor(target: EventTarget) {
    this.#target = target;
  }

  get(type: string): Handler {
    return this.#handlers.get(type) ?? null;
  }

  /** Sets a handler. It keeps its place among the listeners from when the attribute was first set. */
  set(type: string, value: unknown): void {
    const isObject = typeof value === "function" || (typeof value === "object" && value !== null);
    const isNew = isObject && !this.#handlers.has(type);
    if (isNew || this.#handlers.has(type)) this.#handlers.set(type, isObject ? (value as Handler) : null);
    if (!isNew) return;
    this.#target.addEventListener(type, (event) => {
      const handler = this.#handlers.get(type);
      if (typeof handler === "function") handler.call(this.#target, event);
    });
  }
}

/** Calls back in another task. A timer would wait, in a background tab for a second or more. */
export function nextTask(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => void };
  return new Promise((resolve) => {
    if (setImmediate) return setImmediate(resolve);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
