/**
 * What one turn of the event loop does for all connections of a process, and which of them go on in the next one.
 * @module
 */
import { resumedInTurn, turnTimeout } from "../limits.ts";
import { callListener } from "./callListener.ts";

/** Calls back in a later turn of the event loop, as soon as the host can. */
export type NextTurn = (callback: () => void) => void;

/** For hosts that say nothing better. */
export const nextTimerTurn: NextTurn = (callback) => void setTimeout(callback, 0);

class TurnBudget {
  /**
   * Bytes that all connections together have spent in this turn. From `turnBudget` on, a connection waits for the next
   * one.
   */
  spent = 0;
  /** Runs the next turn where the host's way into it leads nowhere: one carrier must not hold up all. */
  #timer: unknown;
  #waiting: (() => void)[] = [];

  /** Calls `resume` in a later turn; connections that wait go on in order. */
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
      // If all went on at once, their data would be a hundred times the processor's cache.
      const next = this.#waiting.splice(0, resumedInTurn);
      if (this.#waiting.length) this.#schedule(nextTurn);
      for (const resume of next) callListener(resume);
    };
    this.#timer = setTimeout(turn, turnTimeout);
    // A carrier whose way throws is one of those; its error must not be another connection's.
    callListener(() => nextTurn(turn));
  }
}

/** Bytes that are sent. */
export const sendBudget: TurnBudget = /* @__PURE__ */ new TurnBudget();
/** Bytes that are worked off. */
export const receiveBudget: TurnBudget = /* @__PURE__ */ new TurnBudget();
