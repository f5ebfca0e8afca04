import { type Awaitable, isPromise } from "../flow.ts";
import { asHookError } from "./errors.ts";

/** The error of a promise or a hook. The engine throws it into the flow that waits, if the handshake is not done. */
export interface Thrown {
  readonly error: unknown;
}

/**
 * Begins the wait of a suspended flow. Returns a promise as it is. Calls a hook now, while the flow is suspended, so
 * that the hook may close the connection. `asHookError` converts the error that a hook throws.
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
