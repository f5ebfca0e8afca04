/**
 * Limits the work that one turn of the event loop does for all connections of a process, and chooses the connections
 * that continue in the next turn.
 * @module
 */
import { resumedInTurn, turnBudget, turnTimeout } from "../limits.ts";
import { callGuarded } from "./callGuarded.ts";

/** Calls back in a later turn of the event loop, as soon as the host can. */
export type NextTurn = (callback: () => void) => void;

/** For transports without a `nextTurn` of their own. */
export const nextTimerTurn: NextTurn = (callback) => void setTimeout(callback, 0);

class TurnBudget {
  /**
   * The number of bytes that all connections together have spent since a turn last began here. At `turnBudget`, a
   * connection waits for the next turn.
   */
  spent = 0;
  /** The number of turns that have begun here. */
  turn = 0;
  /** Whether the connections that continue share the budget equally. */
  readonly #isShared: boolean;
  /** Runs the next turn if the transport's `nextTurn` never calls back: one transport must not stop all connections. */
  #timer: unknown;
  #waiting: (() => void)[] = [];

  constructor(isShared: boolean) {
    this.#isShared = isShared;
  }

  /** Calls `resume` in a later turn. Waiting connections continue in order. */
  wait(resume: () => void, nextTurn: NextTurn): void {
    this.#waiting.push(resume);
    this.#schedule(nextTurn);
  }

  #schedule(nextTurn: NextTurn): void {
    if (this.#timer !== undefined) return;
    const turn = (): void => {
      if (this.#timer === undefined) return;
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.turn++;
      this.spent = 0;
      // If thousands of connections continued at once, their data would be far larger than the processor's cache.
      const next = this.#waiting.splice(0, resumedInTurn);
      if (this.#waiting.length) this.#schedule(nextTurn);
      this.#resume(next);
    };
    this.#timer = setTimeout(turn, turnTimeout);
    // A `nextTurn` that throws counts as one that never calls back. Its error must not reach another connection.
    callGuarded(() => nextTurn(turn));
  }

  #resume(next: readonly (() => void)[]): void {
    let total = 0;
    // Without shares, the first one, which may be a flood of tiny records, would take the budget of each turn.
    const before = this.#isShared ? turnBudget - turnBudget / next.length : 0;
    for (const resume of next) {
      if (this.#isShared) this.spent = before;
      callGuarded(resume);
      total += this.spent - before;
    }
    if (this.#isShared) this.spent = total;
  }
}

/** The budget for bytes that are sent. Writers continue in microtasks, so they cannot share it. */
export const sendBudget: TurnBudget = /* @__PURE__ */ new TurnBudget(false);
/** The budget for received bytes that are processed. */
export const receiveBudget: TurnBudget = /* @__PURE__ */ new TurnBudget(true);
