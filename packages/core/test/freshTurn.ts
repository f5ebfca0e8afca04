/** Gives each test the whole budget of a turn: tests in one process share core's modules. */
import { beforeEach } from "vitest";
import { receiveBudget, sendBudget } from "../src/connection/turnBudget.ts";

beforeEach(() => {
  receiveBudget.spent = 0;
  sendBudget.spent = 0;
});
