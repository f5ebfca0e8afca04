/**
 * Spreads the handshakes of a server over time, and the calls of the application that they make.
 * @module
 */
import type { Awaitable, Flow } from "../flow.ts";

/** The gate of one handshake. The handshake timer bounds its waits. */
export interface HandshakeGate {
  /** Called when the ClientHello has arrived. The handshake goes on when the promise resolves. */
  begin(): Awaitable<void>;
  /** Calls a function of the application now or later: a signer, a store, a hook. Settles as the call does. */
  call(hook: () => Awaitable<void>): Awaitable<void>;
}

/** The same flow, with its calls of the application through the gate. */
export function* gated<T>(flow: Flow<T>, gate: HandshakeGate): Flow<T> {
  try {
    let step = flow.next();
    while (!step.done) {
      const wait = step.value;
      try {
        yield typeof wait === "function" ? () => gate.call(wait) : wait;
      } catch (error) {
        step = flow.throw(error);
        continue;
      }
      step = flow.next();
    }
    return step.value;
  } finally {
    // The driver ends a suspended flow by `return`, and the flow wipes its secrets then.
    flow.return(undefined as never);
  }
}
