/**
 * `connect --record FILE`: writes the trace of a connection as a recording of the inspector.
 * @module
 */
import { closeSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { maxBytes, maxEvents, recordingToJson } from "@handclasp/inspector/headless";
import type { TraceEvent, TraceListener } from "@handclasp/node";
import { UsageError } from "./errors.ts";
import { orFail } from "./files.ts";

export interface Recorder {
  readonly listener: TraceListener;
  /** Writes the file. */
  end(): void;
}

/**
 * Opens a file next to `file` at once, so that a wrong path is an error before the connection. `end` puts it in place
 * of `file`, whose old content, mode and links therefore do not matter: only its owner can read the recording. The
 * recording ends after the events and bytes that the inspector shows.
 */
export function recorderTo(file: string): Recorder {
  const what = `--record ${file}`;
  if (statSync(file, { throwIfNoEntry: false })?.isFile() === false)
    throw new UsageError(`${what}: expected a file, or a name for a new one`);
  const next = `${file}.${process.pid}`;
  const handle = orFail(what, () => openSync(next, "wx", 0o600));
  const events: TraceEvent[] = [];
  let bytes = 0;
  return {
    listener(event) {
      if (event.type === "record") bytes += event.fragment.length;
      if (events.length < maxEvents && bytes <= maxBytes) events.push(event);
    },
    end() {
      orFail(what, () => {
        try {
          writeSync(handle, recordingToJson({ role: "client", events }));
          closeSync(handle);
          renameSync(next, file);
        } catch (error) {
          rmSync(next, { force: true });
          throw error;
        }
      });
    },
  };
}
