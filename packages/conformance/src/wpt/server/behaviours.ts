/**
 * The behaviour of the server at each path that the tests name. WPT has a handler for each, written for its own server.
 * These do the same, over both of our servers.
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { AnswerClose, Message, Peer } from "./peer.ts";

export interface Request {
  /** The path without the slash, and the query without the question mark. */
  readonly name: string;
  readonly query: string;
  /** The protocols that the client offers. */
  readonly protocols: readonly string[];
}

type Run = (peer: Peer, request: Request) => Promise<void>;

export interface Behaviour {
  /** How long the opening waits for its answer, in milliseconds. */
  readonly delay?: number;
  /** The protocol that the server selects. Default: none, which refuses a client that offers any. */
  readonly select?: (offered: readonly string[]) => string;
  /** Select none, but accept a client that offers some. */
  readonly ignoresProtocols?: true;
  /** A wrong answer to the opening. "and a Close": a right one, and a Close in the same write. */
  readonly opening?: "garbage" | "wrong key" | "and a Close";
  /** Handles messages. When it returns, the server closes with 1000. */
  readonly run?: Run;
  /** The answer to the client's Close. Default: 1000. */
  readonly answerClose?: AnswerClose;
}

const sendPart =
  (part: (request: Request) => string | undefined): Run =>
  (peer, request) =>
    peer.send(part(request) ?? "");

/** Calls back with each message until the callback returns `true`. */
async function forEach(peer: Peer, callback: (message: Message) => Promise<boolean>): Promise<void> {
  for (let message = await peer.receive(); message !== undefined; message = await peer.receive())
    if (await callback(message)) return;
}

const untilGoodbye: Behaviour = { run: (peer) => forEach(peer, async (message) => message === "Goodbye") };

const echo: Run = (peer) =>
  forEach(peer, async (message) => {
    await peer.send(message);
    return message === "Goodbye";
  });

const megabyte = 2 ** 20;

const behaviours: Readonly<Record<string, Behaviour>> = {
  echo: {
    select: (offered) => (offered.includes("echo") ? "echo" : ""),
    run: echo,
    answerClose: (close) => close,
  },
  echo_exit: untilGoodbye,
  echo_close_data: untilGoodbye,
  echo_raw: {
    run: (peer) =>
      forEach(peer, async (message) => {
        if (String(message) === "exit") return true;
        await peer.sendRaw(message);
        return false;
      }),
  },
  "echo-query": { run: sendPart(({ query }) => query) },
  "echo-query_v13": { run: sendPart(({ query }) => query.split("?")[0]) },
  "empty-message": {
    run: async (peer) => peer.send((await peer.receive()) === "" ? "pass" : "fail"),
  },
  protocol: {
    select: (offered) => offered.join(", "),
    run: sendPart(({ protocols }) => protocols.join(", ")),
  },
  protocol_array: {
    select: ([first = ""]) => first,
    run: sendPart(({ protocols }) => protocols[0]),
  },
  handshake_protocol: { select: () => "foobar" },
  handshake_no_protocol: { ignoresProtocols: true },
  handshake_no_extensions: {},
  handshake_sleep_2: { delay: 2_000 },
  sleep_10_v13: { delay: 10_000, run: echo },
  invalid: { opening: "garbage" },
  wrong_accept_key: { opening: "wrong key" },
  simple_handshake: { opening: "and a Close" },
  "delayed-passive-close": {
    run: async (peer) => void (await peer.receive()),
    async answerClose(close) {
      await sleep(1_000);
      return close;
    },
  },
  "passive-close-abort": {
    run: (peer) => forEach(peer, async () => false),
    answerClose: () => undefined,
  },
  "remote-close": {
    async run(peer, { query }) {
      const parameters = new URLSearchParams(query);
      if (parameters.has("abrupt")) {
        await peer.sendPing();
        return peer.abort();
      }
      const code = parameters.get("code");
      await (code === null ? peer.close() : peer.close(Number(code), parameters.get("reason") ?? ""));
    },
  },
  "receive-backpressure": {
    async run(peer) {
      await sleep(2_000);
      await peer.receive();
    },
  },
  "receive-many-with-backpressure": {
    async run(peer) {
      await sleep(100);
      await forEach(peer, async (message) => {
        await peer.send(String(message.length));
        await sleep(100);
        return false;
      });
    },
  },
  "send-backpressure": {
    async run(peer) {
      await peer.send(Buffer.alloc(0));
      const start = performance.now();
      for (let i = 0; i < 16; i++) await peer.send(Buffer.alloc(megabyte, " "));
      await peer.send(String((performance.now() - start) / 1_000));
    },
  },
};

/** The behaviour at a path, or `undefined` if the server knows none and refuses the path. */
export const behaviourOf = (name: string): Behaviour | undefined =>
  Object.hasOwn(behaviours, name) ? behaviours[name] : undefined;

export function requestOf(path: string, protocols: readonly string[]): Request {
  const [name = "", ...query] = path.slice(1).split("?");
  return { name, query: query.join("?"), protocols };
}

/** Returns the protocol that the server selects, or `undefined` if it refuses the client. */
export function selectProtocol(behaviour: Behaviour, { protocols }: Request): string | undefined {
  const selected = behaviour.select?.(protocols) ?? "";
  if (behaviour.ignoresProtocols) return "";
  return (selected !== "") === protocols.length > 0 ? selected : undefined;
}
