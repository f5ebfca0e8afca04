/**
 * SecureWebSocket with `reconnect`, over real sockets and a relay that cuts connections: no message between two of our
 * ends is lost or repeated, also in the snippets of docs/reconnect.md.
 */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { MessageSessions } from "@handclasp/core/message-sessions";
import { acceptMessages, messageProtocols } from "@handclasp/core/messages";
import * as node from "@handclasp/node";
import * as websocket from "@handclasp/node/websocket";
import { testCa } from "@handclasp/testing";
import { expect, onTestFinished, test } from "vitest";
import { CuttingRelay, randomOf, seedOf } from "./cuttingRelay.ts";

const { reconnect, SecureWebSocket } = websocket;
const ca = await testCa();
const pair = await ca.issue();
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Sends while the relay cuts the connection 20 times, until everything is answered. Returns the number of messages. */
async function sendThrough(
  relay: CuttingRelay,
  socket: websocket.SecureWebSocket,
  send: (id: number, text: string) => void,
  answers: readonly unknown[],
): Promise<number> {
  const seed = seedOf();
  const random = randomOf(seed);
  let [resumed, sent] = [0, 0];
  socket.addEventListener("resumed", () => resumed++);
  socket.addEventListener("restarted", () => expect.unreachable("restarted"));
  await socket.opened;
  for (let cuts = 0; cuts < 20; cuts++) {
    const before = resumed;
    relay.cutAfter(random() * 100_000);
    while (resumed === before && socket.readyState === 1) {
      // The queue keeps at most 4 MiB, so a sender that is fast must wait.
      if (socket.bufferedAmount < 2 ** 18) send(sent++, "x".repeat(random() * 3_000));
      if (random() < 0.3) await nextTurn();
    }
  }
  while (answers.length < sent && socket.readyState === 1) await nextTurn();
  expect(socket.readyState, `open, with HANDCLASP_SEED=${seed}`).toBe(1);
  expect(answers, `the answers, with HANDCLASP_SEED=${seed}`).toEqual(numbers(sent));
  return sent;
}

test("no message is lost or repeated although the connection is cut 20 times at random", async () => {
  const sessions = new MessageSessions();
  const received: unknown[] = [];
  const server = node.createServer(
    { credentials: [node.nodeCredential(pair)], alpn: messageProtocols, requireAlpn: true, onError: () => {} },
    async (channel) => {
      const { messages, isResumed } = await acceptMessages(channel, { sessions });
      if (isResumed) return;
      for await (const message of messages) {
        const { id } = JSON.parse(String(message));
        received.push(id);
        await messages.send(JSON.stringify({ answerTo: id }));
      }
    },
  );
  const listener = await server.listenWebSocket();
  const relay = await CuttingRelay.open((listener.address() as AddressInfo).port);
  onTestFinished(async () => {
    sessions.close();
    await server.close({ grace: 0 });
    relay.close();
  });
  const socket = new SecureWebSocket(`ws://localhost:${relay.port}/`, {
    ca: ca.pem,
    reconnect: reconnect({ minDelay: 5, maxDelay: 50 }),
  });
  const answers: unknown[] = [];
  socket.addEventListener("message", ({ data }) => answers.push(JSON.parse(data).answerTo));
  const sent = await sendThrough(relay, socket, (id, text) => socket.send(JSON.stringify({ id, text })), answers);
  expect(received).toEqual(numbers(sent));
  socket.close(1000);
  await expect(socket.closed).resolves.toMatchObject({ code: 1000 });
});

const text = await readFile(new URL("../../../../docs/reconnect.md", import.meta.url), "utf8");

function snippet(name: string): string {
  const code = new RegExp(`\`\`\`js ${name}\\n([^]*?)\`\`\``).exec(text)?.[1];
  if (!code) throw new Error(`docs/reconnect.md has no snippet "${name}"`);
  return code.trim();
}

type Names = Readonly<Record<string, unknown>>;

