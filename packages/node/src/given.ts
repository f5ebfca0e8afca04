import { configurationError } from "@handclasp/core/unstable";

/** Refuses a value that is given and that nobody documented. As in core: only `undefined` means "not given". */
export function given(option: string, value: unknown, fits: unknown, allowed: string): void {
  if (value !== undefined && !fits)
    throw configurationError(`${option}: ${value === null ? value : typeof value}`, allowed);
}

export const hook = (option: string, value: unknown): void =>
  given(option, value, typeof value === "function", "a function");
