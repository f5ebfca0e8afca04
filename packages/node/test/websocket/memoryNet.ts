/**
 * SecureWebSockets that reach a server in memory, under a virtual clock, over a network that a test can cut, stop and
 * silence.
 */
import { accept, type ConnectOptions, connect, type TlsConnection, TlsError } from "@handclasp/core";
import { MessageSessions, type MessageSessionsOptions } from "@handclasp/core/message-sessions";
import {
  type Accepted,
  type AcceptMessagesOptions,
  acceptMessages,
  type Messages,
  messageProtocols,
} from "@handclasp/core/messages";
import { nodeCredential } from "@handclasp/node";
import { reconnect, type SecureWebSocket } from "@handclasp/node/websocket";
import { type MemoryPair, memoryPair, testCa } from "@handclasp/testing";
import { messageSocketClass } from "@handclasp/websocket";
import { afterEach, beforeEach, expect, vi } from "vitest";
import { connectOptions } from "../../src/connect.ts";
import { nodeCrypto } from "../../src/crypto/nodeCrypto.ts";

export const ca = await testCa();
const credential = nodeCredential(await ca.issue());

const failure = (code: "connection_refused" | "connection_lost"): TlsError =>
  new TlsError(undefined, "the test's network", { code, fault: "transport" });

type Handler = (messages: Messages, accepted: Accepted) => unknown;

export class MemoryNet {
  /** False: no connection can be opened. */
  isUp = true;
  /** True, or a direction (the server is b): nothing arrives any more, and neither side gets an error. */
  isSilent: boolean | "b->a" = false;
  /** The number of attempts to open a connection. */
  attempts = 0;
  sessions: MessageSessions;
  readonly errors: unknown[] = [];
  /** Takes a channel instead of the server, if it returns true. */
  onAccept: (channel: TlsConnection) => boolean = () => false;
  #handler: Handler;
  readonly #options: AcceptMessagesOptions;
  #pairs = new Set<MemoryPair>();

  constructor(handler: Handler = () => {}, sessions: MessageSessionsOptions = {}, options: AcceptMessagesOptions = {}) {
    this.#handler = handler;
    this.sessions = new MessageSessions(sessions);
    this.#options = options;
  }

  readonly Socket = messageSocketClass((_: URL, options: ConnectOptions) => this.#connect(options), connectOptions, {
    ca: ca.pem,
    reconnect: reconnect({ minDelay: 100, maxDelay: 10_000 }),
  });

  /** Another server process takes over: it knows nothing of the sessions before. */
  restart(handler: Handler = this.#handler): void {
    this.#handler = handler;
    this.sessions = new MessageSessions();
  }

  /** Ends all connections. Bytes on their way are lost. */
  cut(): void {
    for (const pair of this.#pairs) pair.fail(failure("connection_lost"));
    this.#pairs.clear();
  }

  #connect(options: ConnectOptions) {
    this.attempts++;
    if (!this.isUp) return Promise.reject(failure("connection_refused"));
    const pair = memoryPair({
      alter: (bytes, direction) => ([true, direction].includes(this.isSilent) ? undefined : bytes),
    });
    this.#pairs.add(pair);
    const server = accept(pair.b, { provider: nodeCrypto, credentials: [credential], alpn: messageProtocols });
    server
      .then(async (channel) => {
        if (this.onAccept(channel)) return;
        const accepted = await acceptMessages(channel, { ...this.#options, sessions: this.sessions });
        if (!accepted.isResumed) await this.#handler(accepted.messages, accepted);
      })
      .catch((error: unknown) => this.errors.push(error));
    return connect(pair.a, { ...options, provider: nodeCrypto });
  }
}

/** Passes virtual time until something holds. */
export async function until(holds: () => boolean, step = 5, most = 2_000): Promise<void> {
  for (let i = 0; i < most; i++) {
    if (holds()) return;
    await pass(step);
  }
  throw new Error("it did not happen in time");
}

/** Advances the virtual clock, and lets sockets deliver what has arrived. */
export async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** The events of a socket, in order. */
export function eventsOf(socket: SecureWebSocket): string[] {
  const events: string[] = [];
  for (const type of ["open", "interrupted", "resumed", "restarted", "error", "close"] as const)
    socket.addEventListener(type, (event) => {
      const { error } = event as Event & { error?: { code: string } };
      const { code } = event as Event & { code?: number };
      events.push([type, code ?? error?.code].filter(Boolean).join(" "));
    });
  return events;
}

/** The messages of a socket. */
export function messagesOf(socket: SecureWebSocket): unknown[] {
  const messages: unknown[] = [];
  socket.addEventListener("message", ({ data }) => messages.push(data));
  return messages;
}

/** Gives every test of the file a virtual clock, and checks that it leaves no rejection unhandled. */
export function useVirtualClock(): void {
  const rejections: unknown[] = [];
  const addRejection = (reason: unknown): void => void rejections.push(reason);
  let listeners: NodeJS.UnhandledRejectionListener[] = [];
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
    rejections.length = 0;
    listeners = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    process.on("unhandledRejection", addRejection);
  });
  afterEach(async () => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", addRejection);
    for (const listener of listeners) process.on("unhandledRejection", listener);
    expect(rejections, "unhandled rejections").toEqual([]);
  });
}

export const url = "wss://localhost/room";
export const numbers = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => `${from + i}`);

/** A server that keeps all messages and answers each. */
export function answering(): { readonly received: unknown[]; readonly handler: (messages: Messages) => Promise<void> } {
  const received: unknown[] = [];
  const handler = async (messages: Messages): Promise<void> => {
    for await (const message of messages) {
      received.push(message);
      await messages.send(`re ${String(message)}`);
    }
  };
  return { received, handler };
}

export async function openSocket(net: MemoryNet, options: ConstructorParameters<typeof net.Socket>[1] = {}) {
  const socket = new net.Socket(url, options);
  const [events, messages] = [eventsOf(socket), messagesOf(socket)];
  await until(() => socket.readyState !== 0);
  return { socket, events, messages };
}

/** Closes, and checks that nothing is left to do. */
export async function closeWell(socket: SecureWebSocket, net: MemoryNet, timers = 0): Promise<void> {
  socket.close(1000);
  await until(() => socket.readyState === 3);
  await expect(socket.closed).resolves.toMatchObject({ code: 1000 });
  await pass(200);
  expect([net.sessions.size, vi.getTimerCount()]).toEqual([0, timers]);
}
