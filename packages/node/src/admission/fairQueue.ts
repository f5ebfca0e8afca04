/** A queue in which clients take turns, so that a client with many items does not delay the others. */
export class FairQueue<Item> {
  /** The items of each client, in order. The clients are in the order of their turns. */
  readonly #queues = new Map<string, Item[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(client: string, item: Item): void {
    const queue = this.#queues.get(client);
    if (queue) queue.push(item);
    else this.#queues.set(client, [item]);
    this.#size++;
  }

  /** Removes the items of a client for which `isOver` is true, and returns them. */
  remove(client: string, isOver: (item: Item) => boolean): readonly Item[] {
    const queue = this.#queues.get(client) ?? [];
    const removed = queue.filter(isOver);
    if (!removed.length) return removed;
    this.#size -= removed.length;
    if (removed.length === queue.length) this.#queues.delete(client);
    // In place, because the client keeps its turn.
    else queue.splice(0, queue.length, ...queue.filter((item) => !removed.includes(item)));
    return removed;
  }

  /** Takes the first item of the first client that may go on. */
  take(mayGoOn: (item: Item) => boolean = () => true): Item | undefined {
    for (const [client, queue] of this.#queues) {
      const [item] = queue as [Item, ...Item[]];
      if (!mayGoOn(item)) continue;
      queue.shift();
      this.#size--;
      this.#queues.delete(client);
      if (queue.length) this.#queues.set(client, queue);
      return item;
    }
    return undefined;
  }
}
