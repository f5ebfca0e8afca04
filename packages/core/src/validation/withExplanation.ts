import { configurationError } from "../errors.ts";
import { loadExplanations } from "./lazy.ts";
import { faults } from "./options.ts";

/** Does what a function with options does; where an option is wrong, the error says how to put it right. */
export async function withExplanation<T>(act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const fault = faults.get(error as object);
    // The short error will do where the chunk does not load.
    const { explain } = (fault && (await loadExplanations())) ?? {};
    const better = fault && explain?.(fault, (error as Error).message);
    throw better ? configurationError(...better) : error;
  }
}
