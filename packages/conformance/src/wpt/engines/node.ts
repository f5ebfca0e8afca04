import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Suite } from "../tests.ts";
import type { Engine } from "./engine.ts";

export interface NodeOptions {
  /** PEM of the CA that both of our servers have. */
  readonly ca: string;
  /** Whether to test our classes instead of those of Node.js. */
  readonly isOurs: boolean;
  readonly multiplier: number;
  readonly suite: Suite;
  /** The address of the channels to the HTTP server. */
  readonly carrier?: string;
}

/** Runs each page in a process of Node.js, which finds its settings in its environment. */
export function startNode({ ca, isOurs, multiplier, suite, carrier }: NodeOptions): Engine {
  const folder = mkdtempSync(join(tmpdir(), "wpt-"));
  const caFile = join(folder, "ca.pem");
  writeFileSync(caFile, ca);
  // Before version 22, Node.js hides its class behind a flag.
  const flag = process.allowedNodeEnvironmentFlags.has("--experimental-websocket") ? ["--experimental-websocket"] : [];
  return {
    version: process.versions.node,
    async open(url, { timeout }, onEnd) {
      const settings = { url, limit: timeout * multiplier, suite, carrier, ...(isOurs && { ca }) };
      const program = join(import.meta.dirname, "wpt-child.js");
      const child = spawn(process.execPath, [...flag, "--expose-gc", program], {
        stdio: ["ignore", "ignore", "pipe"],
        env: { ...process.env, NODE_EXTRA_CA_CERTS: caFile, HANDCLASP_WPT_CHILD: JSON.stringify(settings) },
      });
      let log = "";
      child.stderr.setEncoding("utf8").on("data", (data: string) => {
        log += data;
      });
      child.on("close", () => onEnd(log.slice(0, 500)));
      return async () => void child.kill("SIGKILL");
    },
    async close() {
      rmSync(folder, { recursive: true });
    },
  };
}
