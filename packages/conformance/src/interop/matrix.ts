/**
 * The interop matrix: each peer in each role, with each key exchange that both sides support.
 * @module
 */
import * as handclasp from "@handclasp/node";
import {
  type CipherSuite,
  type ClientSessions,
  connect,
  createServer,
  keepSessions,
  nodeCredential,
  type Session,
  type TlsError,
  type TraceListener,
} from "@handclasp/node";
import type { Material } from "./files.ts";
import { authentication, isPsk, type KeyExchangeName, type Peer, psk, type Role, type Task } from "./peer.ts";
import { find, freePort, type Running, run, start, untilListening } from "./programs.ts";

/**
 * With `"ticket"` or `"session ID"`, a second connection resumes the session by that means. With `"client certificate,
 * resumed"`, it resumes by either means.
 */
export type Kind = (typeof kinds)[number];

export interface Cell {
  readonly peer: Peer;
  /** The role of the peer. */
  readonly role: "client" | "server";
  readonly keyExchange: KeyExchangeName;
  readonly kind: Kind;
  /** The reason why the cell does not run. */
  readonly absent?: string;
}

/** The kinds of cells, in the order of the columns in docs/interop.md. */
export const kinds = ["full", "ticket", "session ID", "client certificate", "client certificate, resumed"] as const;

const exported = Object.entries(handclasp)
  .filter(([name]) => name.startsWith("TLS_"))
  .map(([, suite]) => suite as CipherSuite);

/** All suites of Handclasp, the modern ones first. */
const suites: readonly CipherSuite[] = [
  ...new Set([
    ...handclasp.legacySuites,
    ...handclasp.dheSuites,
    ...handclasp.ccmSuites,
    ...handclasp.ecdhePskSuites,
    ...handclasp.pskSuites,
    ...exported,
  ]),
];

const suitesWith = (keyExchange: KeyExchangeName): readonly CipherSuite[] =>
  suites.filter(({ name }) => name.startsWith(`TLS_${keyExchange}_WITH_`));

export function cells(peer: Peer): readonly Cell[] {
  return (["client", "server"] as const).flatMap((role) => {
    const how = peer[role];
    if (!how) return [];
    return peer.keyExchanges
      .filter((keyExchange) => suitesWith(keyExchange).length)
      .flatMap((keyExchange) =>
        kinds.map((kind) => ({ peer, role, keyExchange, kind, ...absence(how, keyExchange, kind) })),
      );
  });
}

function absence(role: Role, keyExchange: KeyExchangeName, kind: Kind): { absent?: string } {
  const lack = role.lacks?.[keyExchange];
  if (lack) return { absent: lack };
  if (isCertified(kind) && isPsk(keyExchange)) return { absent: "Suites with a pre-shared key use no certificates" };
  if (isCertified(kind) && role.noClientCertificate) return { absent: role.noClientCertificate };
  if (kind === "ticket" && role.noTicket) return { absent: role.noTicket };
  if (kind === "session ID" && role.noSessionId) return { absent: role.noSessionId };
  return {};
}

/** The version of the peer. If the peer is not installed, `missing` names the absent programs. */
export async function versionOf(peer: Peer): Promise<{ version?: string; missing: readonly string[] }> {
  const missing = peer.programs.filter((program) => !find(program));
  if (missing.length) return { missing };
  const [program, ...args] = peer.version;
  try {
    const output = await run({ program, args });
    return { version: output.trim().split("\n")[0] ?? "", missing };
  } catch {
    return { missing: [program] }; // for example a stub that prints how to install the program
  }
}

/** Runs a cell and returns the session of its last connection. Throws an Error if a result is not as expected. */
export async function runCell(cell: Cell, material: Material): Promise<Session> {
  let tickets = 0;
  const trace: TraceListener = (event) => {
    if (event.type === "handshake" && event.name === "new_session_ticket") tickets++;
  };
  const sessions = await (cell.role === "client" ? againstClient : againstServer)(cell, material, trace);
  const [first, last] = [sessions[0], sessions.at(-1)];
  const expected = connections(cell);
  if (!first || !last || sessions.length !== expected)
    throw new Error(`${sessions.length} connections, ${expected} expected`);
  if (!suitesWith(cell.keyExchange).some(({ name }) => name === last.suite))
    throw new Error(`the suite is ${last.suite}, expected one with ${cell.keyExchange}`);
  if (expected === 2 && (first.resumed || !last.resumed))
    throw new Error(`expected only the second connection to resume; first: ${first.resumed}, second: ${last.resumed}`);
  if ((cell.kind === "ticket" && !tickets) || (cell.kind === "session ID" && tickets))
    throw new Error(`${tickets} tickets came, which does not fit "${cell.kind}"`);
  const client = last.role === "server" ? last.peer?.certificate.subject.text : undefined;
  if (last.role === "server" && client !== (isCertified(cell.kind) ? "CN=client" : undefined))
    throw new Error(`unexpected client certificate: ${client}`);
  return last;
}

