/**
 * A flow is protocol code that reads from top to bottom and does no I/O: a generator that suspends whenever it must
 * wait. It waits for exactly three things: the peer's bytes, a promise of ours, or a call that its driver makes for it.
 * @module
 */

/** A value or a promise of it. A synchronous provider remains synchronous. */
export type Awaitable<T> = T | PromiseLike<T>;

/**
 * The reason why a flow is suspended. The driver calls a function *after* the flow has suspended, so a hook of the
 * application may safely call back into the connection.
 */
export type Wait = "bytes" | PromiseLike<unknown> | (() => Awaitable<void>);

/** A suspended computation that returns `T`. */
export type Flow<T> = Generator<Wait, T, void>;

/** True for anything with a `then`. */
export const isPromise = <T>(value: Awaitable<T>): value is PromiseLike<T> =>
  typeof (value as PromiseLike<T> | undefined | null)?.then === "function";

/** Returns the value, after it has settled if it is a promise. A value that is no promise does not suspend the flow. */
export function* waitFor<T>(value: Awaitable<T>): Flow<T> {
  if (!isPromise(value)) return value;
  let settled: T | undefined;
  yield value.then((v) => {
    settled = v;
  });
  return settled as T;
}

/**
 * Calls a function that is not ours (a hook, a signer, a store) while the flow is suspended, and returns its value.
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
 * Runs a flow outside of a connection; it must not wait for bytes. The result is synchronous if the flow waits for no
 * promise.
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

/** A caller that awaits the promise sees the error. A caller that ignores it does not end the process. */
export function markHandled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(ignore);
  return promise;
}
export const ignore = (): void => {};
