/**
 * What the whole process sends in one turn of its event loop. A socket often takes all it is given at once, so a writer that waits for nothing else would go on for
 * ever: no callback would run, none of its memory would come back, and no other connection would be read.
 * @module
 */

/** Bytes: enough to keep the sockets busy until the next turn, and few enough to stay in the processor's cache. */
const budget = 2 ** 21;

let sent = 0;
let counting = false;
let waiting: Sender[] = [];

/** Who sends, and is told of the next turn. */
export interface Sender {
  nextTurn(): void;
}

/** Counts bytes that were sent. False where the turn's budget is spent: the sender is told of the next one. */
export function inBudget(bytes: number, sender: Sender): boolean {
  sent += bytes;
  if (!counting) {
    counting = true;
    setImmediate(nextTurn);
  }
  if (sent < budget) return true;
  waiting.push(sender);
  return false;
}

function nextTurn(): void {
  sent = 0;
  counting = false;
  const all = waiting;
  waiting = [];
  for (const sender of all) sender.nextTurn();
}
