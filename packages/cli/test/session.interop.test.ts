/**
 * Sessions that outlive a process: `connect --session`, and servers that share ticket keys. Each client and each server
 * is a process of its own.
 */
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jsonLines, run, type Server, serve, temporaryFolder } from "./handclasp.ts";

const folder = temporaryFolder();
const file = (name: string): string => join(folder.path, name);
const certificate = ["--cert", file("server.pem"), "--key", file("server.key")];
const servers: Server[] = [];

beforeAll(async () => {
  expect(await run(["certs", folder.path])).toMatchObject({ code: 0 });
});
afterAll(async () => {
  for (const server of servers) expect(await server.stop()).toMatchObject({ code: 0 });
  folder.remove();
});

async function startServer(...args: string[]): Promise<Server> {
  const server = await serve(...certificate, "--trace", ...args);
  servers.push(server);
  return server;
}

interface Outcome {
  readonly resumed: boolean;
  /** The reason why the server did not resume the session. */
  readonly reason: string | undefined;
  /** Whether the server issued a ticket. */
  readonly ticket: boolean;
}

const ca = ["--ca", file("ca.pem")];

/** Opens a connection that sends and receives data. */
async function connectOnce(server: Server, session: string, trust: readonly string[] = ca): Promise<Outcome> {
  const before = server.events().length;
  const { code, stdout, stderr } = await run(
    ["connect", server.tcp, ...trust, "--session", session, "--json"],
    "hello",
  );
  expect([code, stdout.toString()], stderr).toEqual([0, "hello"]);
  const events = (): Record<string, unknown>[] => server.events().slice(before);
  await expect.poll(() => events().at(-1)).toMatchObject({ event: "closed", clean: true });
  const { resumed } = events().find(({ event }) => event === "established") as { resumed: boolean };
  expect(jsonLines(stderr)[0]).toMatchObject({ event: "established", resumed });
  const resumption = events().find(({ type }) => type === "resumption");
  return {
    resumed,
    reason: resumption?.reason as string | undefined,
    ticket: events().some(({ name }) => name === "new_session_ticket"),
  };
}

const full = { resumed: false, reason: undefined, ticket: true };
const resumed = { resumed: true, reason: undefined, ticket: false };

