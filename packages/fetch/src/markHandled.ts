/**
 * Marks a rejection of the promise as handled, and returns the promise. A caller that ignores it does not end a process
 * of Node.js. Core's function of this name is not exported, because an export would make the first load of pages longer.
 */
export function markHandled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
