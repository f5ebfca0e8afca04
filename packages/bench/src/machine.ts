import { createRequire } from "node:module";
import { cpus, release, totalmem, type } from "node:os";

/** The machine of a measurement. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memory: string;
  readonly kernel: string;
  readonly node: string;
  /** The kind of bufferutil that `ws` uses, on both sides. */
  readonly bufferutil: string;
}

export const machine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? "unknown",
  cores: cpus().length,
  memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
  kernel: `${type()} ${release().replace(/-.*/, "")}`,
  node: process.version,
  bufferutil: bufferutil(),
});

/** Resolves bufferutil from the directory of `ws`, as `ws` does. */
function bufferutil(): string {
  try {
    const from = createRequire(createRequire(import.meta.url).resolve("ws"));
    return from("bufferutil") === from("bufferutil/fallback.js") ? "its fallback in JavaScript" : "native";
  } catch {
    return "not installed";
  }
}

/** A short description, for a table that is read alone. */
export function machineName(): string {
  const { cpu, cores, node } = machine();
  return `${cpu}, ${cores} cores, Node.js ${node}`;
}
