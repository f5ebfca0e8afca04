/** The page's side of the worker. */
import type { Request, Update } from "./worker/protocol.ts";

// A page that does not trust the server of its files contains the CA instead.
const ca = await (await fetch("/ca.pem")).text();

export type Room = { say(text: string): void; leave(): void };

/** Starts the worker, or joins the one of other tabs. */
export function joinRoom(onUpdate: (update: Update) => void): Room {
  const port = connectWorker();
  const send = (request: Request): void => port.postMessage(request);
  port.onmessage = ({ data }: MessageEvent<Update>) => {
    onUpdate(data);
    requestAnimationFrame(() => send({ type: "shown" }));
  };
  const lock = `page ${crypto.randomUUID()}`;
  let leave: () => void = () => {};
  const left = new Promise<void>((resolve) => (leave = resolve));
  // The worker waits for this lock, so the page must have it first.
  void navigator.locks.request(lock, () => {
    send({ type: "join", ca, lock });
    return left;
  });
  return {
    say: (text) => send({ type: "say", text }),
    leave() {
      send({ type: "leave" });
      leave();
    },
  };
}

/** Starts a dedicated worker if the browser has no SharedWorker, or with `?dedicated` in the page's address. */
function connectWorker(): MessagePort {
  if ("SharedWorker" in globalThis && !new URLSearchParams(location.search).has("dedicated"))
    return new SharedWorker(new URL("./worker/main.ts", import.meta.url), { type: "module" }).port;
  const worker = new Worker(new URL("./worker/main.ts", import.meta.url), { type: "module" });
  const { port1, port2 } = new MessageChannel();
  worker.postMessage(null, [port2]);
  return port1;
}
