/** The results of one engine with one class: what `--save` writes and `--own` reads. */
export interface Results {
  readonly engine: string;
  readonly version: string;
  readonly results: readonly PageResult[];
}

export interface PageResult {
  readonly path: string;
  readonly file: string;
  readonly tests: readonly Subtest[];
  /** Why there is no report, or why the harness itself failed. */
  readonly failure?: string | undefined;
}

export interface Subtest {
  readonly name: string;
  readonly status: string;
  readonly message?: string | null | undefined;
}

/** A subtest that passes with the engine's own class and not with ours. */
export interface Loss {
  readonly file: string;
  readonly path: string;
  readonly name: string;
  readonly how: string;
}

export interface Comparison {
  /** Files and subtests, of both classes. */
  readonly files: number;
  readonly filesPassed: { readonly own: number; readonly ours: number };
  readonly subtests: number;
  readonly passed: { readonly own: number; readonly ours: number };
  readonly lost: readonly Loss[];
  readonly won: number;
}

/** The ports of a run are part of some names. */
const nameOf = ({ name }: Subtest): string => name.replace(/localhost:\d+/g, "localhost:PORT");
const isPass = (test: Subtest | undefined): boolean => test?.status === "PASS";

/** Compares the pages that both runs have. */
export function compare(own: Results, ours: Results, selects: (file: string) => boolean): Comparison {
  const oursByPath = new Map(ours.results.map((page) => [page.path, page]));
  const pairs = own.results.flatMap((page) => {
    const other = oursByPath.get(page.path);
    return other && selects(page.file) ? [{ page, other }] : [];
  });
  const lost: Loss[] = [];
  let won = 0;
  for (const { page, other } of pairs) {
    const byName = new Map(other.tests.map((test) => [nameOf(test), test]));
    for (const test of page.tests) {
      const its = byName.get(nameOf(test));
      if (isPass(test) && !isPass(its)) {
        const how = its ? `${its.status}: ${its.message ?? ""}` : `not reported: ${other.failure ?? ""}`;
        lost.push({ file: page.file, path: page.path, name: nameOf(test), how: how.replace(/\s+/g, " ") });
      } else if (!isPass(test) && isPass(its)) won++;
    }
  }
  const side = (pages: readonly PageResult[]): { files: number; subtests: number } => {
    const failed = new Set(pages.filter((page) => page.failure || !page.tests.every(isPass)).map(({ file }) => file));
    return {
      files: new Set(pages.map(({ file }) => file)).size - failed.size,
      subtests: pages.flatMap(({ tests }) => tests).filter(isPass).length,
    };
  };
  const [ownSide, oursSide] = [side(pairs.map(({ page }) => page)), side(pairs.map(({ other }) => other))];
  return {
    files: new Set(pairs.map(({ page }) => page.file)).size,
    filesPassed: { own: ownSide.files, ours: oursSide.files },
    subtests: pairs.flatMap(({ page }) => page.tests).length,
    passed: { own: ownSide.subtests, ours: oursSide.subtests },
    lost,
    won,
  };
}
