/**
 * The worker, which has the socket. As a SharedWorker it serves all tabs, with one session; otherwise it serves one
 * page. The listeners of `connect` and `message` must be there before the first `await`, or the first page is lost.
 */
import { reconnect, SecureWebSocket } from "@handclasp/browser/websocket";
import type { Line, Request, Update } from "./protocol.ts";

type Page = {
  /** The ID of the last line that the page was given. */
  lastId: number;
  /** True from an update until the page has shown it. */
  isBusy: boolean;
  /** True if something has changed since the last update. */
  isStale: boolean;
};

const maxLines = 1_000;
const pages = new Map<MessagePort, Page>();
let lines: readonly Line[] = [];
let status: Pick<Update, "state" | "error"> = { state: "connecting" };
let socket: SecureWebSocket | undefined;

// A SharedWorker gets `connect` for each page. A dedicated worker gets one `message`, with a port that the page made.
for (const type of ["connect", "message"])
  self.addEventListener(type, (event) => {
    const [port] = (event as MessageEvent).ports;
    if (port) serve(port);
  });

function serve(port: MessagePort): void {
  const page: Page = { lastId: 0, isBusy: false, isStale: true };
  pages.set(port, page);
  port.onmessage = ({ data }: MessageEvent<Request>) => {
    if (data.type === "join") {
      socket ??= open(data.ca);
      // A page that was closed or has crashed says nothing, but the browser takes its lock away.
      void navigator.locks.request(data.lock, () => leave(port));
      updateAll();
    } else if (data.type === "say") socket?.send(JSON.stringify({ text: data.text }));
    else if (data.type === "leave") void leave(port);
    else {
      page.isBusy = false;
      if (page.isStale) update(port, page);
    }
  };
}

function open(ca: string): SecureWebSocket {
  const created = new SecureWebSocket("/room", { ca, carrier: "/channel", reconnect: reconnect() });
  status = { state: "connecting" };
  const become = (state: Update["state"], error?: Error): void => {
    if (socket !== created) return; // All pages have left, and perhaps another one has joined.
    status = { state, ...(error && { error: error.message }) };
    updateAll();
  };
  for (const type of ["open", "resumed", "restarted"] as const) created.addEventListener(type, () => become("open"));
  created.addEventListener("interrupted", ({ error }) => become("interrupted", error));
  created.addEventListener("close", ({ error }) => become("closed", error));
  created.addEventListener("message", ({ data }) => {
    lines = [...lines.slice(1 - maxLines), JSON.parse(data)];
    updateAll();
  });
  return created;
}

/** Ends the worker with the last page, after everything that was said has been sent. */
async function leave(port: MessagePort): Promise<void> {
  if (!pages.delete(port)) return;
  port.close();
  updateAll();
  if (pages.size > 0) return;
  const last = socket;
  socket = undefined;
  last?.close();
  await last?.closed.catch(() => {});
  if (pages.size === 0) self.close(); // Another page may have come meanwhile.
}

function updateAll(): void {
  for (const [port, page] of pages) {
    page.isStale = true;
    if (!page.isBusy) update(port, page);
  }
}

/** Sends a page all that is new to it. A slow page gets few long updates instead of a queue that grows. */
function update(port: MessagePort, page: Page): void {
  const news = lines.filter(({ id }) => id > page.lastId);
  port.postMessage({ ...status, pages: pages.size, lines: news } satisfies Update);
  page.lastId = lines.at(-1)?.id ?? 0;
  page.isBusy = true;
  page.isStale = false;
}
