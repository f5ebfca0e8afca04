/**
 * Databases and brokers with TLS, as real counterparts of the clients that programs have.
 * @module
 */
import { chmodSync, chownSync, copyFileSync, mkdtempSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import type { Material } from "./files.ts";
import { find, freePort, type Running, run, start } from "./programs.ts";

export interface Service {
  readonly port: number;
  /** The output so far. */
  output(): string;
  signal(signal: "SIGSTOP" | "SIGCONT"): void;
  stop(): Promise<void>;
}

type Start = (material: Material) => Promise<Service>;

/** Starts a program, and waits until it listens on its port and is ready. */
async function listening(
  command: (port: number) => Parameters<typeof start>[0],
  isReady: (running: Running) => boolean = () => true,
  given?: number,
): Promise<Service> {
  const port = given ?? (await freePort());
  const running = start({ ...command(port), minutes: 10 });
  await untilOpen(port, running, isReady);
  return {
    port,
    output: running.stdout,
    signal: (signal) => void running.process.kill(signal),
    stop: () => running.stop(),
  };
}

async function untilOpen(port: number, running: Running, isReady: (running: Running) => boolean): Promise<void> {
  let hasExited = false;
  void running.exited.then(() => {
    hasExited = true;
  });
  for (const end = Date.now() + 90_000; Date.now() < end && !hasExited; ) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const probe = createConnection(port, "127.0.0.1");
      probe.on("connect", () => resolve(true)).on("error", () => resolve(false));
      probe.on("connect", () => probe.destroy());
    });
    if (isOpen && isReady(running)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await running.stop();
  throw new Error(`the service does not listen: ${running.stderr()}${running.stdout()}`);
}

function configuration(folder: string, name: string, lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, lines.join("\n"));
  return path;
}

/** Redis, on a TLS port that asks each client for a certificate. */
export const startRedis: Start = ({ files }) =>
  listening((port) => {
    const lines = [
      "bind 127.0.0.1",
      "port 0",
      `tls-port ${port}`,
      "tls-auth-clients yes",
      `tls-cert-file ${files.server.ecdsa.cert}`,
      `tls-key-file ${files.server.ecdsa.key}`,
      `tls-ca-cert-file ${files.ca}`,
      'save ""',
      `dir ${files.folder}`,
    ];
    return { program: "redis-server", args: [configuration(files.folder, "redis.conf", lines)] };
  });

/** Redis without TLS, and with nothing on the disk. */
export const startPlainRedis = (given?: number): Promise<Service> =>
  listening(
    (port) => ({
      program: "redis-server",
      args: ["--bind", "127.0.0.1", "--port", String(port), "--save", "", "--appendonly", "no"],
    }),
    undefined,
    given,
  );

/** Mosquitto, on a TLS port. */
export const startMosquitto: Start = ({ files }) =>
  listening((port) => {
    const lines = [
      `listener ${port} 127.0.0.1`,
      `certfile ${files.server.ecdsa.cert}`,
      `keyfile ${files.server.ecdsa.key}`,
      "allow_anonymous true",
      "persistence false",
      // Otherwise it would take the rights of a user who cannot read the key.
      ...(process.getuid?.() === 0 ? ["user root"] : []),
    ];
    return { program: "mosquitto", args: ["-c", configuration(files.folder, "mosquitto.conf", lines)] };
  });

/** PostgreSQL, whose port speaks TLS after a request in plain text. It does not run with the rights of root. */
export async function startPostgres({ files }: Material): Promise<Service> {
  const { folder, own, common } = unprivileged(files.folder, "postgres-");
  const data = join(folder, "data");
  const initdb = ["-D", data, "-U", "handclasp", "--auth", "trust", "--no-sync", "--encoding", "UTF8"];
  await run({ ...common, program: "initdb", args: initdb });
  const { cert, key } = files.server.ecdsa;
  for (const [from, name] of [
    [cert, "server.crt"],
    [key, "server.key"],
  ] as const) {
    copyFileSync(from, join(data, name));
    chmodSync(join(data, name), 0o600);
    own(join(data, name));
  }
  const settings = ["ssl=on", "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"];
  const command = (port: number): Parameters<typeof start>[0] => ({
    ...common,
    program: "postgres",
    args: ["-D", data, "-p", String(port), ...settings.flatMap((one) => ["-c", one])],
  });
  return listening(command, (running) => running.stderr().includes("ready to accept connections"));
}

/** MariaDB without TLS. It does not run with the rights of root. The user `handclasp` has the password `secret`. */
export async function startMariadb({ files }: Material): Promise<Service> {
  const { folder, common } = unprivileged(files.folder, "mariadb-");
  const data = join(folder, "data");
  const install = [`--datadir=${data}`, "--no-defaults", "--skip-test-db", "--auth-root-authentication-method=normal"];
  await run({ ...common, program: "mariadb-install-db", args: install });
  const first = configuration(folder, "first.sql", [
    "create user handclasp@'127.0.0.1' identified by 'secret';",
    "create database test;",
    "grant all on test.* to handclasp@'127.0.0.1';",
  ]);
  return listening(
    (port) => ({
      ...common,
      program: "mariadbd",
      args: [
        "--no-defaults",
        `--datadir=${data}`,
        `--port=${port}`,
        "--bind-address=127.0.0.1",
        `--socket=${join(folder, "socket")}`,
        `--pid-file=${join(folder, "pid")}`,
        `--init-file=${first}`,
        "--max-allowed-packet=64M",
      ],
    }),
    (running) => running.stderr().includes("ready for connections"),
  );
}

/** A mail server whose port begins with TLS, and which prints each message. */
export const startSmtps = ({ files }: Material): Promise<Service> =>
  listening((port) => ({
    program: "aiosmtpd",
    args: [
      "--nosetuid",
      "--listen",
      `127.0.0.1:${port}`,
      "--smtpscert",
      files.server.ecdsa.cert,
      "--smtpskey",
      files.server.ecdsa.key,
      "--class",
      "aiosmtpd.handlers.Debugging",
      "stdout",
    ],
    env: { PYTHONUNBUFFERED: "1" },
  }));

/** A folder for a program that must not run with the rights of root, and the properties of its commands. */
function unprivileged(parent: string, prefix: string) {
  const folder = mkdtempSync(join(parent, prefix));
  const isRoot = process.getuid?.() === 0;
  const nobody = { uid: 65_534, gid: 65_534 };
  const own = (path: string): void => {
    if (isRoot) chownSync(path, nobody.uid, nobody.gid);
  };
  chmodSync(parent, 0o755);
  own(folder);
  return { folder, own, common: { env: { LC_ALL: "C" }, cwd: folder, ...(isRoot && { user: nobody }) } };
}

/** The programs that are missing. */
export const missingOf = (...programs: readonly string[]): readonly string[] =>
  programs.filter((program) => !find(program));
