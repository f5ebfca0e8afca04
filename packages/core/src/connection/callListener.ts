import { isPromise } from "../flow.ts";

/** A listener that throws, or rejects, must end neither the connection nor the process: its error is printed where people look. */
export function callListener(listener: () => unknown): void {
  try {
    const result = listener();
    if (isPromise(result)) result.then(null, print);
  } catch (error) {
    print(error);
  }
}

const print = (error: unknown): void => console.error("handclasp: a listener of the application threw:", error);
