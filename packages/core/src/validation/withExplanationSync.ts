import { configurationError } from "../errors.ts";
import { explain } from "./explain.ts";
import { faults } from "./options.ts";

/** Like `withExplanation`, for synchronous functions, whose bundle contains the explanations. */
export function withExplanationSync<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    const fault = faults.get(error as object);
    const better = fault && explain(fault, (error as Error).message);
    throw better ? configurationError(...better) : error;
  }
}
