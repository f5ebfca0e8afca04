/** The counts, the turns and the calls of a server, with a clock of the test. */
import { describe, expect, type Mock, test, vi } from "vitest";
import { Admission, type AdmissionOptions } from "../../src/admission/admission.ts";
import { FairQueue } from "../../src/admission/fairQueue.ts";
import { callPatience, handshakesInTurn } from "../../src/admission/limits.ts";
import type { Ticket } from "../../src/admission/ticket.ts";

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** An admission whose clock stands still until the test sets it. */
function admissionOf(options: AdmissionOptions | false) {
  const clock = { now: 0 };
  const onRefused = vi.fn<(error: Error) => void>();
  return { clock, onRefused, admission: new Admission(options, onRefused, () => clock.now) };
}

const ticketOf = (admitted: Ticket | string): Ticket => {
  if (typeof admitted === "string") throw new Error(`refused: ${admitted}`);
  return admitted;
};

test("clients take turns in a queue", () => {
  const queue = new FairQueue<string>();
  for (const item of ["a1", "a2", "a3", "b1", "c1", "c2"]) queue.add(item.slice(0, 1), item);
  const taken = Array.from({ length: 7 }, () => queue.take());
  expect(taken).toEqual(["a1", "b1", "c1", "a2", "c2", "a3", undefined]);
  queue.add("a", "a4");
  queue.add("b", "b2");
  expect(queue.take((item) => item.startsWith("b"))).toBe("b2");
  expect(queue.size).toBe(1);
});

describe("admit", () => {
  test("refuses a client beyond its limits, and no other client", () => {
    const { admission } = admissionOf({ perAddress: { maxConnections: 3, maxHandshakes: 2 } });
    const first = ticketOf(admission.admit("192.0.2.1"));
    ticketOf(admission.admit("192.0.2.1"));
    expect(admission.admit("192.0.2.1")).toBe("client");
    expect(admission.admit("::ffff:192.0.2.1")).toBe("client");
    ticketOf(admission.admit("192.0.2.2"));
    admission.established(first);
    const third = ticketOf(admission.admit("192.0.2.1"));
    admission.established(third);
    expect(admission.admit("192.0.2.1"), "three connections").toBe("client");
    admission.release(first);
    ticketOf(admission.admit("192.0.2.1"));
  });

  test("refuses everyone beyond the limits of the server", () => {
    const { admission } = admissionOf({ maxConnections: 3, maxHandshakes: 2 });
    const tickets = ["192.0.2.1", "192.0.2.2"].map((address) => ticketOf(admission.admit(address)));
    expect(admission.admit("192.0.2.3")).toBe("server");
    for (const ticket of tickets) admission.established(ticket);
    ticketOf(admission.admit("192.0.2.3"));
    expect(admission.admit("192.0.2.4")).toBe("server");
    // A connection that the program accepts itself counts, and is not refused.
    expect(admission.force("192.0.2.4").state).toBe("handshake");
  });

  test("a ticket that is released twice counts once", () => {
    const { admission } = admissionOf({ maxConnections: 1 });
    const ticket = ticketOf(admission.admit("192.0.2.1"));
    admission.release(ticket);
    admission.release(ticket);
    ticketOf(admission.admit("192.0.2.1"));
    expect(admission.admit("192.0.2.2")).toBe("server");
  });

  test("a proxy, and a peer without an address, have only the limits of the server", () => {
    const { admission } = admissionOf({ maxConnections: 3, perAddress: { maxConnections: 1 } });
    ticketOf(admission.admit("10.0.0.1", true));
    ticketOf(admission.admit("10.0.0.1", true));
    ticketOf(admission.admit(undefined));
    expect(admission.admit("10.0.0.1", true)).toBe("server");
  });

  test("reports a refusal once a minute for each limit", () => {
    const { admission, onRefused, clock } = admissionOf({ maxConnections: 1, perAddress: { maxHandshakes: 1 } });
    ticketOf(admission.admit("192.0.2.1"));
    for (let i = 0; i < 3; i++) admission.admit("192.0.2.1");
    for (let i = 0; i < 3; i++) admission.admit("192.0.2.2");
    expect(onRefused.mock.calls.map(([error]) => error.message)).toEqual([
      expect.stringContaining("the client 192.0.2.1 has 1 connections in their handshake (if the address is that of"),
      expect.stringContaining("the server has 1 open connections (if the server has room for more, set admission.max"),
    ]);
    clock.now = 60_000;
    admission.admit("192.0.2.2");
    expect(onRefused).toHaveBeenCalledTimes(3);
  });

  test("forgets clients that are gone, once their rate does not count any more", () => {
    const { admission, clock } = admissionOf({ perAddress: { handshakeRate: 1 } });
    const gates = Array.from({ length: 5_000 }, (_, i) => {
      const ticket = ticketOf(admission.admit(`2001:db8:0:${i.toString(16)}::1`));
      admission.release(ticket);
      clock.now += 1;
      return ticket.client;
    });
    expect(gates).toHaveLength(5_000);
    expect(admission.clients).toBeLessThan(3_000);
  });
});

