/**
 * A flow is protocol text that reads top to bottom and does no I/O: a generator that suspends whenever it must wait.
 * It waits for exactly three things: the peer's bytes, a promise of ours, or a call that its driver makes for it.
 * @module
 */

/** A value, or a promise of it: synchronous providers stay synchronous. */
export type Awaitable<T> = T | PromiseLike<T>;

/** What a suspended flow waits for. A function is called by the driver *after* the flow has suspended, so that a hook of the user may safely call back into the connection. */
export type Wait = "bytes" | PromiseLike<unknown> | (() => Awaitable<void>);

/** A suspended computation that returns `T`. */
export type Flow<T> = Generator<Wait, T, void>;

/** True for anything with a `then`. */
export const isPromise = <T>(value: Awaitable<T>): value is PromiseLike<T> =>
  typeof (value as PromiseLike<T> | undefined | null)?.then === "function";

/** The value of something that may be a promise. Costs nothing where it is none. */
export function* waitFor<T>(value: Awaitable<T>): Flow<T> {
  if (!isPromise(value)) return value;
  let settled: T | undefined;
  yield value.then((v) => {
    settled = v;
  });
  return settled as T;
}

/**
 * The value of a function that is not ours (a hook, a signer, a store). It runs while the flow is suspended.
 * @example
 * const credential = yield* callHook(() => config.selectCredential(request));
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
 * Runs a flow that never waits for bytes, outside of a connection. Synchronous if everything it settles is.
 * @example
 * const peer = await runFlow(verifyCertificatePath(chain, policy));
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

/** Whoever awaits it sees the error; nobody having to must not end the process. */
export function markHandled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(ignore);
  return promise;
}
export const ignore = (): void => {};
