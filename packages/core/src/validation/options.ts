/**
 * Options as they are given, against the table of the function that takes them. Every option is checked before anything is opened: that it exists, its type,
 * its range. Only `undefined` means "not given"; a value that nobody documented is refused, so it never means "allow".
 *
 * A table is a list of rows, each a type and the options of that type: `"boolean strictSni tickets"`. A type is one or more kinds with `|` between them:
 * what `typeof` says; `any`; `ms`; `bytes`; `named` (a row of ours, such as a suite); `=word`; `least~most` (whole numbers); `kind[]` (a list).
 * `!` behind the type: the option is needed. `provider.canVerify`: an object is known by a property of that type.
 *
 * The first load of a page holds the tables and short errors; `explain.ts` is loaded on the way to an error, and says more.
 * @module
 */
import { configurationError, type TlsError } from "../errors.ts";

/** What is wrong with an option: what `explain` makes the full error from. */
export interface OptionFault {
  /** Neither option nor value: the message says what is wrong, and `explain` adds what to do. */
  readonly option?: string;
  readonly value?: unknown;
  /** The type in the table, or a text; where neither is there, the error says already what there is to say of a value of the right kind. */
  readonly expected?: string;
  /** The option is unknown; these are known. */
  readonly known?: readonly string[];
}

/** Apart from the errors, which outlive the connection and must not keep a secret that was given in the wrong place. */
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

/** The same error, which `explain` finds a better one for if it can. */
export function withFault(error: TlsError, fault: OptionFault): TlsError {
  faults.set(error, fault);
  return error;
}

/** A configuration error about more than one option. What to do about it is a part of the explanations. */
export const briefError = (message: string): TlsError => withFault(configurationError(message), {});

/**
 * The options of a table in a plain object of their own, each read once, wherever in the prototype chain it stands: options may be an instance of a class, or
 * inherit defaults. What every object has is no option, so nobody who pollutes Object.prototype turns `insecure` on.
 * @param prefix of options inside another one, such as `"psk."`
 * @throws TlsError `configuration` for an option that is unknown, of another type, or out of range
 * @example
 * const { tickets = true } = optionsOf(options, ["boolean tickets"]);
 */
export function optionsOf<T extends object>(options: T, rows: readonly string[], prefix = ""): T {
  if (typeof options !== "object" || !options || "then" in options)
    throw wrongOption(prefix.slice(0, -1) || "options", options, "object");
  const given = options as Bag;
  const { names, entries } = tableOf(rows);
  const all: Bag = Object.create(null);
  const everys: Bag = {};
  for (const option of names) {
    const value = given[option];
    if (value !== undefined && value !== everys[option]) all[option] = value;
  }
  for (const option in given)
    if (!names.has(option) && given[option] !== everys[option])
      throw wrongOption(prefix + option, given[option], "", [...names]);
  for (const { option, property, type, isNeeded, tests } of entries) {
    const value = all[option];
    const tested = property ? (value as Bag | null | undefined)?.[property] : value;
    if ((value !== undefined || isNeeded) && !tests.some((test) => test(tested)))
      throw wrongOption(prefix + option, value, property ? `${type} ${property}` : type);
  }
  return all as T;
}

type Bag = Record<string, unknown>;

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

/** A table is read once: to read it takes longer than to check what a connection is given. */
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
    const fits = testOf(kind.slice(0, -2));
    // A hole is undefined here; `every` of the list itself would pass over it.
    return (value) => Array.isArray(value) && [...value].every(fits);
  }
  const [least, most] = kind.split("~").map(Number) as [number, number?];
  if (most !== undefined)
    return (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
  if (kind === "any") return (value) => value != null;
  // A host's timer fires at once for more.
  if (kind === "ms") return (value) => typeof value === "number" && value > 0 && value < 2 ** 31;
  if (kind === "bytes") return (value) => value instanceof Uint8Array;
  if (kind === "named") return (value) => typeof (value as Bag | null | undefined)?.name === "string";
  return (value) => value !== null && (typeof value === kind || (typeof value === "string" && kind === `=${value}`));
}
