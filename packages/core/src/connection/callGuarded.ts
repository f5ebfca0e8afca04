import { isPromise } from "../flow.ts";

/**
 * Calls a function whose failure must not reach the caller, such as a listener of the application or a transport's
 * `nextTurn`. If it throws or rejects, the error goes to the console, and neither the connection nor the process ends.
 */
export function callGuarded(callback: () => unknown): void {
  try {
    const result = callback();
    if (isPromise(result)) result.then(null, print);
  } catch (error) {
    print(error);
  }
}

const print = (error: unknown): void => console.error("handclasp: a callback failed:", error);