describe("connect --session", () => {
  test("creates a file that only its owner can access, and the next run resumes the session", async () => {
    const server = await startServer();
    const session = file("first.session");
    expect(await connectOnce(server, session)).toEqual(full);
    expect(statSync(session).mode & 0o777).toBe(0o600);
    expect(await connectOnce(server, session)).toEqual(resumed);
    expect(await connectOnce(server, session)).toEqual(resumed);
    expect(readdirSync(folder.path).filter((name) => name.startsWith("first.session"))).toEqual(["first.session"]);
  });

  test.each([
    ["empty", () => Buffer.alloc(0)],
    ["random", () => randomBytes(300)],
    ["truncated", (session: Buffer) => session.subarray(0, -1)],
    [
      "of a later version",
      (session: Buffer) => Buffer.concat([Buffer.of((session[0] as number) + 1), session.subarray(1)]),
    ],
  ])("ignores a file that is %s and replaces it", async (_, corrupt) => {
    const server = await startServer();
    const session = file("broken.session");
    await connectOnce(server, session);
    writeFileSync(session, corrupt(readFileSync(session)));
    chmodSync(session, 0o644);
    expect(await connectOnce(server, session)).toEqual(full);
    expect(statSync(session).mode & 0o777).toBe(0o600);
    expect(await connectOnce(server, session)).toEqual(resumed);
  });

  test("does not resume a session of --insecure with --ca, or a session of --ca with --insecure", async () => {
    const server = await startServer();
    const session = file("insecure.session");
    expect(await connectOnce(server, session, ["--insecure"])).toEqual(full);
    expect(await connectOnce(server, session)).toEqual(full);
    expect(await connectOnce(server, session)).toEqual(resumed);
    expect(await connectOnce(server, session, ["--insecure"])).toEqual(full);
  });

  test("follows a symbolic link", async () => {
    const server = await startServer();
    mkdirSync(file("elsewhere"));
    writeFileSync(file("elsewhere/session"), "", { mode: 0o600 });
    symlinkSync(file("elsewhere/session"), file("link.session"));
    await connectOnce(server, file("link.session"));
    expect(await connectOnce(server, file("link.session"))).toEqual(resumed);
    expect(statSync(file("elsewhere/session")).size).toBeGreaterThan(0);
  });

  test("--trace prints that the session is resumed, or the reason why it is not", async () => {
    const server = await startServer();
    const connectWith = (...args: string[]) => run(["connect", server.tcp, ...ca, "--trace", ...args], "x");
    const session = file("traced.session");
    await connectWith("--session", session);
    expect((await connectWith("--session", session)).stderr).toMatch(/^ {2}an earlier session is resumed$/m);
    expect((await connectWith("--session", session)).stderr).toMatch(/^established TLSv1\.2 TLS_\w+ resumed for /m);
    const other = ["--servername", "localhost", "--session", session];
    expect((await connectWith(...other)).stderr).toMatch(
      /^ {2}the session is not resumed: it was established with another configuration$/m,
    );
  });

  // Windows has neither getuid nor these file modes.
  if (process.getuid)
    test("refuses a file that other users may write to, before it connects", async () => {
      const session = file("writable.session");
      for (const [mode, code, message] of [
        [0o622, 2, /^error: --session .*: other users may write to it, and could then impersonate any server\n$/],
        [0o600, 1, /ECONNREFUSED/],
      ] as const) {
        writeFileSync(session, "");
        chmodSync(session, mode);
        expect(await run(["connect", "tcp://127.0.0.1:1", "--insecure", "--session", session])).toMatchObject({
          code,
          stderr: expect.stringMatching(message),
        });
      }
    });

  test("refuses a missing folder and a path that is not a file, before it connects", async () => {
    for (const [path, code, message] of [
      ["/nowhere/session", 1, /^error: --session \/nowhere\/session: no such file or folder\n$/],
      ["/dev/null", 2, /^error: --session \/dev\/null: expected a file, or a name for a new one\n$/],
      [folder.path, 2, /^error: --session .*: expected a file, or a name for a new one\n$/],
    ] as const)
      expect(await run(["connect", "tcp://127.0.0.1:1", "--insecure", "--session", path])).toMatchObject({
        code,
        stderr: expect.stringMatching(message),
      });
    expect(existsSync("/dev/null")).toBe(true);
  });
});

describe("serve", () => {
  test("with --no-tickets, a process resumes its own sessions by session ID", async () => {
    const server = await startServer("--no-tickets");
    const session = file("id.session");
    expect(await connectOnce(server, session)).toEqual({ ...full, ticket: false });
    expect(await connectOnce(server, session)).toEqual(resumed);
    const other = await startServer("--no-tickets");
    expect(await connectOnce(other, session)).toEqual({ ...full, ticket: false, reason: "unknown" });
  });

  test("with --no-session-cache, resumes sessions by ticket", async () => {
    const server = await startServer("--no-session-cache");
    const session = file("ticket.session");
    await connectOnce(server, session);
    expect(await connectOnce(server, session)).toEqual(resumed);
  });

  test("with --no-tickets and --no-session-cache, does not resume sessions", async () => {
    const server = await startServer("--no-tickets", "--no-session-cache");
    const session = file("none.session");
    for (let i = 0; i < 2; i++) expect(await connectOnce(server, session)).toEqual({ ...full, ticket: false });
    expect(existsSync(session)).toBe(false);
  });
});

