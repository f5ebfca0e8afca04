/**
 * Limits the work that one turn of the event loop does for all connections of a process, and chooses the connections
 * that continue in the next turn.
 * @module
 */
import { resumedInTurn, turnTimeout } from "../limits.ts";
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
  /** Runs the next turn if the transport's `nextTurn` never calls back: one transport must not stop all connections. */
  #timer: unknown;
  #waiting: (() => void)[] = [];

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
      this.spent = 0;
      // If thousands of connections continued at once, their data would be far larger than the processor's cache.
      const next = this.#waiting.splice(0, resumedInTurn);
      if (this.#waiting.length) this.#schedule(nextTurn);
      for (const resume of next) callGuarded(resume);
    };
    this.#timer = setTimeout(turn, turnTimeout);
    // A `nextTurn` that throws counts as one that never calls back. Its error must not reach another connection.
    callGuarded(() => nextTurn(turn));
  }
}

/** The budget for bytes that are sent. */
export const sendBudget: TurnBudget = /* @__PURE__ */ new TurnBudget();
/** The budget for received bytes that are processed. */
export const receiveBudget: TurnBudget = /* @__PURE__ */ new TurnBudget();
