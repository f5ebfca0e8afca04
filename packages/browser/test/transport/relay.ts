/**
 * A server that connects two WebSockets of a page, because a page cannot accept a WebSocket. vitest starts the server
 * before the browser. The server connects `/a/<id>` with `/b/<id>`. A request for `/reset/<id>` terminates the
 * WebSocket of `/a/<id>`, and `/text/<id>` sends a text message to it.
 */
import type { AddressInfo } from "node:net";
import type { TestProject } from "vitest/node";
import { type WebSocket, WebSocketServer } from "ws";

declare module "vitest" {
  interface ProvidedContext {
    relay: string;
  }
}

export default async function setup(project: TestProject): Promise<() => void> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false, maxPayload: 2 ** 20 });
  const waiting = new Map<string, WebSocket>();
  server.on("connection", (ws, request) => {
    const [, role = "", id = ""] = (request.url ?? "").split("/");
    const a = waiting.get(id);
    if (role === "a") {
      ws.pause();
      waiting.set(id, ws);
    } else if (!a) ws.close(4404, "no such pair");
    else if (role === "b") {
      forward(a, ws);
      forward(ws, a);
      a.resume();
    } else {
      if (role === "reset") a.terminate();
      else a.send("text");
      ws.close();
    }
  });
  await new Promise((resolve) => server.on("listening", resolve));
  project.provide("relay", `ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return () => {
    for (const ws of server.clients) ws.terminate();
    server.close();
  };
}

function forward(from: WebSocket, to: WebSocket): void {
  from.on("message", (data, binary) => {
    from.pause();
    to.send(data, { binary }, () => from.resume());
  });
  from.on("close", (code, reason) => {
    if (code === 1006) to.terminate();
    else if (code === 1005) to.close();
    else to.close(code, reason);
  });
}
