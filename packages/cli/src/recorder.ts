/**
 * `connect --record FILE`: writes the trace of a connection as a recording of the inspector.
 * @module
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { maxBytes, maxEvents, recordingToJson } from "@handclasp/inspector/headless";
import type { TraceEvent, TraceListener } from "@handclasp/node";
import { orFail } from "./files.ts";

export interface Recorder {
  readonly listener: TraceListener;
  /** Writes the file. */
  end(): void;
}

/**
 * Opens the file at once, so that a wrong path is an error before the connection. Only its owner can read a new file.
 * The recording ends after the events and bytes that the inspector shows.
 */
export function recorderTo(file: string): Recorder {
  const handle = orFail(`--record ${file}`, () => openSync(file, "w", 0o600));
  const events: TraceEvent[] = [];
  let bytes = 0;
  return {
    listener(event) {
      if (event.type === "record") bytes += event.fragment.length;
      if (events.length < maxEvents && bytes <= maxBytes) events.push(event);
    },
    end() {
      orFail(`--record ${file}`, () => {
        writeSync(handle, recordingToJson({ role: "client", events }));
        closeSync(handle);
      });
    },
  };
}
