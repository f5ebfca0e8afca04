import { createRequire } from "node:module";
import { cpus, release, totalmem, type } from "node:os";

/** The machine on which the figures were measured. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memory: string;
  readonly kernel: string;
  readonly node: string;
  /** The bufferutil of the `ws` that both sides share. */
  readonly bufferutil: string;
}

export const describeMachine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? "unknown",
  cores: cpus().length,
  memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
  kernel: `${type()} ${release().replace(/-.*/, "")}`,
  node: process.version,
  bufferutil: bufferutil(),
});

/** The kind of bufferutil that `ws` finds, resolved from its own directory. */
function bufferutil(): string {
  try {
    const from = createRequire(createRequire(import.meta.url).resolve("ws"));
    return from("bufferutil") === from("bufferutil/fallback.js") ? "its fallback in JavaScript" : "native";
  } catch {
    return "not installed";
  }
}

/** The machine in one line, for the note of a table. */
export function machineName(): string {
  const { cpu, cores, node } = describeMachine();
  return `${cpu}, ${cores} cores, Node.js ${node}`;
}
