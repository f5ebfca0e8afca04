import { explanationTimeout } from "../limits.ts";

/** `undefined` where the part does not load, or not soon: a network that hangs must not hold an error back. */
export function loadWithTimeout<T>(loading: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), explanationTimeout);
    const settle = (loaded?: T): void => {
      clearTimeout(timer);
      resolve(loaded);
    };
    loading.then(settle, () => settle());
  });
}
