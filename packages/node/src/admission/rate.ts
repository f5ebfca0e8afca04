/** A rate in events a second. Up to a second's events may come at once. */
export class Rate {
  readonly #perSecond: number;
  #left: number;
  #filledAt: number;

  /** @param now in milliseconds, also below */
  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond;
    this.#left = perSecond;
    this.#filledAt = now;
  }

  has(now: number): boolean {
    this.#fill(now);
    return this.#left >= 1;
  }

  /** Counts an event. */
  take(now: number): void {
    this.#fill(now);
    this.#left--;
  }

  /** True if no event counts any more. */
  isFull(now: number): boolean {
    this.#fill(now);
    return this.#left >= this.#perSecond;
  }

  #fill(now: number): void {
    if (this.#perSecond === Number.POSITIVE_INFINITY) return;
    const elapsed = (now - this.#filledAt) / 1_000;
    this.#left = Math.min(this.#perSecond, this.#left + elapsed * this.#perSecond);
    this.#filledAt = now;
  }
}