describe("the turns of handshakes", () => {
  const begin = (admission: Admission, address: string, log: string[]): Ticket => {
    const ticket = ticketOf(admission.admit(address));
    const pending = admission.gateOf(ticket)?.begin();
    if (pending === undefined) log.push(`${address} at once`);
    else void pending.then(() => log.push(address));
    return ticket;
  };

  test(`${handshakesInTurn} begin in one turn, and one client's after another's`, async () => {
    const { admission } = admissionOf({});
    const log: string[] = [];
    for (let i = 0; i < handshakesInTurn + 3; i++) begin(admission, "192.0.2.1", log);
    begin(admission, "192.0.2.2", log);
    expect(log).toHaveLength(handshakesInTurn);
    await nextTurn();
    expect(log.slice(handshakesInTurn)).toEqual(["192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.1"]);
  });

  test("a client beyond its rate waits, and others do not", async () => {
    const { admission, clock } = admissionOf({ perAddress: { handshakeRate: 2 } });
    const log: string[] = [];
    for (let i = 0; i < 4; i++) begin(admission, "192.0.2.1", log);
    expect(log).toEqual(["192.0.2.1 at once", "192.0.2.1 at once"]);
    await nextTurn();
    begin(admission, "192.0.2.2", log);
    await vi.waitFor(() => expect(log).toHaveLength(3), 60_000);
    expect(log[2]).toBe("192.0.2.2");
    clock.now = 499;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(log).toHaveLength(3);
    clock.now = 500;
    await vi.waitFor(() => expect(log).toHaveLength(4), 60_000);
  });

  test("a handshake that has ended while it waited takes no turn", async () => {
    const { admission, clock } = admissionOf({ handshakeRate: 1 });
    const log: string[] = [];
    begin(admission, "192.0.2.1", log);
    const ended = begin(admission, "192.0.2.1", log);
    begin(admission, "192.0.2.1", log);
    admission.release(ended);
    clock.now = 1_000;
    await vi.waitFor(() => expect(log).toHaveLength(3), 60_000);
  });

  test("without limits there is no gate", () => {
    const { admission } = admissionOf(false);
    expect(admission.gateOf(ticketOf(admission.admit("192.0.2.1")))).toBeUndefined();
  });
});

