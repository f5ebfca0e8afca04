/** The corpus next to the repository, or the one that HANDCLASP_LIMBO names. The tests in a page receive it too. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** The text of the corpus. Empty if no corpus was found. */
    limbo: string;
  }
}

const path =
  process.env.HANDCLASP_LIMBO ?? fileURLToPath(new URL("../../../../../shared/x509/limbo-dev.json", import.meta.url));

/** The text of the corpus. Empty if no corpus was found. */
export const limboText = (): string => (existsSync(path) ? readFileSync(path, "utf8") : "");

export default function setup(project: TestProject): void {
  project.provide("limbo", limboText());
}
