import { configurationError } from "../errors.ts";
import { loadExplanations } from "./lazy.ts";
import { faults } from "./options.ts";

/** Runs `act`. If an option is wrong, rejects with an error that says how to correct the option. */
export async function withExplanation<T>(act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const fault = faults.get(error as object);
    // If the explanations do not load, the short error is thrown.
    const { explain } = (fault && (await loadExplanations())) ?? {};
    const better = fault && explain?.(fault, (error as Error).message);
    throw better ? configurationError(...better) : error;
  }
}
