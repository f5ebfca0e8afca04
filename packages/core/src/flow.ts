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
export function* settle<T>(value: Awaitable<T>): Flow<T> {
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
 * const credential = yield* call(() => config.selectCredential(request));
 */
export function* call<T>(hook: () => Awaitable<T>): Flow<T> {
  let result: T | undefined;
  yield () => {
    const value = hook();
    if (!isPromise(value)) {
      result = value;
      return;
    }
    return value.then((v) => {
      result = v;
    });
  };
  return result as T;
}

/**
 * Runs a flow that never waits for bytes, outside of a connection. Synchronous if everything it settles is.
 * @example
 * const peer = await run(verifyCertificatePath(chain, policy));
 */
export function run<T>(flow: Flow<T>): Awaitable<T> {
  let failure: { error: unknown } | undefined;
  for (;;) {
    const step = failure ? flow.throw(failure.error) : flow.next();
    failure = undefined;
    if (step.done) return step.value;
    if (step.value === "bytes") throw new Error("a flow that waits for bytes needs a connection");
    try {
      const pending = typeof step.value === "function" ? step.value() : step.value;
      if (isPromise(pending)) return runLater(flow, pending);
    } catch (error) {
      failure = { error };
    }
  }
}

async function runLater<T>(flow: Flow<T>, first: PromiseLike<unknown>): Promise<T> {
  let pending: PromiseLike<unknown> | void = first;
  for (;;) {
    let step: IteratorResult<Wait, T>;
    try {
      await pending;
    } catch (error) {
      step = flow.throw(error);
      if (step.done) return step.value;
      pending = start(step.value);
      continue;
    }
    step = flow.next();
    if (step.done) return step.value;
    pending = start(step.value);
  }
}

function start(wait: Wait): PromiseLike<unknown> | void {
  if (wait === "bytes") throw new Error("a flow that waits for bytes needs a connection");
  if (typeof wait !== "function") return wait;
  try {
    return wait();
  } catch (error) {
    return Promise.reject(error);
  }
}
