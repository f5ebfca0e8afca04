/** A program for a runtime, and its start. */
export interface Program {
  /** The script, as a file that ends in `.mjs`. */
  readonly file: string;
  /** The origin of the runner's HTTP server, which serves the script. */
  readonly origin: string;
}

export interface Launched {
  readonly version: string;
  /** Rejects if the runtime ends by itself. */
  readonly ended: Promise<never>;
  close(): Promise<void>;
}

export type Launch = (program: Program) => Promise<Launched>;

/** Thrown if a runtime is not installed and cannot be installed. */
export class Missing extends Error {}

/** For runtimes whose end shows only in a missing report. */
export const never: Promise<never> = new Promise(() => {});