/** The time limit in ms. Even on a busy machine, only a peer that hangs exceeds it. */
const handshakeTimeout = 90_000;

const key = new Uint8Array(Buffer.from(psk.hex, "hex"));
const ourPsk = {
  client: { identity: psk.identity, key },
  server: { lookup: (identity: string) => (identity === psk.identity ? key : undefined) },
};

const isCertified = (kind: Kind): boolean => kind.startsWith("client certificate");

const connections = ({ kind }: Cell): 1 | 2 => (kind === "full" || kind === "client certificate" ? 1 : 2);

function task(cell: Cell, { files }: Material, port: number): Task {
  const { keyExchange, kind } = cell;
  const clientCertificate = isCertified(kind);
  const ticket = kind !== "session ID" && connections(cell) === 2;
  return { keyExchange, port, files, clientCertificate, connections: connections(cell), ticket };
}

async function againstClient(cell: Cell, material: Material, trace: TraceListener): Promise<readonly Session[]> {
  const role = cell.peer.client as Role;
  const sessions: Session[] = [];
  const failures: TlsError[] = [];
  let payload = material.payload;
  const server = createServer(
    {
      ...(isPsk(cell.keyExchange)
        ? { psk: ourPsk.server }
        : { credentials: [nodeCredential(material.server[authentication(cell.keyExchange)])] }),
      suites: suitesWith(cell.keyExchange),
      handshakeTimeout,
      ...(isCertified(cell.kind) && { clientAuth: "require", ca: material.ca }),
      ...(cell.kind === "ticket" && { sessionStore: false }),
      ...(cell.kind === "session ID" && { tickets: false }),
      trace,
      onError: (error) => failures.push(error as TlsError),
    },
    async (channel) => {
      sessions.push(channel.session);
      let got = "";
      for await (const bytes of channel) {
        got += Buffer.from(bytes).toString("latin1");
        if (role.speaks === "echo") await channel.write(bytes);
        if (!got.includes(payload)) continue;
        const { length } = payload;
        if (role.speaks === "http")
          await channel.write(
            Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n${payload}`),
          );
        await channel.closeWrite();
      }
    },
  );
  try {
    const { port } = (await server.listenTcp()).address() as { port: number };
    for (const command of role.commands(task(cell, material, port))) {
      payload = command.own?.sends ?? material.payload;
      const output = await run(command, payload, command.own ? undefined : payload);
      if (!output.includes(command.own?.prints ?? "")) throw new Error(`the peer printed: ${output.slice(-400)}`);
    }
  } catch (error) {
    throw failures[0] ? new Error(`${(error as Error).message}; on our side: ${failures[0].message}`) : error;
  } finally {
    await server.close();
  }
  return sessions;
}

async function againstServer(cell: Cell, material: Material, trace: TraceListener): Promise<readonly Session[]> {
  const role = cell.peer.server as Role;
  const port = await freePort();
  const [command] = role.commands(task(cell, material, port));
  if (!command) throw new Error("no command");
  const server = start(command);
  const sessions: Session[] = [];
  const resumption = connections(cell) === 2 ? { sessions: keepSessions({ tickets: cell.kind !== "session ID" }) } : {};
  try {
    for (let i = 0; i < connections(cell); i++)
      sessions.push(await exchange(cell, material, role, port, server, { ...resumption, trace }));
  } catch (error) {
    throw new Error(
      `${(error as Error).message}; the peer printed: ${server.stderr().slice(-400)}${server.stdout().slice(-400)}`,
    );
  } finally {
    await server.stop();
  }
  return sessions;
}

/** Opens one connection to a server, sends the payload and reads it back. */
async function exchange(
  cell: Cell,
  material: Material,
  { speaks }: Role,
  port: number,
  server: Running,
  ours: { readonly sessions?: ClientSessions; readonly trace: TraceListener },
): Promise<Session> {
  const channel = await untilListening(
    () =>
      connect(`tcp://127.0.0.1:${port}`, {
        ...(isPsk(cell.keyExchange) ? { psk: ourPsk.client } : { ca: material.ca }),
        serverName: "localhost",
        suites: suitesWith(cell.keyExchange),
        handshakeTimeout,
        ...(isCertified(cell.kind) && { credentials: nodeCredential(material.client) }),
        ...ours,
      }),
    () => server.process.exitCode !== null,
  );
  const path = `/${material.payload.slice(0, 600).replaceAll("\n", "")}`;
  const [request, expected] =
    speaks === "echo"
      ? [material.payload, material.payload]
      : [`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`, path];
  await channel.write(Buffer.from(request, "latin1"));
  let got = "";
  while (!got.includes(expected)) {
    const bytes = await channel.read();
    if (!bytes) throw new Error(`the server closed after ${got.length} bytes`);
    got += Buffer.from(bytes).toString("latin1").replaceAll("\r", "");
  }
  const { session } = channel;
  // This test does not check the end, because some programs end the connection without a close_notify.
  await channel.close().catch(() => {});
  return session;
}
