import { isPromise } from "../flow.ts";

/**
 * Calls a listener of the application. If it throws or rejects, the error goes to the console, and neither the
 * connection nor the process ends.
 */
export function callListener(listener: () => unknown): void {
  try {
    const result = listener();
    if (isPromise(result)) result.then(null, print);
  } catch (error) {
    print(error);
  }
}

const print = (error: unknown): void => console.error("handclasp: a listener of the application threw:", error);
