import { type Awaitable, isPromise } from "../flow.ts";
import { asHookError } from "./errors.ts";

/** The error of a promise or of a hook, for the flow that waits for it. */
export interface Thrown {
  readonly error: unknown;
}

/**
 * Begins what a suspended flow waits for. A promise is returned as it is. A hook is called now, while the flow is
 * suspended, so that it may close the connection. `asHookError` converts what a hook throws, a TlsError of another
 * connection included.
 */
export function beginWait(
  wait: PromiseLike<unknown> | (() => Awaitable<void>),
): PromiseLike<unknown> | Thrown | undefined {
  if (typeof wait !== "function") return wait;
  try {
    const pending = wait();
    return isPromise(pending) ? pending.then(null, (error: unknown) => Promise.reject(asHookError(error))) : undefined;
  } catch (error) {
    return { error: asHookError(error) };
  }
}
