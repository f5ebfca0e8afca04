/** The corpus beside the repository, or the one that HANDCLASP_LIMBO names; also given to the tests in a page. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** Its text, empty where it is absent. */
    limbo: string;
  }
}

const path =
  process.env.HANDCLASP_LIMBO ?? fileURLToPath(new URL("../../../../../shared/x509/limbo-dev.json", import.meta.url));

/** Empty where it is absent. */
export const limboText = (): string => (existsSync(path) ? readFileSync(path, "utf8") : "");

export default function setup(project: TestProject): void {
  project.provide("limbo", limboText());
}
