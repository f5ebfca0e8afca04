/** Sessions that outlive the process: `connect --session`, and servers that share ticket keys. All ends are processes of their own. */
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
const running: Server[] = [];

beforeAll(async () => {
  expect(await run(["certs", folder.path])).toMatchObject({ code: 0 });
});
afterAll(async () => {
  for (const server of running) expect(await server.stop()).toMatchObject({ code: 0 });
  folder.remove();
});

async function serving(...args: string[]): Promise<Server> {
  const server = await serve(...certificate, "--trace", ...args);
  running.push(server);
  return server;
}

interface Visit {
  readonly resumed: boolean;
  /** Why not, as the server tells it. */
  readonly reason: string | undefined;
  /** Whether the session got another ticket. */
  readonly ticket: boolean;
}

const ca = ["--ca", file("ca.pem")];

/** One connection that says something both ways. */
async function visit(server: Server, session: string, trust: readonly string[] = ca): Promise<Visit> {
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
  const told = events().find(({ type }) => type === "resumption");
  return {
    resumed,
    reason: told?.reason as string | undefined,
    ticket: events().some(({ name }) => name === "new_session_ticket"),
  };
}

const full = { resumed: false, reason: undefined, ticket: true };
const resumed = { resumed: true, reason: undefined, ticket: false };

