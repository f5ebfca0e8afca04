import { parseArgs } from "node:util";

/**
 * The arguments of a command whose options are numbers above 0. Prints the usage and ends the process if they are
 * wrong, or with `--help`.
 */
export function numbersOf<Name extends string>(
  usage: string,
  byDefault: Readonly<Record<Name, number>>,
): Readonly<Record<Name, number>> {
  const names = Object.keys(byDefault) as Name[];
  const text = { type: "string" } as const;
  try {
    const options = { help: { type: "boolean" } as const, ...Object.fromEntries(names.map((name) => [name, text])) };
    const { values } = parseArgs({ options }) as { values: Readonly<Record<string, string | boolean>> };
    if (values.help === true) {
      console.log(usage);
      process.exit();
    }
    const numbers = names.map((name) => [name, Number(values[name] ?? byDefault[name])] as const);
    const wrong = numbers.find(([, number]) => !(number > 0 && number < 1e6));
    if (wrong) throw new Error(`--${wrong[0]} takes a number`);
    return Object.fromEntries(numbers) as Record<Name, number>;
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    process.exit(2);
  }
}
