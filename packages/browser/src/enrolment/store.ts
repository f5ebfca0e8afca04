/** Keeps identities in IndexedDB, which stores a CryptoKey without giving its bytes to a script. */
import { TlsError } from "@handclasp/core/client";

export interface StoredIdentity {
  readonly key: CryptoKey;
  readonly chain: readonly Uint8Array[];
}

const database = "handclasp";
const table = "identities";
/** A request takes milliseconds, and seconds on a busy machine. IndexedDB has no limit of its own. */
const timeLimit = 30_000;

export class IdentityStore {
  readonly #factory: IDBFactory;

  constructor(factory: IDBFactory) {
    this.#factory = factory;
  }

  get(name: string): Promise<StoredIdentity | undefined> {
    return this.#run("readonly", (identities) => identities.get(name)) as Promise<StoredIdentity | undefined>;
  }

  async set(name: string, identity: StoredIdentity): Promise<void> {
    await this.#run("readwrite", (identities) => identities.put(identity, name));
  }

  async delete(name: string): Promise<void> {
    await this.#run("readwrite", (identities) => identities.delete(name));
  }

  /** Runs one request in a transaction of its own, and resolves when the transaction is complete. */
  async #run(mode: IDBTransactionMode, ask: (identities: IDBObjectStore) => IDBRequest): Promise<unknown> {
    try {
      const opened = await this.#open();
      try {
        const transaction = opened.transaction(table, mode);
        const request = ask(transaction.objectStore(table));
        return await inTime((resolve, reject) => {
          transaction.oncomplete = () => resolve(request.result);
          transaction.onabort = () => reject(transaction.error);
        });
      } finally {
        opened.close();
      }
    } catch (cause) {
      const message = `IndexedDB failed: ${cause instanceof Error ? cause.message : String(cause)}`;
      throw new TlsError(undefined, message, { code: "storage_failed", fault: "internal", cause });
    }
  }

  #open(): Promise<IDBDatabase> {
    let isLate = false;
    const opened = inTime<IDBDatabase>((resolve, reject) => {
      const request = this.#factory.open(database, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(table);
      // An open database would block other versions of the page.
      request.onsuccess = () => (isLate ? request.result.close() : resolve(request.result));
      request.onerror = () => reject(request.error);
    });
    opened.catch(() => {
      isLate = true;
    });
    return opened;
  }
}

/** Makes a promise that rejects after the time limit. */
function inTime<T>(start: (resolve: (value: T) => void, reject: (error: unknown) => void) => void): Promise<T> {
  let timer: ReturnType<typeof setTimeout>;
  return new Promise<T>((resolve, reject) => {
    timer = setTimeout(() => reject(new Error("no answer in time")), timeLimit);
    start(resolve, reject);
  }).finally(() => clearTimeout(timer));
}
