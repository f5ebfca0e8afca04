import { type Awaitable, isPromise } from "../flow.ts";
import { asHookError } from "./errors.ts";

/** What a flow is told of that waited in vain. */
export interface Failure {
  readonly error: unknown;
}

/**
 * What a suspended flow waits for, begun. A promise of ours is as it is; a call is made now, while the flow is suspended, so that a hook may close the
 * connection. An error of a hook is the application's, also where it is a TlsError: that is of another connection.
 */
export function start(
  wait: PromiseLike<unknown> | (() => Awaitable<void>),
): PromiseLike<unknown> | Failure | undefined {
  if (typeof wait !== "function") return wait;
  try {
    const pending = wait();
    return isPromise(pending) ? pending.then(null, (error: unknown) => Promise.reject(asHookError(error))) : undefined;
  } catch (error) {
    return { error: asHookError(error) };
  }
}
