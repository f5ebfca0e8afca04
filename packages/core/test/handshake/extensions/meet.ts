/** Two ends that meet over a middle that may rewrite their hellos: what each agreed on, or failed with. */

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
import { cast, fragmented, message, type Unit, unitsOf } from "../mitm.ts";

export const people = await cast();

export interface Hellos {
  readonly client?: (hello: ClientHello) => ClientHello;
  readonly server?: (hello: ServerHello) => ServerHello;
}

export type End = Partial<Session> & Partial<TlsError>;

export interface Met {
  readonly client: End;
  readonly server: End;
  readonly connections: readonly (TlsConnection | undefined)[];
  /** As the other side got them. */
  readonly hellos: { client?: ClientHello; server?: ServerHello };
  /** Of both sides, as each saw them. */
  readonly events: Readonly<Record<"client" | "server", readonly TraceEvent[]>>;
}

/** A handshake of both ends; what the middle changes, only one of them notices. */
export async function meet(
  client: Partial<ConnectOptions> = {},
  server: Partial<AcceptOptions> = {},
  change: Hellos = {},
): Promise<Met> {
  const hellos: Met["hellos"] = {};
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
  const alter = unitsOf((unit) => {
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
  const [mine, theirs] = await Promise.allSettled([
    connect(a, {
      ...common,
      ca: people.ca,
      serverName: "localhost",
      trace: (event) => void events.client.push(event),
      ...client,
    }),
    accept(b, {
      ...common,
      credentials: [people.server],
      trace: (event) => void events.server.push(event),
      ...server,
    }),
  ]);
  const outcome = (end: typeof mine): End => (end.status === "fulfilled" ? end.value.session : end.reason);
  const connection = (end: typeof mine) => (end.status === "fulfilled" ? end.value : undefined);
  return {
    client: outcome(mine),
    server: outcome(theirs),
    connections: [connection(mine), connection(theirs)],
    hellos,
    events,
  };
}

/** A client whose options are wrong before there is anybody to meet. */
export const alone = (client: Partial<ConnectOptions>): Promise<TlsConnection> =>
  connect(memoryPair().a, { provider: nodeCrypto, ca: people.ca, serverName: "localhost", ...client });

/** The same hello with an extension more, or with other data in one it has. */
export const withExtension = <T extends { readonly extensions: readonly RawExtension[] | undefined }>(
  hello: T,
  type: number,
  data: Uint8Array,
): T => ({ ...hello, extensions: [...(hello.extensions ?? []).filter((one) => one.type !== type), { type, data }] });

export const extension = (
  hello: { readonly extensions: readonly RawExtension[] | undefined } | undefined,
  type: number,
): Uint8Array | undefined => hello?.extensions?.find((one) => one.type === type)?.data;

/** So many bytes each way, which arrive as they were. */
export async function exchange({ connections: [client, server] }: Met, length: number): Promise<void> {
  if (!client || !server) throw new Error("they did not meet");
  const sent = new Uint8Array(length).map((_, i) => i);
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    await from.write(sent);
    const got: Uint8Array[] = [];
    while (concat(...got).length < length) got.push((await to.read()) as Uint8Array);
    expect(concat(...got)).toEqual(sent);
  }
  await Promise.all([client.close(), server.close()]);
}
