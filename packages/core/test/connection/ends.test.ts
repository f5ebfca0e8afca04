/** docs/ends.md has the table of how connections end; this is what holds it. */

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
  network,
  open,
  outcome,
  pass,
  type Role,
  readers,
  reading,
  roles,
  virtualTime,
} from "./endings.ts";

virtualTime();

const hello = new Uint8Array(300).fill(1);
const answer = new Uint8Array(500).fill(2);
const lost = (): TlsError =>
  new TlsError(undefined, "the connection broke", { code: "connection_lost", fault: "transport" });

/** What ends a connection, by its name in the table. `own` is the end that the columns speak of. */
const endings: Readonly<Record<string, (ends: Ends, signal: AbortController) => void | Promise<void>>> = {
  "our `close()`": ({ own }) => void own.close(),
  "our `close()`, no answer": async ({ own, carrier }) => {
    carrier.pause();
    void own.close();
    await pass(6_000);
    carrier.resume();
  },
  "our `closeWrite()`": ({ own }) => own.closeWrite(),
  "our `abort()`": ({ own }) => own.abort(),
  "our `abort()`, then our `close()`": ({ own }) => {
    own.abort();
    void own.close();
  },
  "our AbortSignal": (_, signal) => signal.abort(),
  "the peer's close_notify": ({ peer }) => peer.closeWrite(),
  "the peer's fatal alert": ({ peer }) => peer.abort(undefined, "access_denied"),
  "the peer's fatal alert, then our `close()`": async ({ own, peer }) => {
    peer.abort(undefined, "access_denied");
    await pass(0);
    void own.close();
  },
  "our fatal alert, for a record that was altered": async ({ peer, network: state }) => {
    state.altered = true;
    await peer.write(Uint8Array.of(9));
  },
  "the carrier's end, without close_notify": ({ carrier }) => carrier.end(),
  "the carrier's error, without close_notify": ({ pair }) => pair.fail(lost()),
  "a WebSocket's close with 1001, without close_notify": ({ pair }) =>
    reportClose({ end() {}, error: pair.fail }, 1001, ""),
  "close_notify, then the carrier's end": async ({ peer, carrier }) => {
    await peer.closeWrite();
    await pass(0);
    carrier.end();
    await pass(2_000);
  },
  "close_notify, then the carrier's error": async ({ peer, pair }) => {
    await peer.closeWrite();
    await pass(0);
    pair.fail(lost());
  },
  "close_notify, the carrier's end, then its error": async ({ peer, pair }) => {
    await peer.closeWrite();
    await pass(0);
    pair.gone(lost());
  },
};

const timeout = "a handshake that takes too long";
const columns = [...Object.keys(readers), "`write()`", "`writable`", "`closed`", "peer: `read()`", "peer: `closed`"];

/** The rows of the table: name → cells by column. */
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

test("docs/ends.md has the endings that are tested here, and no other", () => {
  expect([...documented.keys()].sort()).toEqual([...Object.keys(endings), timeout].sort());
});

describe.each(roles)("a %s's end", (role) => {
  const cases = Object.keys(endings).flatMap((name) =>
    (Object.keys(readers) as (keyof typeof readers)[]).map((how) => [name, how] as const),
  );
  test.each(cases)("%s, seen by %s", async (name, how) => {
    const signal = new AbortController();
    const ends = await open(role, { signal: signal.signal });
    const peerSaw = reading(ends.peer, "`read()`", answer.length);
    await ends.own.write(answer);
    await ends.peer.write(hello);
    await pass(10);
    await endings[name]?.(ends, signal);
    await pass(10);
    const saw = reading(ends.own, how, hello.length);
    await pass(60_000);
    const writer = ends.own.writable.getWriter();
    writer.closed.catch(() => {});
    writer.ready.catch(() => {});
    expect({
      [how]: saw(),
      "`write()`": await outcome(ends.own.write(Uint8Array.of(1))),
      "`writable`": await outcome(writer.write(Uint8Array.of(1))),
      "`closed`": await outcome(ends.own.closed),
      "peer: `read()`": peerSaw(),
      "peer: `closed`": await outcome(ends.peer.closed),
    }).toEqual(cellsOf(name, how));
  });

  test(timeout, async () => {
    expect(await tooLong(role)).toEqual(documented.get(timeout));
  });
});

/** What the table says, of one way to read. Where it says "rejects", any error will do. */
function cellsOf(name: string, how: string): Record<string, unknown> {
  const row = documented.get(name) ?? {};
  const others = Object.entries(row).filter(([column]) => column === how || !(column in readers));
  return Object.fromEntries(
    others.map(([column, cell]) => [column, cell === "rejects" ? expect.stringMatching(/^`.*`$/) : cell]),
  );
}

/** A peer that never says anything: there is no channel for it to read. */
async function tooLong(role: Role): Promise<Record<string, string>> {
  const { pair, network: state } = network(role);
  state.silent = true;
  const config = serverHandshakeConfig({ provider: nodeCrypto, credentials: [credential] });
  const server = acceptWith(config, pair.b, role === "server" ? {} : { handshakeTimeout: 60_000 });
  const client = connect(pair.a, {
    provider: nodeCrypto,
    ca: ca.pem,
    serverName: "localhost",
    ...(role === "server" && { handshakeTimeout: 60_000 }),
  });
  // A client has no channel before its handshake is done: `connect` is what rejects.
  if (role === "client") {
    const end = await outcome(client, 11_000);
    const peer = await outcome(server.closed);
    const all = Object.fromEntries(columns.slice(0, 6).map((column) => [column, end]));
    return { ...all, "peer: `read()`": await outcome(server.read()), "peer: `closed`": peer };
  }
  const row: Record<string, string> = {};
  const peerEnd = outcome(client, 11_000);
  await peerEnd;
  for (const how of Object.keys(readers) as (keyof typeof readers)[]) {
    const saw = reading(server, how, 0);
    await pass(0);
    row[how] = saw();
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
