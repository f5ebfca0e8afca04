/**
 * The longest stall of an event loop, to about a millisecond.
 * @module
 */

/** Runs a 1 ms timer repeatedly. The delay of the timer is the time for which the event loop did not turn. */
export class StallSampler {
  longest: { stall: number; stallCpu: number } = { stall: 0, stallCpu: 0 };
  readonly #setTimeout: typeof setTimeout;
  #last = 0n;
  #cpu = process.cpuUsage();

  constructor(timer: typeof setTimeout) {
    this.#setTimeout = timer;
    this.reset();
    this.#tick();
  }

  reset(): void {
    this.longest = { stall: 0, stallCpu: 0 };
    this.#last = process.hrtime.bigint();
    this.#cpu = process.cpuUsage();
  }

  #tick(): void {
    const now = process.hrtime.bigint();
    const { user, system } = process.cpuUsage(this.#cpu);
    const { stall, stallCpu } = this.longest;
    // The two maxima are independent. On a busy machine, the process may use no CPU time during the longest delay.
    this.longest = {
      stall: Math.max(stall, Number(now - this.#last) / 1e6 - 1),
      stallCpu: Math.max(stallCpu, (user + system) / 1e3),
    };
    this.#last = now;
    this.#cpu = process.cpuUsage();
    this.#setTimeout(() => this.#tick(), 1);
  }
}
