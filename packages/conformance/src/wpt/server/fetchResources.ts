/**
 * The resources of WPT's fetch tests that are programs of WPT's server. Each behaves as the program of its name, as far
 * as the tests that we run need it.
 * @module
 */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

export interface ResourceRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly stash: Map<string, string>;
}

/** Returns false if the path is none of these resources. */
export async function answerFetch(of: ResourceRequest): Promise<boolean> {
  const resource =
    resources[
      /^\/(?:fetch\/api|fetch\/connection-pool|common|xhr)\/(?:resources\/)?([\w-]+)\.py$/.exec(of.path)?.[1] ?? ""
    ];
  await resource?.(of);
  return resource !== undefined;
}

type Resource = (of: ResourceRequest) => Promise<void> | void;

const resources: Readonly<Record<string, Resource | undefined>> = {
  async "echo-content"({ request, response }) {
    const body = await buffer(request);
    response.writeHead(200, { ...described(request), "content-type": "text/plain" }).end(body);
  },
  async method({ request, response }) {
    const body = await buffer(request);
    const names = ["content-encoding", "content-language", "content-location"];
    const others = names.map((name) => [`x-request-${name}`, request.headers[name] ?? "NO"]);
    response.writeHead(200, { ...described(request), ...Object.fromEntries(others) }).end(body);
  },
  async "inspect-headers"({ query, request, response }) {
    await buffer(request);
    const headers: OutgoingHttpHeaders = { "content-type": "text/plain" };
    for (const name of query.get("headers")?.split("|") ?? []) {
      const value = request.headers[name.toLowerCase()];
      if (value !== undefined) headers[`x-request-${name}`] = value;
    }
    response.writeHead(200, headers).end();
  },
  async "echo-headers"({ request, response }) {
    const lines = request.rawHeaders.flatMap((name, i, all) => (i % 2 ? [] : [`${name}: ${all[i + 1]}`]));
    response.writeHead(200, { "content-type": "text/plain" }).end(`${lines.join("\n")}\n`, "latin1");
  },
  async status({ query, request, response }) {
    await buffer(request);
    const headers = { "content-type": query.get("type") ?? "", "x-request-method": request.method ?? "" };
    response.writeHead(Number(query.get("code") ?? 200), query.get("text") ?? "OMG", headers);
    response.end(query.get("content") ?? "");
  },
  async trickle({ query, request, response }) {
    const pause = Number(query.get("ms") ?? 500);
    await buffer(request);
    await sleep(pause);
    response.writeHead(200, query.has("notype") ? {} : { "content-type": "text/plain" }).flushHeaders();
    for (let count = Number(query.get("count") ?? 50); count > 0 && !response.destroyed; count--) {
      await sleep(pause);
      response.write("TEST_TRICKLE\n");
    }
    response.end();
  },
  async "bad-chunk-encoding"({ query, response }) {
    const pause = Number(query.get("ms") ?? 1000);
    await sleep(pause);
    response.writeHead(200, { "transfer-encoding": "chunked" }).flushHeaders();
    for (let count = Number(query.get("count") ?? 50); count > 0; count--) {
      await sleep(pause);
      response.write("TEST_CHUNK");
    }
    response.socket?.end("garbage");
  },
  async "infinite-slow-response"({ query, response, stash }) {
    const state = query.get("stateKey") ?? "";
    const abort = query.get("abortKey") ?? "";
    if (state) stash.set(state, "open");
    response.writeHead(200, { "content-type": "text/plain" }).write(".".repeat(2048));
    while (!response.destroyed && !response.socket?.destroyed && !stash.delete(abort)) {
      response.write(".");
      await sleep(10);
    }
    response.end();
    if (state) stash.set(state, "closed");
  },
  "clean-stash"({ query, response, stash }) {
    response.writeHead(200).end(stash.delete(query.get("token") ?? "") ? "1" : "0");
  },
  "dump-authorization-header"({ request, response }) {
    response.writeHead(200, { "content-type": "text/html" }).end(request.headers.authorization ?? "none");
  },
  "parse-headers"({ query, response }) {
    // Node's server refuses to send a NUL.
    const field = `My-Custom-Header: ${query.get("my-custom-header") ?? ""}`;
    response.socket?.end(`HTTP/1.1 200 OK\r\n${field}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`, "latin1");
  },
  /** Only its status, and the numbers of requests and of connections: a request that was repeated shows there. */
  async "network-partition-key"({ query, request, response, stash }) {
    await buffer(request);
    const key = query.get("uuid") ?? "";
    const connections = [...(stash.get(key)?.split(",") ?? []), idOf(request.socket)];
    stash.set(key, connections.join(","));
    response.writeHead(Number(query.get("status") ?? 200), { "content-type": "text/plain" });
    const count = new Set(connections).size;
    response.end(`ok. Request was sent ${connections.length} times. ${count} connections were created.`);
  },
  "redirect-empty-location"({ response }) {
    response.writeHead(302, { location: "" }).end();
  },
  async redirect({ path, query, request, response, stash }) {
    await buffer(request);
    const location = query.get("location");
    if (path.startsWith("/common/"))
      return void response.writeHead(Number(query.get("status") ?? 302), { location: location ?? "" }).end();
    const token = query.get("token");
    const count = Number((token && stash.get(token)) || 0) + 1;
    if (token) stash.set(token, String(count));
    if (Number(query.get("delay"))) await sleep(Number(query.get("delay")));
    const most = query.get("max_count");
    if (token && most !== null && count > Number(most)) return void response.writeHead(200).end(String(count - 1));
    const headers = {
      "content-type": "text/plain",
      ...(location !== null && { location: next(location, query, count) }),
    };
    response.writeHead(Number(query.get("redirect_status") ?? 302), headers).end();
  },
};

const ids = new WeakMap<object, string>();
let lastId = 0;
function idOf(socket: object): string {
  const id = ids.get(socket) ?? String(++lastId);
  ids.set(socket, id);
  return id;
}

/** The location with the parameters of the request, so that the next response knows them too. */
function next(location: string, query: URLSearchParams, count: number): string {
  if (query.has("simple") || !/^(https?:|[^:]*$|[./?])/.test(location)) return Buffer.from(location).toString("latin1");
  return `${location}${location.includes("?") ? "&" : "?"}${query}&count=${count}`;
}

const described = ({ method, headers }: IncomingMessage): Record<string, string> => ({
  "x-request-method": method ?? "",
  "x-request-content-length": headers["content-length"] ?? "NO",
  "x-request-content-type": headers["content-type"] ?? "NO",
});