describe("serve --ticket-keys", () => {
  const [older, newer] = [randomBytes(48), randomBytes(48)];
  const shared = file("ticket.keys");
  const session = file("shared.session");
  let pair: readonly [Server, Server];
  beforeAll(async () => {
    writeFileSync(shared, older);
    pair = [
      await startServer("--ticket-keys", shared),
      await startServer("--ticket-keys", shared, "--no-session-cache"),
    ];
  });

  /** Writes new keys and makes both servers read the file. */
  async function rotate(content: string | Uint8Array, output: RegExp): Promise<void> {
    writeFileSync(shared, content);
    for (const server of pair) {
      const before = server.said().length;
      server.process.kill("SIGHUP");
      await expect.poll(() => JSON.stringify(server.said().slice(before))).toMatch(output);
    }
  }
  const hex = (...keys: Buffer[]): string => `${keys.map((key) => key.toString("hex")).join("\n")}\n`;

  test("each of two processes resumes the sessions of the other", async () => {
    expect(await connectOnce(pair[0], session)).toEqual(full);
    expect(await connectOnce(pair[1], session)).toEqual(resumed);
    expect(await connectOnce(pair[0], session)).toEqual(resumed);
    // The ticket contains the name of the file's key, and a process with other keys does not accept the ticket.
    expect(readFileSync(session).includes(older.subarray(0, 16))).toBe(true);
    expect(await connectOnce(await startServer(), session)).toEqual({ ...full, reason: "unknown" });
  });

  test("a ticket with an altered byte leads to a full handshake", async () => {
    await connectOnce(pair[0], session);
    const good = readFileSync(session);
    const begin = good.indexOf(older.subarray(0, 16));
    expect(begin).toBeGreaterThan(0);
    for (const at of [begin, begin + 16, begin + 28, good.length - 1]) {
      const altered = Buffer.from(good);
      altered[at]! ^= 1;
      writeFileSync(session, altered);
      expect(await connectOnce(pair[1], session), `byte ${at}`).toEqual({ ...full, reason: "unknown" });
    }
    writeFileSync(session, good);
    expect(await connectOnce(pair[1], session)).toEqual(resumed);
  });

  test("a ticket under the old key resumes the session and is renewed, until a reload drops that key", async () => {
    await connectOnce(pair[0], session);
    const underOlder = readFileSync(session);
    await rotate(hex(newer, older), /"ticketKeys":{"count":2,/);
    expect(await connectOnce(pair[1], session)).toEqual({ ...resumed, ticket: true });
    expect(readFileSync(session).includes(newer.subarray(0, 16))).toBe(true);
    await rotate(newer, /"ticketKeys":{"count":1,/);
    expect(await connectOnce(pair[0], session)).toEqual(resumed);
    writeFileSync(session, underOlder);
    expect(await connectOnce(pair[0], session)).toEqual({ ...full, reason: "unknown" });
    expect(await connectOnce(pair[1], session)).toEqual(resumed);
  });

  test("after a reload of an invalid file, the keys stay as they were", async () => {
    await rotate(newer, /"ticketKeys":{"count":1,/);
    await connectOnce(pair[0], session);
    await rotate(
      newer.subarray(1),
      /"error".*--ticket-keys .*: expected keys of 48 random bytes.*; nothing has changed"/,
    );
    expect(await connectOnce(pair[1], session)).toEqual(resumed);
  });

  test.each<[string, string | Uint8Array]>([
    ["an empty file", ""],
    ["an 80-byte ticket key of nginx", randomBytes(80)],
    ["a line with too few digits", `${"0".repeat(94)}\n`],
    ["a text of 96 bytes", `-----BEGIN CERTIFICATE-----\n${"A".repeat(68)}`],
    ["a line that is not a key", `${"0".repeat(96)}\nkey\n`],
  ])("refuses %s", async (_, content) => {
    const bad = file("bad.keys");
    writeFileSync(bad, content);
    expect(await run(["serve", "--tcp", "0", "--ticket-keys", bad])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: --ticket-keys .*bad\.keys: expected keys of 48 random bytes.*\n$/),
    });
  });

  test("refuses a missing file, and the combination with --no-tickets", async () => {
    expect(await run(["serve", "--tcp", "0", "--ticket-keys", "/nowhere"])).toMatchObject({
      code: 1,
      stderr: "error: --ticket-keys /nowhere: no such file or folder\n",
    });
    expect(await run(["serve", "--tcp", "0", "--ticket-keys", shared, "--no-tickets"])).toMatchObject({
      code: 2,
      stderr: "error: --ticket-keys and --no-tickets exclude each other\n",
    });
  });
});