/** Runs a snippet with other modules and globals, and returns the values of some of its constants. */
async function run(code: string, modules: Readonly<Record<string, Names>>, globals: Names, results: string) {
  const body = code
    .replace(/^import \{ (.*) \} from (".*");$/gm, "const { $1 } = modules[$2];")
    .replaceAll("export ", "");
  const AsyncFunction = (async () => {}).constructor as new (...parts: string[]) => (...values: unknown[]) => Names;
  const names = Object.keys(globals);
  const call = new AsyncFunction("modules", ...names, `${body}\nreturn { ${results} };`);
  return call(modules, ...names.map((name) => globals[name]));
}

test("the snippets of docs/reconnect.md have at most 20 lines, and lose or repeat no message in 20 cuts", async () => {
  for (const name of ["page", "server"]) expect(snippet(name).split("\n").length).toBeLessThanOrEqual(20);
  const files: Names = { "server.pem": pair.cert, "server.key": pair.key };
  const received: unknown[] = [];
  const left: number[] = [];
  // The server's handler calls this for each message.
  const answer = (question: { id: number }): object => {
    received.push(question.id);
    return { answerTo: question.id };
  };
  const modules = {
    "node:fs": { readFileSync: (name: string) => files[name] },
    "@handclasp/node": node,
    "@handclasp/node/websocket": websocket,
    "@handclasp/browser/websocket": websocket,
  };
  const { server, listener } = (await run(
    snippet("server").replace("8443", "0").replace("await server.listen", "const listener = await server.listen"),
    modules,
    { answer, console: { error: () => {}, log: (_: string, code: number) => left.push(code) } },
    "server, listener",
  )) as { server: node.TlsServer; listener: node.Listener };
  const relay = await CuttingRelay.open((listener.address() as AddressInfo).port);
  onTestFinished(async () => {
    await server.close({ grace: 0 });
    relay.close();
  });
  const answers: unknown[] = [];
  const said: string[] = [];
  const { socket, ask } = (await run(
    snippet("page")
      .replace("wss://chat.example", `ws://localhost:${relay.port}`)
      .replace("reconnect()", "reconnect({ minDelay: 5, maxDelay: 50 })"),
    modules,
    {
      fetch: async () => new Response(ca.pem),
      show: ({ answerTo }: { answerTo: number }) => answers.push(answerTo),
      say: (what: string) => said.push(what),
    },
    "socket, ask",
  )) as { socket: websocket.SecureWebSocket; ask: (question: object) => void };
  const sent = await sendThrough(relay, socket, (id, content) => ask({ id, content }), answers);
  expect(received).toEqual(numbers(sent));
  expect(said).toContain("connected again");
  expect(socket.session?.resumed, "the TLS session").toBe(true);
  const closed = once(socket, "close");
  socket.close(1000);
  await closed;
  expect(said.at(-1)).toBe("closed: 1000");
  await expect.poll(() => left, { timeout: 60_000 }).toEqual([1000]);
});

test("a session goes on when its connection has lived for `maxLifetime`", async () => {
  const credentials = node.nodeCredential(pair);
  const server = websocket.createWebSocketServer({ credentials, maxLifetime: 200 }, (socket) => {
    socket.on("message", (data) => socket.send(String(data)));
  });
  const { port } = (await server.listenWebSocket()).address() as AddressInfo;
  const socket = new SecureWebSocket(`ws://localhost:${port}/`, { ca: ca.pem, reconnect: reconnect({ minDelay: 10 }) });
  const others: string[] = [];
  for (const type of ["restarted", "close", "error"] as const) socket.addEventListener(type, () => others.push(type));
  for (let i = 0; i < 2; i++) await once(socket, "resumed");
  socket.send("still here");
  const [{ data }] = (await once(socket, "message")) as [MessageEvent];
  expect([data, others]).toEqual(["still here", []]);
  const closed = once(socket, "close");
  socket.close();
  await closed;
  await server.close();
});
