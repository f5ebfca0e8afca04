import { join } from "node:path";
import { getHeapCodeStatistics, queryObjects, setFlagsFromString, writeHeapSnapshot } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Rest } from "./protocol.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const timer = setTimeout(() => {}, 0);
clearTimeout(timer);
const Timeout = timer.constructor;

/** Kinds that come and go with a message, or belong to the process itself. */
const others = new Set(["Immediate", "TickObject", "PipeWrap", "TTYWrap", "FSReqCallback", "FSReqPromise"]);

/** Collects the garbage several times, with turns between for finalizers, and measures. */
export async function restOf(connections: number): Promise<Rest> {
  let heap = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 20));
    heap = Math.min(heap, process.memoryUsage().heapUsed);
  }
  const { external } = process.memoryUsage();
  const timers = queryObjects(Timeout, { format: "count" });
  const code = getHeapCodeStatistics().code_and_metadata_size;
  const folder = process.env.HANDCLASP_SOAK_SNAPSHOTS;
  if (folder) writeHeapSnapshot(join(folder, `${process.pid}-${Date.now()}.heapsnapshot`));
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo().sort())
    if (!others.has(kind)) resources[kind] = (resources[kind] ?? 0) + 1;
  return { heap, code, external, timers, connections, resources };
}
