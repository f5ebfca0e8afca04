/**
 * `connect --session FILE`: one session, kept between two runs of the command.
 * @module
 */
import {
  accessSync,
  constants,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import type { SessionStore } from "@handclasp/node";
import { UsageError } from "./errors.ts";
import { orFail } from "./files.ts";

export interface SessionFile {
  /** Holds one session, whatever its key: one that does not fit is not resumed, and the next takes its place. */
  readonly store: SessionStore;
  /** Why the session could not be written, where that went wrong. */
  failure(): unknown;
}

/** That it can be written is seen before anything is sent; a file that is not there, or holds something else, is no session. */
export function sessionFile(file: string): SessionFile {
  const what = `--session ${file}`;
  const path = orFail(what, () => usable(file));
  let failure: unknown;
  return {
    store: {
      get: () => readFileSync(path),
      set(_, session) {
        try {
          orFail(what, () => replace(path, session));
        } catch (error) {
          failure = error;
        }
      },
      delete: () => rmSync(path, { force: true }),
    },
    failure: () => failure,
  };
}

/** Where the session goes: behind a link, since what is renamed would replace the link itself. */
function usable(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found && !found.isFile()) throw new UsageError(`--session ${file}: expected a file, or the name for one`);
  // What it says is believed as if it had been verified: its master secret, and the certificates beside it.
  if (found && (found.uid !== (process.getuid?.() ?? found.uid) || (process.getuid && found.mode & 0o022)))
    throw new UsageError(`--session ${file}: others may write to it, and could pass for any server`);
  const path = found ? realpathSync(file) : file;
  if (found) accessSync(path, constants.R_OK);
  accessSync(dirname(path), constants.W_OK);
  return path;
}

/** Whoever reads the file meanwhile has the old session or the new one; and nobody else reads it, whatever mode it had. */
function replace(path: string, session: Uint8Array): void {
  const next = `${path}.${process.pid}`;
  rmSync(next, { force: true });
  try {
    writeFileSync(next, session, { mode: 0o600, flag: "wx" });
    renameSync(next, path);
  } catch (error) {
    rmSync(next, { force: true });
    throw error;
  }
}
