/** Connects a client and a server through a middle that may rewrite their hellos, and returns how each side ended. */

import {
  type AcceptOptions,
  accept,
  type ConnectOptions,
  connect,
  type Session,
  type TlsConnection,
  type TlsError,
  type TraceEvent,
} from "@handclasp/core";
import { concat } from "@handclasp/core/unstable";

import { memoryPair } from "@handclasp/testing";
import { expect } from "vitest";
import { nodeCrypto } from "../../../../node/src/crypto/nodeCrypto.ts";
import { decode, encode } from "../../../src/wire/codec.ts";
import {
  type ClientHello,
  clientHello,
  type MessageType,
  type RawExtension,
  type ServerHello,
  serverHello,
} from "../../../src/wire/messages.ts";
import { alterUnits, fragmented, issuePki, message, type Unit } from "../mitm.ts";

export const pki = await issuePki();

export interface HelloRewrites {
  readonly client?: (hello: ClientHello) => ClientHello;
  readonly server?: (hello: ServerHello) => ServerHello;
}

export type End = Partial<Session> & Partial<TlsError>;

export interface PairResult {
  readonly client: End;
  readonly server: End;
  readonly connections: readonly (TlsConnection | undefined)[];
  /** The hellos as the other side received them. */
  readonly hellos: { client?: ClientHello; server?: ServerHello };
  /** The trace events of each side. */
  readonly events: Readonly<Record<"client" | "server", readonly TraceEvent[]>>;
}

/** Runs a handshake. The side that sent a rewritten hello does not know of the change. */
export async function connectPair(
  client: Partial<ConnectOptions> = {},
  server: Partial<AcceptOptions> = {},
  change: HelloRewrites = {},
): Promise<PairResult> {
  const hellos: PairResult["hellos"] = {};
  const events = { client: [] as TraceEvent[], server: [] as TraceEvent[] };
  const rewrite = <T>(
    type: MessageType<T>,
    unit: Unit,
    by: ((hello: T) => T) | undefined,
    keep: (hello: T) => void,
  ) => {
    const hello = decode(type.body, unit.body, type.name);
    const changed = by ? by(hello) : hello;
    keep(changed);
    return by ? fragmented(22, message(type.id, encode(type.body, changed))) : unit.wire;
  };
  const alter = alterUnits((unit) => {
    if (unit.name === "client_hello")
      return rewrite(clientHello, unit, change.client, (hello) => {
        hellos.client = hello;
      });
    if (unit.name === "server_hello")
      return rewrite(serverHello, unit, change.server, (hello) => {
        hellos.server = hello;
      });
    return unit.wire;
  });
  const { a, b } = memoryPair({ alter });
  const common = { provider: nodeCrypto, handshakeTimeout: 2000 };
  const [clientSettled, serverSettled] = await Promise.allSettled([
    connect(a, {
      ...common,
      ca: pki.ca,
      serverName: "localhost",
      trace: (event) => void events.client.push(event),
      ...client,
    }),
    accept(b, {
      ...common,
      credentials: [pki.server],
      trace: (event) => void events.server.push(event),
      ...server,
    }),
  ]);
  const outcome = (end: typeof clientSettled): End => (end.status === "fulfilled" ? end.value.session : end.reason);
  const connection = (end: typeof clientSettled) => (end.status === "fulfilled" ? end.value : undefined);
  return {
    client: outcome(clientSettled),
    server: outcome(serverSettled),
    connections: [connection(clientSettled), connection(serverSettled)],
    hellos,
    events,
  };
}

/** Connects a client without a server, to test options that `connect` refuses. */
export const connectUnanswered = (client: Partial<ConnectOptions>): Promise<TlsConnection> =>
  connect(memoryPair().a, { provider: nodeCrypto, ca: pki.ca, serverName: "localhost", ...client });

/** A copy of `hello` with the extension `type` added, or with its data replaced. */
export const withExtension = <T extends { readonly extensions: readonly RawExtension[] | undefined }>(
  hello: T,
  type: number,
  data: Uint8Array,
): T => ({ ...hello, extensions: [...(hello.extensions ?? []).filter((one) => one.type !== type), { type, data }] });

export const extension = (
  hello: { readonly extensions: readonly RawExtension[] | undefined } | undefined,
  type: number,
): Uint8Array | undefined => hello?.extensions?.find((one) => one.type === type)?.data;

/** Sends `length` bytes each way, expects them to arrive unchanged, and closes both connections. */
export async function exchangeBytes({ connections: [client, server] }: PairResult, length: number): Promise<void> {
  if (!client || !server) throw new Error("the handshake failed");
  const sent = new Uint8Array(length).map((_, i) => i);
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    await from.write(sent);
    const received: Uint8Array[] = [];
    while (concat(...received).length < length) received.push((await to.read()) as Uint8Array);
    expect(concat(...received)).toEqual(sent);
  }
  await Promise.all([client.close(), server.close()]);
}
