import { configurationError } from "../errors.ts";
import { explanationTimeout } from "../limits.ts";
import { explanations } from "./late.ts";
import { faults } from "./options.ts";

/** `undefined` where the chunk does not load, or not soon: a network that hangs must not hold an error back. */
function inTime<T>(loading: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), explanationTimeout);
    const settle = (loaded?: T): void => {
      clearTimeout(timer);
      resolve(loaded);
    };
    loading.then(settle, () => settle());
  });
}

/** Does what a function with options does; where an option is wrong, the error says how to put it right. */
export async function explained<T>(act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const fault = faults.get(error as object);
    // The short error will do where the chunk does not load.
    const { explain } = (fault && (await inTime(explanations()))) ?? {};
    const better = fault && explain?.(fault, (error as Error).message);
    throw better ? configurationError(...better) : error;
  }
}
