import type { FleetEvent, FleetLog, Operation } from "./events.ts";
import { logInterval } from "./limits.ts";

/**
 * Writes events as lines of a log, and returns what `log` returned. While Redis is gone, each handshake may fail to
 * reach it: not one line for each.
 */
export function logger(log: FleetLog): (event: FleetEvent) => unknown {
  const last = new Map<Operation, { time: number; dropped: number }>();
  return (event) => {
    if (event.type === "paused") return log("warn", { event: "paused" }, "Redis does not answer: no sessions for now");
    if (event.type === "rotated")
      return log("info", { event: "rotated", from: new Date(event.from).toISOString() }, "made the next ticket key");
    const { operation, error } = event;
    const now = performance.now();
    const entry = last.get(operation);
    if (entry && now - entry.time < logInterval) {
      entry.dropped++;
      return undefined;
    }
    last.set(operation, { time: now, dropped: 0 });
    const object = { event: "error", operation, err: error, dropped: entry?.dropped ?? 0 };
    // Without new keys, sessions end when the old ones expire.
    const level = operation === "read" || operation === "rotate" ? "error" : "warn";
    return log(level, object, "Redis failed: handshakes go on without it");
  };
}