describe("connect --session", () => {
  test("a file that is not there becomes one, for its owner alone; the next run resumes", async () => {
    const server = await serving();
    const session = file("first.session");
    expect(await visit(server, session)).toEqual(full);
    expect(statSync(session).mode & 0o777).toBe(0o600);
    expect(await visit(server, session)).toEqual(resumed);
    expect(await visit(server, session)).toEqual(resumed);
    expect(readdirSync(folder.path).filter((name) => name.startsWith("first.session"))).toEqual(["first.session"]);
  });

  test.each([
    ["empty", () => Buffer.alloc(0)],
    ["random", () => randomBytes(300)],
    ["cut short", (session: Buffer) => session.subarray(0, -1)],
    [
      "of a later form",
      (session: Buffer) => Buffer.concat([Buffer.of((session[0] as number) + 1), session.subarray(1)]),
    ],
  ])("a file that is %s is no session, and is replaced by one", async (_, broken) => {
    const server = await serving();
    const session = file("broken.session");
    await visit(server, session);
    writeFileSync(session, broken(readFileSync(session)));
    chmodSync(session, 0o644);
    expect(await visit(server, session)).toEqual(full);
    expect(statSync(session).mode & 0o777).toBe(0o600);
    expect(await visit(server, session)).toEqual(resumed);
  });

  test("a session that was made with --insecure is not resumed with --ca, nor the other way round", async () => {
    const server = await serving();
    const session = file("insecure.session");
    expect(await visit(server, session, ["--insecure"])).toEqual(full);
    expect(await visit(server, session)).toEqual(full);
    expect(await visit(server, session)).toEqual(resumed);
    expect(await visit(server, session, ["--insecure"])).toEqual(full);
  });

  test("behind a link", async () => {
    const server = await serving();
    mkdirSync(file("elsewhere"));
    writeFileSync(file("elsewhere/session"), "", { mode: 0o600 });
    symlinkSync(file("elsewhere/session"), file("link.session"));
    await visit(server, file("link.session"));
    expect(await visit(server, file("link.session"))).toEqual(resumed);
    expect(statSync(file("elsewhere/session")).size).toBeGreaterThan(0);
  });

  test("what does not become of it is told", async () => {
    const server = await serving();
    const of = (...args: string[]) => run(["connect", server.tcp, ...ca, "--trace", ...args], "x");
    const session = file("told.session");
    await of("--session", session);
    expect((await of("--session", session)).stderr).toMatch(/^ {2}an earlier session is resumed$/m);
    expect((await of("--session", session)).stderr).toMatch(/^established TLSv1\.2 TLS_\w+ resumed for /m);
    const other = ["--servername", "localhost", "--session", session];
    expect((await of(...other)).stderr).toMatch(
      /^ {2}the session is not resumed: it was made under another configuration$/m,
    );
  });

  // Windows has neither such modes nor getuid.
  if (process.getuid)
    test("out of a file that others may write to: nothing is sent", async () => {
      const session = file("everybody.session");
      for (const [mode, code, message] of [
        [0o622, 2, /^error: --session .*: others may write to it, and could pass for any server\n$/],
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

  test("into a folder that is not there, or over what is no file: nothing is sent", async () => {
    for (const [path, code, message] of [
      ["/nowhere/session", 1, /^error: --session \/nowhere\/session: no such file or folder\n$/],
      ["/dev/null", 2, /^error: --session \/dev\/null: expected a file, or the name for one\n$/],
      [folder.path, 2, /^error: --session .*: expected a file, or the name for one\n$/],
    ] as const)
      expect(await run(["connect", "tcp://127.0.0.1:1", "--insecure", "--session", path])).toMatchObject({
        code,
        stderr: expect.stringMatching(message),
      });
    expect(existsSync("/dev/null")).toBe(true);
  });
});

describe("serve", () => {
  test("--no-tickets: by session ID, in this process", async () => {
    const server = await serving("--no-tickets");
    const session = file("id.session");
    expect(await visit(server, session)).toEqual({ ...full, ticket: false });
    expect(await visit(server, session)).toEqual(resumed);
    const other = await serving("--no-tickets");
    expect(await visit(other, session)).toEqual({ ...full, ticket: false, reason: "unknown" });
  });

  test("--no-session-cache: by ticket", async () => {
    const server = await serving("--no-session-cache");
    const session = file("ticket.session");
    await visit(server, session);
    expect(await visit(server, session)).toEqual(resumed);
  });

  test("--no-tickets --no-session-cache: not at all", async () => {
    const server = await serving("--no-tickets", "--no-session-cache");
    const session = file("none.session");
    for (let i = 0; i < 2; i++) expect(await visit(server, session)).toEqual({ ...full, ticket: false });
    expect(existsSync(session)).toBe(false);
  });
});

describe("serve --ticket-keys: two processes", () => {
  const [older, newer] = [randomBytes(48), randomBytes(48)];
  const shared = file("ticket.keys");
  const session = file("shared.session");
  let servers: readonly [Server, Server];
  beforeAll(async () => {
    writeFileSync(shared, older);
    servers = [await serving("--ticket-keys", shared), await serving("--ticket-keys", shared, "--no-session-cache")];
  });

  /** Both take the keys that the file now has. */
  async function rotate(content: string | Uint8Array, told: RegExp): Promise<void> {
    writeFileSync(shared, content);
    for (const server of servers) {
      const before = server.stderr().length;
      server.process.kill("SIGHUP");
      await expect.poll(() => server.stderr().slice(before)).toMatch(told);
    }
  }
  const hex = (...keys: Buffer[]): string => `${keys.map((key) => key.toString("hex")).join("\n")}\n`;

  test("each resumes the sessions of the other", async () => {
    expect(await visit(servers[0], session)).toEqual(full);
    expect(await visit(servers[1], session)).toEqual(resumed);
    expect(await visit(servers[0], session)).toEqual(resumed);
    // The ticket is under the key of the file, and a process with keys of its own cannot take it.
    expect(readFileSync(session).includes(older.subarray(0, 16))).toBe(true);
    expect(await visit(await serving(), session)).toEqual({ ...full, reason: "unknown" });
  });

  test("a ticket that was altered, wherever: a full handshake", async () => {
    await visit(servers[0], session);
    const good = readFileSync(session);
    const begin = good.indexOf(older.subarray(0, 16));
    expect(begin).toBeGreaterThan(0);
    for (const at of [begin, begin + 16, begin + 28, good.length - 1]) {
      const altered = Buffer.from(good);
      altered[at]! ^= 1;
      writeFileSync(session, altered);
      expect(await visit(servers[1], session), `byte ${at}`).toEqual({ ...full, reason: "unknown" });
    }
    writeFileSync(session, good);
    expect(await visit(servers[1], session)).toEqual(resumed);
  });

  test("a key in front of it: resumed, with a ticket under the new one; then the old one goes", async () => {
    await visit(servers[0], session);
    const underOlder = readFileSync(session);
    await rotate(hex(newer, older), /^ticket keys: 2 from /m);
    expect(await visit(servers[1], session)).toEqual({ ...resumed, ticket: true });
    expect(readFileSync(session).includes(newer.subarray(0, 16))).toBe(true);
    await rotate(newer, /^ticket keys: 1 from /m);
    expect(await visit(servers[0], session)).toEqual(resumed);
    writeFileSync(session, underOlder);
    expect(await visit(servers[0], session)).toEqual({ ...full, reason: "unknown" });
    expect(await visit(servers[1], session)).toEqual(resumed);
  });

  test("a file that has become no good leaves the keys as they are", async () => {
    await rotate(newer, /^ticket keys: 1 from /m);
    await visit(servers[0], session);
    await rotate(
      newer.subarray(1),
      /^error: --ticket-keys .*: expected keys of 48 bytes.*; the keys stay as they were$/m,
    );
    expect(await visit(servers[1], session)).toEqual(resumed);
  });

  test.each<[string, string | Uint8Array]>([
    ["no bytes", ""],
    ["a key of nginx with HMAC and AES-256, which is another form", randomBytes(80)],
    ["digits that are too few", `${"0".repeat(94)}\n`],
    ["a text that happens to be as long as two keys", `-----BEGIN CERTIFICATE-----\n${"A".repeat(68)}`],
    ["a line that is no key", `${"0".repeat(96)}\nkey\n`],
  ])("%s", async (_, content) => {
    const bad = file("bad.keys");
    writeFileSync(bad, content);
    expect(await run(["serve", "--tcp", "0", "--ticket-keys", bad])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: --ticket-keys .*bad\.keys: expected keys of 48 bytes.*\n$/),
    });
  });

  test("no file, or tickets that nobody is to have", async () => {
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
