import type { FleetErrorReason, FleetEvent, FleetLog } from "./events.ts";
import { logInterval } from "./limits.ts";

const messages: Readonly<Record<FleetErrorReason, string>> = {
  no_answer: "Redis failed: handshakes go on without it",
  failed: "Redis failed: handshakes go on without it",
  unexpected_reply: "Redis answered with nonsense: handshakes go on without it",
  altered: "another program wrote our values in Redis",
  clock: "a clock is wrong: check the clocks of all processes and of Redis",
  lock: "another program wrote the lock in Redis",
};

/**
 * Writes events as lines of a log, and returns what `log` returned. While Redis is gone, each handshake may fail to
 * reach it: not one line for each.
 */
export function logger(log: FleetLog): (event: FleetEvent) => unknown {
  const last = new Map<string, { time: number; dropped: number }>();
  return (event) => {
    if (event.type === "paused") return log("warn", { event: "paused" }, "Redis does not answer: no sessions for now");
    if (event.type === "rotated")
      return log("info", { event: "rotated", from: new Date(event.from).toISOString() }, "made the next ticket key");
    const { operation, reason, error } = event;
    const kind = `${operation} ${reason}`;
    const now = performance.now();
    const entry = last.get(kind);
    if (entry && now - entry.time < logInterval) {
      entry.dropped++;
      return undefined;
    }
    last.set(kind, { time: now, dropped: 0 });
    const object = { event: "error", operation, reason, err: error, dropped: entry?.dropped ?? 0 };
    // Without new keys, sessions end when the old ones expire.
    const level = operation === "read" || operation === "rotate" ? "error" : "warn";
    return log(level, object, messages[reason]);
  };
}
