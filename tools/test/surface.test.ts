import { expect, test } from "vitest";

type Surface = Record<string, unknown>;

/**
 * Loads the sources of a package's main entry, which export the same names as the declarations.
 */
const load = async (name: string): Promise<Surface> => {
  return (await import(new URL(`../../packages/${name}/src/index.ts`, import.meta.url).href)) as Surface;
};

/** Whether `value` is a row: a suite, group or signature scheme, with its number on the wire and its name. */
const isRow = (value: unknown): boolean => {
  return typeof value === "object" && value !== null && "id" in value && "name" in value;
};
const isRows = (value: unknown): boolean => Array.isArray(value) && value.length > 0 && value.every(isRow);

test.each([
  ["node", 30],
  ["browser", 20],
])(
  "@handclasp/%s exports at most %i values in addition to the rows and lists of suites, groups and schemes",
  async (name, limit) => {
    const surface = Object.entries(await load(name));
    const rows = surface.filter(([, value]) => isRow(value) || isRows(value));
    const others = surface.filter((entry) => !rows.includes(entry)).map(([key]) => key);
    expect(rows.length).toBeGreaterThan(50);
    expect(others).toContain("connect");
    expect(others.length, others.join(", ")).toBeLessThanOrEqual(limit);
  },
);
