/**
 * Checks the options of the test kit, as core checks those of connections.
 * @module
 */
import { configurationError, optionsOf } from "@handclasp/core/unstable";
import { withExplanationSync } from "@handclasp/core/unstable/engine";

/**
 * The options of a function: the type of each one, as in a table of core, perhaps with a property that it must have,
 * and a text that says what the option accepts.
 */
export type OptionTable = Readonly<Record<string, readonly [type: string, accepts: string]>>;

/**
 * Returns a copy of the options.
 * @param prefix the path of options inside another option, such as `"fault."`
 * @throws TlsError `configuration` for an option that is unknown, missing, of another type, or out of range
 */
export function checkedOptions<T extends object>(options: T, table: OptionTable, prefix = ""): T {
  const known = withExplanationSync(() => optionsOf(options, [`any ${Object.keys(table).join(" ")}`], prefix));
  for (const [name, [type, accepts]] of Object.entries(table)) {
    const value: unknown = known[name as keyof T];
    try {
      optionsOf({ [name]: value }, [type.includes(" ") ? type : `${type} ${name}`]);
    } catch {
      throw configurationError(`${prefix}${name}: ${found(value)}`, `give ${accepts}`);
    }
  }
  return known;
}

/** A text could be a secret in the wrong place, so it is not repeated. */
function found(value: unknown): string {
  if (value === undefined) return "missing";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof (value as PromiseLike<unknown>).then === "function" ? "a Promise" : `a wrong ${typeof value}`;
}
