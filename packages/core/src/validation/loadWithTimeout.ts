import { explanationTimeout } from "../limits.ts";

/** Resolves to `undefined` if loading fails or takes too long: a network that hangs must not hold an error back. */
export function loadWithTimeout<T>(loading: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), explanationTimeout);
    const finish = (loaded?: T): void => {
      clearTimeout(timer);
      resolve(loaded);
    };
    loading.then(finish, () => finish());
  });
}
