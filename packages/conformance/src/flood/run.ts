/**
 * A flood from one address, and what others notice of it: the delay of an echo on an open connection, and handshakes
 * from another address.
 * @module
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { Agent } from "node:http";
import { fileURLToPath } from "node:url";
import { type ConnectWebSocketOptions, connect, type TlsConnection } from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import { makeBombs } from "../hostile/bombs.ts";
import type { FloodRates, LoadReport, LoadSetup, Ports, ServerReport, ServerSetup } from "./protocol.ts";

export interface FloodOptions {
  readonly seconds: number;
  readonly rates: FloodRates;
  /** The number of handshakes from another address. */
  readonly handshakes: number;
  /** How long each may take, in milliseconds. */
  readonly patience: number;
}

export interface Delays {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}

export interface FloodReport {
  /** The delays of the echo in milliseconds, before the flood and during it. */
  readonly idle: Delays;
  readonly flooded: Delays;
  /** The number of handshakes from another address that were done in time, and the time of the longest. */
  readonly done: number;
  readonly longest: number;
  readonly load: LoadReport;
  /** The share of one core that the server took during the flood. */
  readonly serverCpu: number;
  readonly isPinned: boolean;
}

const attacker = "127.0.0.2";
const neighbour = "127.0.0.3";
/** How long the echo is measured before the flood, in milliseconds, and the time between two echoes. */
const idleTime = 3_000;
const echoInterval = 5;

export async function runFlood(options: FloodOptions): Promise<FloodReport> {
  const { seconds, rates, handshakes, patience } = options;
  const ca = await testCa();
  const { cert, key } = await ca.issue();
  const bombs = makeBombs();
  const isPinned = canPin();
  const server = start("flood-server", 0, isPinned);
  const load = start("flood-load", 1, isPinned);
  const agent = new Agent({ localAddress: neighbour });
  try {
    // A patient run has no limit that a slow machine could reach: neither the server's nor those of a client.
    const handshakeTimeout = patience > 10_000 ? patience : undefined;
    const ports = await ask<Ports>(server, { cert, key, clientCa: bombs.root, handshakeTimeout } satisfies ServerSetup);
    const open = (webSocket: ConnectWebSocketOptions = {}): Promise<TlsConnection> =>
      connect(`ws://localhost:${ports.ws}/`, {
        ca: ca.pem,
        handshakeTimeout: 60_000,
        webSocket: { handshakeTimeout: 60_000, ...webSocket },
      });
    const channel = await open();
    await measure(channel, 500);
    const idle = await measure(channel, idleTime);
    const setup: LoadSetup = {
      ports,
      address: attacker,
      seconds,
      rates,
      chains: Object.values(bombs.chains).map((chain) => chain.map((one) => Buffer.from(one).toString("base64"))),
      key: bombs.key.export({ type: "pkcs8", format: "pem" }) as string,
    };
    await ask(load, setup);
    await ask<ServerReport>(server, "report");
    const loading = ask<LoadReport>(load, "go");
    const echoing = measure(channel, seconds * 1_000);
    const times: Promise<number>[] = [];
    for (let i = 0; i < handshakes; i++) {
      times.push(timeOf(() => open({ agent }), patience));
      await sleep((seconds * 1_000) / handshakes);
    }
    const flooded = await echoing;
    const { cpu } = await ask<ServerReport>(server, "report");
    const report = await loading;
    const took = (await Promise.all(times)).filter((time) => time <= patience);
    return {
      idle,
      flooded,
      done: took.length,
      longest: Math.max(...took),
      load: report,
      serverCpu: cpu / (seconds * 1_000),
      isPinned,
    };
  } finally {
    agent.destroy();
    for (const child of [server, load]) child.kill();
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Whether this machine can bind the server and the load to two cores. */
const canPin = (): boolean => spawnSync("taskset", ["-c", "1", "true"]).status === 0;

function start(name: string, core: number, isPinned: boolean): ChildProcess {
  const folder = import.meta.url.endsWith(".ts") ? "../../dist/" : "./";
  const command = [process.execPath, fileURLToPath(new URL(`${folder}${name}.js`, import.meta.url))];
  const [program, ...args] = isPinned ? ["taskset", "-c", String(core), ...command] : command;
  return spawn(program as string, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
}

/** Sends a message, and returns the answer. Rejects if the process ends. */
async function ask<T>(child: ChildProcess, message: object | string): Promise<T> {
  const ended = once(child, "exit").then(([code, signal]) => {
    throw new Error(`a process of the flood ended: ${String(signal ?? code)}`);
  });
  const answered = once(child, "message");
  child.send(message);
  const [answer] = (await Promise.race([answered, ended])) as [T];
  ended.catch(() => {});
  return answer;
}

/** The delays of echoes one after another, for a time. */
async function measure(channel: TlsConnection, ms: number): Promise<Delays> {
  const delays: number[] = [];
  const message = new Uint8Array(100);
  for (const start = performance.now(); performance.now() - start < ms; await sleep(echoInterval)) {
    const sent = performance.now();
    await channel.write(message);
    for (let received = 0; received < message.length; ) {
      const bytes = await channel.read();
      if (!bytes) throw new Error("the server closed the open connection");
      received += bytes.length;
    }
    delays.push(performance.now() - sent);
  }
  delays.sort((a, b) => a - b);
  const at = (share: number): number => delays[Math.min(delays.length - 1, Math.floor(share * delays.length))] ?? 0;
  return { count: delays.length, p50: at(0.5), p99: at(0.99), most: at(1) };
}

/** How long a handshake takes. Infinite if it fails or takes longer than `ms`. */
async function timeOf(open: () => Promise<TlsConnection>, ms: number): Promise<number> {
  const start = performance.now();
  const opened = open().then(
    (channel) => {
      channel.close().catch(() => {});
      return performance.now() - start;
    },
    () => Number.POSITIVE_INFINITY,
  );
  return Promise.race([opened, sleep(ms + 1).then(() => Number.POSITIVE_INFINITY)]);
}
