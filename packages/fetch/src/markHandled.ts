/**
 * Marks a rejection of the promise as handled, and returns the promise. A caller that ignores it does not end a process
 * of Node.js. Core has the same function, but an export of it would make the first load of pages longer.
 */
export function markHandled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