describe("calls of the application", () => {
  /** A hook whose promise the test settles. */
  type Hook = Mock<() => Promise<void>> & { resolve(): void; reject(error: Error): void };
  function manualHook(): Hook {
    const hook = vi.fn(() => new Promise<void>((resolve, reject) => Object.assign(hook, { resolve, reject })));
    return hook as unknown as Hook;
  }

  test("at most `maxCalls` are pending, and clients take turns", async () => {
    const { admission } = admissionOf({ maxCalls: 1 });
    const [one, two] = ["192.0.2.1", "192.0.2.2"].map((address) => ticketOf(admission.admit(address))) as [
      Ticket,
      Ticket,
    ];
    const hooks = [manualHook(), manualHook(), manualHook(), manualHook()] as const;
    const results = [one, one, one, two].map((ticket, i) =>
      Promise.resolve(admission.gateOf(ticket)?.call(hooks[i] as (typeof hooks)[0])).catch(String),
    );
    const called = (): number[] => hooks.map(({ mock }) => mock.calls.length);
    expect(called()).toEqual([1, 0, 0, 0]);
    hooks[0].resolve();
    await results[0];
    expect(called()).toEqual([1, 1, 0, 0]);
    hooks[1].reject(new Error("the service is gone"));
    expect(await results[1]).toContain("the service is gone");
    expect(called()).toEqual([1, 1, 0, 1]);
    // A handshake that has ended is not billed.
    admission.release(one);
    hooks[3].resolve();
    await Promise.all(results);
    expect(called()).toEqual([1, 1, 0, 1]);
    expect(
      admission.gateOf(two)?.call(() => {}),
      "no call is pending",
    ).toBeUndefined();
  });

  test("calls that never return keep others waiting for a minute, and do not count after it", async () => {
    const { admission, clock } = admissionOf({ maxCalls: 2 });
    const gate = admission.gateOf(ticketOf(admission.admit("192.0.2.1")));
    const hooks = Array.from({ length: 5 }, manualHook) as [Hook, Hook, Hook, Hook, Hook];
    const called = (): number[] => hooks.map(({ mock }) => mock.calls.length);
    void gate?.call(hooks[0]);
    clock.now = 1;
    for (const hook of hooks.slice(1, 4)) void gate?.call(hook);
    expect(called()).toEqual([1, 1, 0, 0, 0]);
    clock.now = callPatience;
    void gate?.call(hooks[4]);
    // Those that waited come first.
    expect(called()).toEqual([1, 1, 1, 0, 0]);
    // A lost call that returns after all does not make room twice.
    hooks[0].resolve();
    await nextTurn();
    expect(called()).toEqual([1, 1, 1, 0, 0]);
    hooks[2].resolve();
    await vi.waitFor(() => expect(called()).toEqual([1, 1, 1, 1, 0]));
    expect(admission.queues).toMatchObject({ calls: 1, pendingCalls: 2 });
  });

  test("a call that waits for its turn is forgotten when its handshake ends", async () => {
    const { admission } = admissionOf({ maxCalls: 1 });
    const tickets = Array.from({ length: 4 }, () => ticketOf(admission.admit("192.0.2.1")));
    const hooks = Array.from({ length: 4 }, manualHook) as [Hook, Hook, Hook, Hook];
    const results = tickets.map((ticket, i) => admission.gateOf(ticket)?.call(hooks[i] as Hook));
    expect(admission.queues.calls).toBe(3);
    admission.release(tickets[2] as Ticket);
    expect(admission.queues.calls).toBe(2);
    await results[2];
    admission.release(tickets[1] as Ticket);
    hooks[0].resolve();
    await results[0];
    expect(hooks.map(({ mock }) => mock.calls.length)).toEqual([1, 0, 0, 1]);
    expect(admission.queues).toMatchObject({ calls: 0, pendingCalls: 1 });
  });

  test("a call that returns no promise, or throws, is never pending", () => {
    const { admission } = admissionOf({ maxCalls: 1 });
    const gate = admission.gateOf(ticketOf(admission.admit("192.0.2.1")));
    for (let i = 0; i < 3; i++) expect(gate?.call(() => {})).toBeUndefined();
    const failing = (): void => {
      throw new Error("no");
    };
    for (let i = 0; i < 3; i++) expect(() => gate?.call(failing)).toThrow("no");
  });
});

test.each([
  [true],
  [{ maxConnections: 0 }],
  [{ maxConnections: true }],
  [{ maxCalls: 1.5 }],
  [{ perAddress: true }],
  [{ perAddress: { maxCalls: 1 } }],
  [{ perAddress: { handshakeRate: "10" } }],
  [{ maxConections: 1 }],
])("the option %j is an error", (options) => {
  expect(() => admissionOf(options as AdmissionOptions)).toThrow(expect.objectContaining({ code: "configuration" }));
});
