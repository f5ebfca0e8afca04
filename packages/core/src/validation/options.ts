/**
 * Checks the names, types and ranges of options against a table. A function checks its options before it opens a
 * connection. Only `undefined` means "not given". Every undocumented value is an error, so that none can mean "allow".
 *
 * A table is a list of rows. A row is a type and the options of that type: `"boolean strictSni tickets"`. A type is one
 * or more kinds with `|` between them. A kind is a result of `typeof`; `any` (neither null nor undefined); `ms`
 * (milliseconds); `bytes`; `named` (an object with a name, such as a suite); `=word` (this text); `least~most` (a range
 * of whole numbers); or `kind[]` (a list). `!` after the type makes the option mandatory. `provider.canVerify` means
 * that the object has a property `canVerify` of the row's type.
 *
 * The first load of a page contains the tables and short errors. When an option is wrong, `explain.ts` is loaded, which
 * makes the full error.
 * @module
 */
import { configurationError, type TlsError } from "../errors.ts";

/** The fault of an option, from which `explain` makes the full error. */
export interface OptionFault {
  /** The name of the option. If it is absent, the message is complete, and `explain` adds only the advice. */
  readonly option?: string;
  readonly value?: unknown;
  /**
   * The expected type as in the table, or as a text. If it is absent, `explain` makes a full error only for a mistake
   * that it recognises.
   */
  readonly expected?: string;
  /** The known options, if the option is not one of them. */
  readonly known?: readonly string[];
}

/**
 * The fault of each error. It is not a property of the error, because a log of the error would then show the value,
 * which may be a secret in the wrong place.
 */
export const faults: WeakMap<object, OptionFault> = new WeakMap();

/** A configuration error about one option. It does not repeat the value. */
export const wrongOption = (option: string, value: unknown, expected: string, known?: readonly string[]): TlsError =>
  known
    ? withFault(configurationError(`unknown option ${option}`, `known are ${known.join(", ")}`), {
        option,
        value,
        known,
      })
    : withFault(configurationError(`${option}: wrong value`, `expected ${expected}`), { option, value, expected });

/** Records the fault of an error, so that `withExplanation` can replace the error by a full one. Returns the error. */
export function withFault(error: TlsError, fault: OptionFault): TlsError {
  faults.set(error, fault);
  return error;
}

/** A configuration error whose advice is in `remedies` of `words.ts`, such as one about several options. */
export const errorWithRemedy = (message: string): TlsError => withFault(configurationError(message), {});

/**
 * Checks options against a table, and copies them into an object without a prototype. It reads each option once. An
 * option may be inherited, because `options` may be an instance of a class or inherit defaults. A property that every
 * object has is not an option, so that a polluted Object.prototype cannot turn `insecure` on.
 * @param prefix the path of options inside another option, such as `"psk."`
 * @throws TlsError `configuration` for an option that is unknown, of another type, or out of range
 * @example
 * const { tickets = true } = optionsOf({ tickets: false }, ["boolean tickets"]);
 */
export function optionsOf<T extends object>(options: T, rows: readonly string[], prefix = ""): T {
  if (typeof options !== "object" || !options || "then" in options)
    throw wrongOption(prefix.slice(0, -1) || "options", options, "object");
  const source = options as Properties;
  const { names, entries } = tableOf(rows);
  const result: Properties = Object.create(null);
  const inheritedByAll: Properties = {};
  for (const option of names) {
    const value = source[option];
    if (value !== undefined && value !== inheritedByAll[option]) result[option] = value;
  }
  for (const option in source)
    if (!names.has(option) && source[option] !== inheritedByAll[option])
      throw wrongOption(prefix + option, source[option], "", [...names]);
  for (const { option, property, type, isNeeded, tests } of entries) {
    const value = result[option];
    const tested = property ? (value as Properties | null | undefined)?.[property] : value;
    if ((value !== undefined || isNeeded) && !tests.some((test) => test(tested)))
      throw wrongOption(prefix + option, value, property ? `${type} ${property}` : type);
  }
  return result as T;
}

type Properties = Record<string, unknown>;

interface Table {
  readonly names: ReadonlySet<string>;
  readonly entries: readonly Entry[];
}

interface Entry {
  readonly option: string;
  readonly property: string | undefined;
  readonly type: string;
  readonly isNeeded: boolean;
  readonly tests: readonly ((value: unknown) => boolean)[];
}

/** The parsed tables. Parsing a table takes longer than checking the options of a connection. */
const tables = new WeakMap<readonly string[], Table>();

function tableOf(rows: readonly string[]): Table {
  let table = tables.get(rows);
  if (!table) {
    const entries = rows.flatMap((row) => {
      const [kinds = "", ...paths] = row.split(" ");
      const type = kinds.replace("!", "");
      const tests = type.split("|").map(testOf);
      return paths.map((path) => {
        const [option = "", property] = path.split(".");
        return { option, property, type, isNeeded: type !== kinds, tests };
      });
    });
    table = { names: new Set(entries.map(({ option }) => option)), entries };
    tables.set(rows, table);
  }
  return table;
}

function testOf(kind: string): (value: unknown) => boolean {
  if (kind.endsWith("[]")) {
    const test = testOf(kind.slice(0, -2));
    // The copy has `undefined` for each hole of the list, which `every` of the list itself would skip.
    return (value) => Array.isArray(value) && [...value].every(test);
  }
  const [least, most] = kind.split("~").map(Number) as [number, number?];
  if (most !== undefined)
    return (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
  if (kind === "any") return (value) => value != null;
  // The timers of hosts fire at once if the delay is longer.
  if (kind === "ms") return (value) => typeof value === "number" && value > 0 && value < 2 ** 31;
  if (kind === "bytes") return (value) => value instanceof Uint8Array;
  if (kind === "named") return (value) => typeof (value as Properties | null | undefined)?.name === "string";
  return (value) => value !== null && (typeof value === kind || (typeof value === "string" && kind === `=${value}`));
}
