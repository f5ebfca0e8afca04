/** The example as a user starts it: its figures, a rolling restart under load, and its Redis killed. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import type { Socket } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { startLoad } from "@handclasp/example-fleet";
import { connect, connectWebSocket } from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { find } from "../src/programs.ts";

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const processes = 4;
const patience = { timeout: 90_000, interval: 20 };

/** Starts the example. Its lines begin with a word and a value. */
async function startExample() {
  const env = { ...process.env, FLEET_PROCESSES: String(processes) };
  const child = spawn(process.execPath, [main], { env, stdio: ["ignore", "pipe", "ignore"] });
  const exited = new Promise<number | null>((resolve) => void child.once("exit", resolve));
  onTestFinished(async () => {
    child.kill("SIGTERM");
    await exited;
  });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  await vi.waitFor(() => expect(lines).toContain("ready"), patience);
  const wordAfter = (word: string): string =>
    lines.find((line) => line.startsWith(`${word} `))?.match(/(?:process )?(\S+)(?: \(.*)?$/)?.[1] as string;
  const folder = lines.find((line) => line.startsWith("folder"))?.split(/\s+/)[1] as string;
  return { child, exited, lines, wordAfter, url: wordAfter("fleet"), ca: readFileSync(`${folder}/ca.pem`, "utf8") };
}

async function scrape(address: string, pattern: RegExp): Promise<number> {
  const response = await fetch(address);
  expect(response.status).toBe(200);
  return (await response.text())
    .split("\n")
    .filter((line) => pattern.test(line))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}

/**
 * One address opens connections that never begin a handshake, and sends bad handshakes, while others are served. The
 * page, which has the figures of processes that have not been restarted since, agrees with what clients saw.
 */
async function flood(url: string, ca: string, metrics: string): Promise<void> {
  const handshakes = (labels: string) => scrape(metrics, new RegExp(`^handclasp_handshakes_total\\{${labels}`));
  const before = await handshakes('outcome="established"');
  const agent = new Agent({ localAddress: "127.0.0.2" });
  const headers = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": randomBytes(16).toString("base64"),
  };
  /** The status of the answer: 101 for a connection that then says nothing. */
  const sockets: Socket[] = [];
  const open = (): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const answered = ({ statusCode, socket }: IncomingMessage): void => {
        sockets.push(socket.on("error", () => {}));
        resolve(statusCode);
      };
      const asking = request(url.replace("wss", "https"), { ca, agent, headers, timeout: 90_000 });
      asking.on("upgrade", answered).on("response", answered).on("error", reject).end();
    });
  const half = await Promise.all(Array.from({ length: 130 * processes }, open));
  const opened = half.filter((status) => status === 101).length;
  expect(opened).toBeGreaterThanOrEqual(100 * processes);
  expect(new Set(half)).toEqual(new Set([101, 429]));
  const again = startLoad({ url, ca, clients: 2, lines: 1, pause: 0 });
  await vi.waitFor(() => expect(again.result.connections).toBeGreaterThan(9), patience);
  const { connections, failures } = await again.stop();
  expect(failures).toEqual([]);
  const other = await testCa();
  for (let i = 0; i < 3; i++)
    await connect(await connectWebSocket(url, { ca }), { ca: other.pem, serverName: "localhost" }).catch(() => {});
  // A slow machine has ended some of them already.
  const ended = () => handshakes('outcome="failed",code="(handshake_timeout|closed_during_handshake)"');
  await vi.waitFor(async () => {
    expect((await scrape(metrics, /^handclasp_connections\{state="handshaking"/)) + (await ended())).toBe(opened);
    expect(await scrape(metrics, /^handclasp_refused_connections_total\{of="client",limit="maxHandshakes"/)).toBe(
      half.length - opened,
    );
    expect(await handshakes('outcome="failed",code="unknown_ca"')).toBe(3);
    expect(await handshakes('outcome="established"')).toBe(before + connections);
  }, patience);
  for (const socket of sockets) socket.destroy();
  await vi.waitFor(async () => {
    expect(await scrape(metrics, /^handclasp_connections\{/)).toBe(0);
    expect(await ended()).toBe(opened);
  }, patience);
}

const missing = ["haproxy", "redis-server"].filter((program) => !find(program));
describe.skipIf(missing.length)("the fleet", () => {
  test("a rolling restart under load loses nothing, and neither does the end of Redis", async () => {
    const { child, exited, lines, wordAfter, url, ca } = await startExample();
    const metrics = wordAfter("metrics");
    const other = await testCa();
    const load = startLoad({ url, ca, clients: 4, lines: 5, pause: 20 });
    const more = (count: number) => {
      const before = load.result.connections;
      return vi.waitFor(() => expect(load.result.connections).toBeGreaterThan(before + count), patience);
    };
    // A flood of clients that do not trust the server.
    for (let i = 0; i < 7; i++) {
      const transport = await connectWebSocket(url, { ca });
      const options = { ca: other.pem, serverName: "localhost" };
      await expect(connect(transport, options)).rejects.toMatchObject({ code: "unknown_issuer" });
    }
    await more(20);
    child.kill("SIGHUP");
    await vi.waitFor(() => expect(lines).toContain("rolled"), patience);
    await more(10);
    expect(load.result.processes.size).toBe(2 * processes);
    process.kill(Number(wordAfter("redis")), "SIGKILL");
    await more(20);
    const { connections, resumed, resumedElsewhere, lost, failures } = await load.stop();
    expect(failures).toEqual([]);
    expect(lost).toBe(0);
    expect(resumed / (connections - 4)).toBeGreaterThanOrEqual(0.99);
    expect(resumedElsewhere).toBeGreaterThan(10);

    await flood(url, ca, metrics);
    expect(await scrape(metrics, /^fleet_redis_errors_total/)).toBeGreaterThan(0);
    child.kill("SIGTERM");
    expect(await exited).toBe(0);
  });
});
