/** Checks the table of docs/ends.md, which says how connections end. */

import { readFileSync } from "node:fs";
import { connect, TlsError } from "@handclasp/core";
import { reportClose } from "@handclasp/core/unstable";

import { acceptWith, serverHandshakeConfig } from "@handclasp/core/unstable/engine";

import { describe, expect, test } from "vitest";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import {
  ca,
  credential,
  type Ends,
  makeNetwork,
  open,
  outcome,
  passTime,
  type Role,
  readers,
  roles,
  startReading,
  useVirtualClock,
} from "./endings.ts";

useVirtualClock();

const fromPeer = new Uint8Array(300).fill(1);
const fromUs = new Uint8Array(500).fill(2);
const lost = (): TlsError =>
  new TlsError(undefined, "the connection broke", { code: "connection_lost", fault: "transport" });

/**
 * The ways to end a connection, by their names in the table. `local` is the side that the columns describe, except
 * those for the peer.
 */
const endings: Readonly<Record<string, (ends: Ends, signal: AbortController) => void | Promise<void>>> = {
  "our `close()`": ({ local }) => void local.close(),
  "our `close()`, no answer": async ({ local, peerTransport }) => {
    peerTransport.pause();
    void local.close();
    await passTime(6_000);
    peerTransport.resume();
  },
  "our `closeWrite()`": ({ local }) => local.closeWrite(),
  "our `abort()`": ({ local }) => local.abort(),
  "our `abort()`, then our `close()`": ({ local }) => {
    local.abort();
    void local.close();
  },
  "our AbortSignal": (_, signal) => signal.abort(),
  "the peer's close_notify": ({ peer }) => peer.closeWrite(),
  "the peer's fatal alert": ({ peer }) => peer.abort(undefined, "access_denied"),
  "the peer's fatal alert, then our `close()`": async ({ local, peer }) => {
    peer.abort(undefined, "access_denied");
    await passTime(0);
    void local.close();
  },
  "our fatal alert, for a record that was altered": async ({ peer, network: state }) => {
    state.isAltered = true;
    await peer.write(Uint8Array.of(9));
  },
  "the transport's end, without close_notify": ({ peerTransport }) => peerTransport.end(),
  "the transport's error, without close_notify": ({ pair }) => pair.fail(lost()),
  "a WebSocket's close with 1001, without close_notify": ({ pair }) =>
    reportClose({ end() {}, error: pair.fail }, 1001, ""),
  "close_notify, then the transport's end": async ({ peer, peerTransport }) => {
    await peer.closeWrite();
    await passTime(0);
    peerTransport.end();
    await passTime(2_000);
  },
  "close_notify, then the transport's error": async ({ peer, pair }) => {
    await peer.closeWrite();
    await passTime(0);
    pair.fail(lost());
  },
  "close_notify, the transport's end, then its error": async ({ peer, pair }) => {
    await peer.closeWrite();
    await passTime(0);
    pair.gone(lost());
  },
};

const handshakeTimeoutName = "a handshake that takes too long";
const columns = [...Object.keys(readers), "`write()`", "`writable`", "`closed`", "peer: `read()`", "peer: `closed`"];

/** The rows of the table: from the name to the cells by column. */
const documented = ((): ReadonlyMap<string, Readonly<Record<string, string>>> => {
  const text = readFileSync(new URL("../../../../docs/ends.md", import.meta.url), "utf8");
  const cells = (line: string): string[] =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
  const lines = text.split("\n").filter((line) => line.startsWith("|"));
  const [head = [], , ...rows] = lines.map(cells);
  expect(head.slice(1), "the columns of docs/ends.md").toEqual(columns);
  return new Map(
    rows.map(([name = "", ...row]) => [name, Object.fromEntries(columns.map((column, i) => [column, row[i] ?? ""]))]),
  );
})();

test("docs/ends.md has exactly the rows that are tested here", () => {
  expect([...documented.keys()].sort()).toEqual([...Object.keys(endings), handshakeTimeoutName].sort());
});

describe.each(roles)("a %s's end", (role) => {
  const cases = Object.keys(endings).flatMap((name) =>
    (Object.keys(readers) as (keyof typeof readers)[]).map((reader) => [name, reader] as const),
  );
  test.each(cases)("by %s, seen by %s, is as documented", async (name, reader) => {
    const signal = new AbortController();
    const ends = await open(role, { signal: signal.signal });
    const peerResult = startReading(ends.peer, "`read()`", fromUs.length);
    await ends.local.write(fromUs);
    await ends.peer.write(fromPeer);
    await passTime(10);
    await endings[name]?.(ends, signal);
    await passTime(10);
    const readResult = startReading(ends.local, reader, fromPeer.length);
    await passTime(60_000);
    const writer = ends.local.writable.getWriter();
    writer.closed.catch(() => {});
    writer.ready.catch(() => {});
    expect({
      [reader]: readResult(),
      "`write()`": await outcome(ends.local.write(Uint8Array.of(1))),
      "`writable`": await outcome(writer.write(Uint8Array.of(1))),
      "`closed`": await outcome(ends.local.closed),
      "peer: `read()`": peerResult(),
      "peer: `closed`": await outcome(ends.peer.closed),
    }).toEqual(cellsOf(name, reader));
  });

  test(handshakeTimeoutName, async () => {
    expect(await handshakeTimeoutRow(role)).toEqual(documented.get(handshakeTimeoutName));
  });
});

/** The cells of the table for one way to read. "rejects" means any error. */
function cellsOf(name: string, reader: string): Record<string, unknown> {
  const row = documented.get(name) ?? {};
  const others = Object.entries(row).filter(([column]) => column === reader || !(column in readers));
  return Object.fromEntries(
    others.map(([column, cell]) => [column, cell === "rejects" ? expect.stringMatching(/^`.*`$/) : cell]),
  );
}

/** The row for a handshake that times out because the peer's messages are lost. */
async function handshakeTimeoutRow(role: Role): Promise<Record<string, string>> {
  const { pair, network: state } = makeNetwork(role);
  state.isSilent = true;
  const config = serverHandshakeConfig({ provider: nodeCrypto, credentials: [credential] });
  const server = acceptWith(config, pair.b, role === "server" ? {} : { handshakeTimeout: 60_000 });
  const client = connect(pair.a, {
    provider: nodeCrypto,
    ca: ca.pem,
    serverName: "localhost",
    ...(role === "server" && { handshakeTimeout: 60_000 }),
  });
  // A client has no channel before its handshake is done, so `connect` rejects.
  if (role === "client") {
    const end = await outcome(client, 11_000);
    const peer = await outcome(server.closed);
    const cells = Object.fromEntries(columns.slice(0, 6).map((column) => [column, end]));
    return { ...cells, "peer: `read()`": await outcome(server.read()), "peer: `closed`": peer };
  }
  const row: Record<string, string> = {};
  const peerEnd = outcome(client, 11_000);
  await peerEnd;
  for (const reader of Object.keys(readers) as (keyof typeof readers)[]) {
    const readResult = startReading(server, reader, 0);
    await passTime(0);
    row[reader] = readResult();
  }
  const writer = server.writable.getWriter();
  writer.closed.catch(() => {});
  writer.ready.catch(() => {});
  return {
    ...row,
    "`write()`": await outcome(server.write(Uint8Array.of(1))),
    "`writable`": await outcome(writer.write(Uint8Array.of(1))),
    "`closed`": await outcome(server.closed),
    "peer: `read()`": await peerEnd,
    "peer: `closed`": await peerEnd,
  };
}
