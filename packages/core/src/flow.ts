/**
 * A flow is protocol code in the form of a generator: it reads from top to bottom, does no I/O, and suspends when it
 * must wait. A flow waits for one of three things: bytes from the peer, a promise of ours, or a call that its driver
 * makes for the flow.
 * @module
 */

/** A value or a promise of it. Code that gets only values, such as a synchronous provider's, stays synchronous. */
export type Awaitable<T> = T | PromiseLike<T>;

/**
 * The reason why a flow is suspended. The driver calls a function *after* the flow has suspended, so a hook of the
 * application may safely call back into the connection.
 */
export type Wait = "bytes" | PromiseLike<unknown> | (() => Awaitable<void>);

/** A suspended computation that returns `T`. */
export type Flow<T> = Generator<Wait, T, void>;

/** True for any value with a method `then`. */
export const isPromise = <T>(value: Awaitable<T>): value is PromiseLike<T> =>
  typeof (value as PromiseLike<T> | undefined | null)?.then === "function";

/** Returns the value. A promise suspends the flow until it settles; any other value does not suspend the flow. */
export function* waitFor<T>(value: Awaitable<T>): Flow<T> {
  if (!isPromise(value)) return value;
  let settled: T | undefined;
  yield value.then((v) => {
    settled = v;
  });
  return settled as T;
}

/**
 * Calls a function of the application (a hook, a signer, a store) while the flow is suspended, and returns the
 * function's result.
 * @example
 * function* sessionFlow(store: SessionStore, key: string): Flow<Uint8Array | undefined> {
 *   return yield* callHook(() => store.get(key));
 * }
 */
export function* callHook<T>(hook: () => Awaitable<T>): Flow<T> {
  let result: T | undefined;
  const keep = (value: T): void => {
    result = value;
  };
  yield () => {
    const value = hook();
    return isPromise(value) ? value.then(keep) : keep(value);
  };
  return result as T;
}

/**
 * Runs a flow outside a connection. The flow must not wait for bytes. Returns the result, or a promise of it if the
 * flow waits for a promise.
 * @example
 * const verifyOwnChain = async (chain: readonly Certificate[]): Promise<void> => runFlow(verifyChain(chain, noble));
 */
export const runFlow = <T>(flow: Flow<T>): Awaitable<T> => advance(flow, flow.next());

function advance<T>(flow: Flow<T>, first: IteratorResult<Wait, T>): Awaitable<T> {
  let step = first;
  while (!step.done) {
    const wait = step.value;
    if (wait === "bytes") throw new Error("a flow that waits for bytes needs a connection");
    let pending: Awaitable<unknown>;
    try {
      pending = typeof wait === "function" ? wait() : wait;
    } catch (error) {
      step = flow.throw(error);
      continue;
    }
    if (isPromise(pending))
      return pending.then(
        () => runFlow(flow),
        (error: unknown) => advance(flow, flow.throw(error)),
      );
    step = flow.next();
  }
  return step.value;
}

/**
 * Marks a rejection of the promise as handled, and returns the promise. A caller that awaits the promise still gets the
 * error. Without the mark, a caller that ignores the promise would end a process of Node.js.
 */
export function markHandled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(ignore);
  return promise;
}
export const ignore = (): void => {};
