import { explanationTimeout } from "../limits.ts";

/**
 * Resolves to `undefined` if loading fails or takes longer than `explanationTimeout`, so that a network that hangs
 * cannot hold an error back.
 */
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
