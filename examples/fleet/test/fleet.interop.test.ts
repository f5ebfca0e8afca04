/** The example as a user starts it: its figures, a rolling restart under load, and its Redis killed. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { startLoad } from "@handclasp/example-fleet";
import { connect, connectWebSocket } from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { find } from "../src/programs.ts";

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const patience = { timeout: 90_000, interval: 20 };

/** Starts the example. Its lines begin with a word and a value. */
async function startExample() {
  // Two processes instead of four: each one takes a second of the tests' time to start.
  const env = { ...process.env, FLEET_PROCESSES: "2" };
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
    expect(load.result.processes.size).toBe(4);
    process.kill(Number(wordAfter("redis")), "SIGKILL");
    await more(20);
    const { connections, resumed, resumedElsewhere, lost, failures } = await load.stop();
    expect(failures).toEqual([]);
    expect(lost).toBe(0);
    expect(resumed / (connections - 4)).toBeGreaterThanOrEqual(0.99);
    expect(resumedElsewhere).toBeGreaterThan(10);

    // The processes of now have counted since they began.
    const before = await scrape(metrics, /^handclasp_handshakes_total\{outcome="established"/);
    const unknown = await scrape(metrics, /^handclasp_handshakes_total\{outcome="failed",code="unknown_ca"/);
    expect(unknown).toBe(0);
    const again = startLoad({ url, ca, clients: 2, lines: 1, pause: 0 });
    await vi.waitFor(() => expect(again.result.connections).toBeGreaterThan(9), patience);
    const result = await again.stop();
    for (let i = 0; i < 3; i++)
      await connect(await connectWebSocket(url, { ca }), { ca: other.pem, serverName: "localhost" }).catch(() => {});
    await vi.waitFor(async () => {
      expect(await scrape(metrics, /^handclasp_handshakes_total\{outcome="failed",code="unknown_ca"/)).toBe(3);
      expect(await scrape(metrics, /^handclasp_handshakes_total\{outcome="established"/)).toBe(
        before + result.connections,
      );
      expect(await scrape(metrics, /^handclasp_connections\{/)).toBe(0);
    }, patience);
    expect(await scrape(metrics, /^fleet_redis_errors_total/)).toBeGreaterThan(0);
    child.kill("SIGTERM");
    expect(await exited).toBe(0);
  });
});
