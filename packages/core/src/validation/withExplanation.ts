import { configurationError } from "../errors.ts";
import { loadExplanations } from "./lazy.ts";
import { faults } from "./options.ts";

/** Runs `act`; if an option is wrong, replaces the error by one that says how to correct it. */
export async function withExplanation<T>(act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const fault = faults.get(error as object);
    // The short error is thrown if the explanations do not load.
    const { explain } = (fault && (await loadExplanations())) ?? {};
    const better = fault && explain?.(fault, (error as Error).message);
    throw better ? configurationError(...better) : error;
  }
}
