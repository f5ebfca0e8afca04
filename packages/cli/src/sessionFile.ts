/**
 * `connect --session FILE`: keeps a session between runs of the command.
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
  /**
   * A store of one session that ignores the key. The client does not resume a session of another configuration, and a
   * new session replaces it.
   */
  readonly store: SessionStore;
  /** The error with which writing the session failed, or `undefined`. */
  failure(): unknown;
}

/**
 * Checks, before the client sends anything, that the file can be replaced and that other users cannot write to it. A
 * file that is missing or has another content counts as no session.
 */
export function sessionFile(file: string): SessionFile {
  const what = `--session ${file}`;
  const path = orFail(what, () => resolveFile(file));
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

/** The path to write to. It follows a symbolic link, because `renameSync` would replace the link itself. */
function resolveFile(file: string): string {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats && !stats.isFile()) throw new UsageError(`--session ${file}: expected a file, or a name for a new one`);
  // The client trusts the file's master secret and certificates as if it had verified them.
  if (stats && (stats.uid !== (process.getuid?.() ?? stats.uid) || (process.getuid && stats.mode & 0o022)))
    throw new UsageError(`--session ${file}: other users may write to it, and could then impersonate any server`);
  const path = stats ? realpathSync(file) : file;
  if (stats) accessSync(path, constants.R_OK);
  accessSync(dirname(path), constants.W_OK);
  return path;
}

/**
 * Replaces the file atomically: a process that reads the file gets the old session or the new one. The new file is
 * readable by its owner only.
 */
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
