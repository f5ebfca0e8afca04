/** As much of IndexedDB as `IdentityStore` uses, in memory. */
type Handler = (() => void) | null;

export class FakeIndexedDb {
  readonly tables = new Map<string, Map<unknown, unknown>>();
  /** If set, transactions abort with this error. */
  failure: Error | undefined;
  /** If set, a database opens when this promise resolves. */
  opening: Promise<void> | undefined;
  /** The number of databases that are open. */
  openCount = 0;

  open(): object {
    const isNew = this.tables.size === 0;
    const request = { result: this.#database(), onsuccess: null as Handler, onupgradeneeded: null as Handler };
    void (this.opening ?? Promise.resolve()).then(() => {
      this.openCount++;
      if (isNew) request.onupgradeneeded?.();
      request.onsuccess?.();
    });
    return request;
  }

  #database(): object {
    return {
      createObjectStore: (name: string) => this.tables.set(name, new Map()),
      close: () => this.openCount--,
      transaction: (name: string) => {
        const table = this.tables.get(name) as Map<unknown, unknown>;
        const error = this.failure;
        const transaction = {
          error,
          oncomplete: null as Handler,
          onabort: null as Handler,
          objectStore: () => ({
            get: (key: unknown) => ({ result: table.get(key) }),
            put: (value: unknown, key: unknown) => (error ? {} : { result: table.set(key, value) }),
            delete: (key: unknown) => ({ result: table.delete(key) }),
          }),
        };
        queueMicrotask(() => (error ? transaction.onabort?.() : transaction.oncomplete?.()));
        return transaction;
      },
    };
  }
}
