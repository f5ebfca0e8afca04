/**
 * Watches files of certificates and keys, for servers that use renewed ones without a restart.
 * @module
 */
import { type BigIntStats, statSync } from "node:fs";
import { stat } from "node:fs/promises";
import { TlsError } from "@handclasp/core";
import { configurationError, optionsOf, wrongOption } from "@handclasp/core/unstable";
import { withExplanationSync } from "@handclasp/core/unstable/engine";

import { notify } from "./notify.ts";
import { watchFilesOptions } from "./optionTables.ts";

export interface WatchFilesOptions {
  /**
   * How often the watcher looks at the files, in milliseconds. It calls `reload` once the files have stayed the same
   * between two looks after a change, so that a program that writes several files has time to finish. Default 5,000.
   */
  readonly interval?: number;
  /**
   * Called when `reload` has failed, with its error: `hook_failed` if its promise has not settled for a minute. The
   * watcher calls `reload` again after the next change, and once a minute. By default, the errors go to
   * `console.error`.
   */
  readonly onError?: (error: unknown) => void;
  /** Called after each successful `reload`. */
  readonly onReload?: () => void;
}

/** A watcher of files, from {@link watchFiles}. It does not keep the process alive. */
export interface FileWatcher {
  /** Stops watching. A `reload` that is running may still finish. */
  close(): void;
}

/**
 * Calls `reload` when one of the files has changed, or the file to which a symbolic link leads, as when Kubernetes or
 * certbot renews a certificate. The watcher compares what the file system says of the files (inode, size and times),
 * so it works on every file system. It does not call `reload` at the start: read the files before.
 * @param files the paths
 * @param reload reads the files, and calls `server.reload`. If it throws, or its promise rejects, the server keeps its
 *   old certificates
 * @throws TlsError `configuration`
 * @example
 * const load = () => ({
 *   credentials: nodeCredential({ cert: readFileSync("tls.crt"), key: readFileSync("tls.key") }),
 * });
 * const server = createServer(load(), (channel) => channel.close());
 * const watcher = watchFiles(["tls.crt", "tls.key"], () => server.reload(load()));
 */
export const watchFiles = (
  files: readonly string[],
  reload: () => unknown,
  options: WatchFilesOptions = {},
): FileWatcher =>
  withExplanationSync(() => {
    const known = optionsOf(options, watchFilesOptions);
    if (!(Array.isArray(files) && files.length && [...files].every((file) => typeof file === "string")))
      throw wrongOption("files", files, 'a list of paths: ["tls.crt", "tls.key"]');
    if (typeof reload !== "function") throw wrongOption("reload", reload, "a function that calls server.reload");
    return new Watcher([...files], reload, known);
  });

const defaultInterval = 5_000;
/** How long `reload` may take, and when it is called again after it has failed, in milliseconds. */
const retryInterval = 60_000;

class Watcher implements FileWatcher {
  readonly #files: readonly string[];
  readonly #reload: () => unknown;
  readonly #options: WatchFilesOptions;
  readonly #interval: number;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  /** The state of the files when `reload` last succeeded or failed. */
  #loaded: string;
  /** The state of the files at the last look. */
  #seen: string;
  /** When `reload` last failed. `undefined` after a success. */
  #failedAt: number | undefined;

  constructor(files: readonly string[], reload: () => unknown, options: WatchFilesOptions) {
    this.#files = files;
    this.#reload = reload;
    this.#options = options;
    this.#interval = options.interval ?? defaultInterval;
    // Synchronous, so that a change right after this call is noticed.
    this.#loaded = files.map((file) => stateOfExisting(file)).join();
    this.#seen = this.#loaded;
    this.#schedule();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    if (!this.#isClosed) this.#timer = setTimeout(() => void this.#look(), this.#interval).unref();
  }

  async #look(): Promise<void> {
    const before = this.#seen;
    this.#seen = await this.#state();
    const isDue = this.#failedAt !== undefined && performance.now() - this.#failedAt >= retryInterval;
    if (!this.#isClosed && this.#seen === before && (this.#seen !== this.#loaded || isDue)) await this.#load();
    this.#schedule();
  }

  async #load(): Promise<void> {
    let failure: { readonly error: unknown } | undefined;
    try {
      await settledWithin(retryInterval, this.#reload());
    } catch (error) {
      failure = { error };
    }
    const now = await this.#state();
    const hasChanged = now !== this.#seen;
    // The files have changed while they were read, so a mixture may have been read. They are read again.
    this.#loaded = hasChanged ? "" : now;
    this.#failedAt = failure && performance.now();
    if (this.#isClosed) return;
    if (failure) {
      if (!hasChanged) notify("onError", () => (this.#options.onError ?? printError)(failure.error));
    } else notify("onReload", () => this.#options.onReload?.());
  }

  async #state(): Promise<string> {
    const states = this.#files.map(async (file) => {
      const found = await stat(file, { bigint: true }).catch((error: unknown) => error);
      return stateOf(() => {
        if (found instanceof Error) throw found;
        return found as BigIntStats;
      });
    });
    return (await Promise.all(states)).join();
  }
}

/** Resolves or rejects as a result of the application, if it does so in time. */
async function settledWithin(ms: number, result: unknown): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    const message = "the promise of reload has not settled for a minute";
    const advice = "let it reject when its own calls take too long";
    const error = new TlsError(undefined, message, { code: "hook_failed", fault: "application", advice });
    timer = setTimeout(() => reject(error), ms).unref();
  });
  try {
    await Promise.race([result, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

/** @throws TlsError `configuration`: a path that is misspelt would never be renewed */
function stateOfExisting(file: string): string {
  try {
    const found = statSync(file, { bigint: true });
    return stateOf(() => found);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw configurationError(`files: ${file} cannot be watched (${code})`, "give paths of files that exist");
  }
}

/** A file that is missing, or cannot be looked at, has the code of the error as its state. */
function stateOf(look: () => BigIntStats): string {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = look();
    return [dev, ino, size, mtimeNs, ctimeNs].join(" ");
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}

const printError = (error: unknown): void =>
  console.error("handclasp: the files could not be loaded, so the old ones stay in use:", error);
