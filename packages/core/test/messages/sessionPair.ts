/** Helpers for the tests of sessions: connections in memory, one after another, between a client's and a server's. */
import { accept, type ConnectOptions, connect, TlsError } from "@handclasp/core";
import { MessageSession, type MessageSessionOptions, type MessageSessions } from "@handclasp/core/message-sessions";
import { type Accepted, acceptMessages, type Messages, messageProtocols, openSession } from "@handclasp/core/messages";
import { type MemoryPair, memoryPair } from "@handclasp/testing";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { ca, credential, passTime } from "../connection/endings.ts";

export type Dialed = Awaited<ReturnType<typeof openSession>> & {
  readonly pair: MemoryPair;
  readonly accepted: Accepted;
};

export const id = "A".repeat(22);

const lost = (): TlsError => new TlsError(undefined, "cut", { code: "connection_lost", fault: "transport" });
/** Ends a connection so that both sides notice, and bytes on their way are lost. */
export const cut = ({ pair }: Pick<Dialed, "pair">): void => pair.fail(lost());

/** Opens a connection that begins or continues a session. */
export async function dial(
  sessions: MessageSessions,
  received = 0,
  sessionId = id,
  options: Partial<ConnectOptions> = {},
  path = "/",
  remoteAddress?: string,
): Promise<Dialed> {
  const pair = memoryPair();
  Object.assign(pair.b, { remoteAddress });
  const identity = { provider: nodeCrypto, ca: ca.pem, serverName: "localhost", alpn: messageProtocols };
  const opening = Promise.all([
    connect(pair.a, { ...identity, ...options }),
    accept(pair.b, {
      provider: nodeCrypto,
      credentials: [credential],
      alpn: messageProtocols,
      clientAuth: "request",
      ca: ca.pem,
    }),
  ]);
  opening.catch(() => {});
  await passTime(10);
  const [client, server] = await opening;
  const both = Promise.all([
    openSession(client, { path, protocols: [], session: { id: sessionId, received } }, {}),
    acceptMessages(server, { sessions }),
  ]);
  both.catch(() => {});
  await passTime(1);
  const [opened, accepted] = await both;
  return { ...opened, pair, accepted };
}

/** A client's session, which opens a connection when the test says so. */
export class Client {
  readonly sessions: MessageSessions;
  readonly lost: TlsError[] = [];
  readonly session: MessageSession;
  readonly server: Messages;
  dialed: Dialed;

  private constructor(sessions: MessageSessions, dialed: Dialed, options: Partial<MessageSessionOptions>) {
    this.sessions = sessions;
    this.dialed = dialed;
    this.server = dialed.accepted.messages;
    this.session = new MessageSession(dialed.connection.channel, {
      maxQueue: 2 ** 22,
      onLost: (reason) => this.lost.push(reason),
      ...options,
    });
    this.session.attach({ connection: dialed.connection, peerReceived: 0, skip: 0 });
  }

  static async open(sessions: MessageSessions, options: Partial<MessageSessionOptions> = {}): Promise<Client> {
    return new Client(sessions, await dial(sessions), options);
  }

  /** Continues on another connection; the one before may still work. Returns whether the server had the session. */
  async renew(): Promise<boolean> {
    this.dialed = await dial(this.sessions, this.session.received);
    const { connection, answer } = this.dialed;
    const { resumed, received, from } = answer.session as NonNullable<typeof answer.session>;
    if (!resumed) this.session.restart();
    const skip = resumed ? this.session.received - from : 0;
    this.session.attach({ connection, peerReceived: received, skip });
    await passTime(1);
    return resumed;
  }

  /** Loses the connection. */
  async cut(): Promise<void> {
    cut(this.dialed);
    await passTime(1);
  }
}

/** Collects the messages of one side. */
export function collect(messages: Pick<Messages, "read">): unknown[] {
  const all: unknown[] = [];
  void (async () => {
    for (let message = await messages.read(); message !== undefined; message = await messages.read()) all.push(message);
    all.push("end");
  })().catch((error: TlsError) => all.push(error.code));
  return all;
}

export const numbers = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => `${from + i}`);
