/**
 * What the whole process sends in one turn of its event loop. A socket often takes all it is given at once, so a writer that waits for nothing else would go on for
 * ever: no callback would run, none of its memory would come back, and no other connection would be read.
 * @module
 */

/** Bytes: enough to keep the sockets busy until the next turn, and few enough to stay in the processor's cache. */
const budget = 2 ** 21;
/** Who waited is told in order, so many in a turn: with a message of 64 KiB from each, the budget is spent. All at once, they would fill a hundred times the cache. */
const atOnce = 32;

let sent = 0;
let counting = false;
const waiting: Sender[] = [];

/** Who sends, and is told of the next turn. */
export interface Sender {
  nextTurn(): void;
}

/** Counts bytes that were sent. False where the turn's budget is spent: the sender is told of the next one. */
export function inBudget(bytes: number, sender: Sender): boolean {
  sent += bytes;
  count();
  if (sent < budget) return true;
  waiting.push(sender);
  return false;
}

function count(): void {
  if (counting) return;
  counting = true;
  setImmediate(nextTurn);
}

function nextTurn(): void {
  sent = 0;
  counting = false;
  const next = waiting.splice(0, atOnce);
  if (waiting.length) count();
  for (const sender of next) sender.nextTurn();
}
