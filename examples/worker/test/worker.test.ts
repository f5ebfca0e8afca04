/** The worker with pages, locks and a socket that the test controls. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Update } from "../src/worker/protocol.ts";

class Socket extends EventTarget {
  static all: Socket[] = [];
  readonly sent: string[] = [];
  isClosed = false;
  finish: () => void = () => {};
  readonly closed = new Promise<void>((resolve) => (this.finish = resolve));

  constructor() {
    super();
    Socket.all.push(this);
  }
  send(message: string): void {
    this.sent.push(message);
  }
  close(): void {
    this.isClosed = true;
  }
  receive(id: number): void {
    this.dispatchEvent(Object.assign(new Event("message"), { data: JSON.stringify({ id, text: `text ${id}` }) }));
  }
}

vi.mock("@handclasp/browser/websocket", () => ({ SecureWebSocket: Socket, reconnect: () => ({}) }));

let workerEnds: number;
let worker: EventTarget;
let grantLock: Map<string, () => void>;
let ports: MessagePort[];

beforeEach(async () => {
  workerEnds = 0;
  Socket.all = [];
  grantLock = new Map();
  ports = [];
  worker = Object.assign(new EventTarget(), { close: () => workerEnds++ });
  vi.stubGlobal("self", worker);
  const request = (name: string, callback: () => void): void => void grantLock.set(name, callback);
  vi.stubGlobal("navigator", { locks: { request } });
  vi.resetModules();
  await import("../src/worker/main.ts");
});

afterEach(() => {
  for (const port of ports) port.close();
  vi.unstubAllGlobals();
});

async function joinAs(lock: string) {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  const updates: Update[] = [];
  port1.onmessage = ({ data }) => updates.push(data);
  worker.dispatchEvent(Object.assign(new Event("connect"), { ports: [port2] }));
  port1.postMessage({ type: "join", ca: "", lock });
  await expect.poll(() => updates.length).toBe(1);
  return { updates, send: (request: object) => port1.postMessage(request) };
}

test("a page that shows nothing gets one update, and then one with all that is new", async () => {
  const [page, other] = [await joinAs("a"), await joinAs("b")];
  const [socket] = Socket.all as [Socket];
  for (let id = 1; id <= 50; id++) socket.receive(id);
  other.send({ type: "shown" });
  await expect.poll(() => other.updates.length).toBe(2); // So the first page has had its chance.
  expect(page.updates).toEqual([{ state: "connecting", pages: 1, lines: [] }]);
  page.send({ type: "shown" });
  await expect.poll(() => page.updates.length).toBe(2);
  expect(page.updates[1]).toMatchObject({ pages: 2, lines: { length: 50, 0: { id: 1 }, 49: { id: 50 } } });
  expect(Socket.all).toHaveLength(1);
});

test("the worker closes its socket with the last page, and ends when the server has answered", async () => {
  const page = await joinAs("a");
  await joinAs("crashes");
  const [socket] = Socket.all as [Socket];
  grantLock.get("crashes")?.();
  expect(socket.isClosed).toBe(false);
  page.send({ type: "say", text: "bye" });
  page.send({ type: "leave" });
  await expect.poll(() => socket.isClosed).toBe(true);
  expect(socket.sent).toEqual(['{"text":"bye"}']);
  expect(workerEnds).toBe(0);
  socket.finish();
  await expect.poll(() => workerEnds).toBe(1);
});

test("a page that joins while the worker is about to end gets a new socket", async () => {
  await joinAs("a");
  Socket.all[0]?.dispatchEvent(new Event("open"));
  grantLock.get("a")?.();
  const page = await joinAs("b");
  const [old, socket] = Socket.all as [Socket, Socket];
  old.dispatchEvent(new Event("close"));
  old.finish();
  page.send({ type: "shown" });
  page.send({ type: "say", text: "hello" });
  await expect.poll(() => socket.sent.length).toBe(1);
  socket.dispatchEvent(new Event("open"));
  await expect.poll(() => page.updates.at(-1)?.state).toBe("open");
  expect(page.updates.map(({ state }) => state)).toEqual(["connecting", "open"]);
  expect([socket.isClosed, workerEnds]).toEqual([false, 0]);
});
