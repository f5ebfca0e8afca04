/**
 * Calls a function of the application whose result does not matter, such as a listener. Any peer can cause the call, so
 * a function that throws, or returns a promise that rejects, must not end the process.
 * @param name the option
 */
export function notify(name: string, call: () => unknown): void {
  const failed = (thrown: unknown): void => console.error(`handclasp: ${name} of the application threw:`, thrown);
  try {
    const result = call();
    if (isPromise(result)) Promise.resolve(result).catch(failed);
  } catch (thrown) {
    failed(thrown);
  }
}

export const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function";
