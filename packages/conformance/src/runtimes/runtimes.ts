/**
 * The runtimes of the table in README, a row each.
 * @module
 */
import type { ProgramName } from "./bundle.ts";
import { launchChromium, launchFirefox, launchInsecure, launchWebKit } from "./launch/browsers.ts";
import type { Launch } from "./launch/launch.ts";
import { launchJsdom, launchNode, launchProgram } from "./launch/processes.ts";
import { launchWorkerd } from "./launch/workerd.ts";

export interface Runtime {
  /** The name on the command line. */
  readonly id: string;
  readonly name: string;
  /** The package that a program imports there. */
  readonly adapter: "@handclasp/node" | "@handclasp/browser";
  /** The carrier of the echo. */
  readonly carrier: string;
  readonly program: ProgramName;
  readonly launch: Launch;
}

const node = { adapter: "@handclasp/node", carrier: "the package ws", program: "node" } as const;
const page = { adapter: "@handclasp/browser", carrier: "its own WebSocket", program: "page" } as const;

/** Node.js, Bun, Deno and workerd come from npm, as packages that contain their programs. */
export const runtimes: readonly Runtime[] = [
  { ...node, id: "node20", name: "Node.js 20", launch: launchNode(20) },
  { ...node, id: "node22", name: "Node.js 22", launch: launchNode(22) },
  { ...node, id: "node24", name: "Node.js 24", launch: launchNode(24) },
  { ...node, id: "node26", name: "Node.js 26", launch: launchNode(26) },
  { ...node, id: "bun", name: "Bun", launch: launchProgram("bun@1.4.5", "bun", ["run"]) },
  { ...node, id: "deno", name: "Deno", launch: launchProgram("deno@2.9.6", "deno", ["run", "--allow-all"]) },
  { ...page, id: "workerd", name: "workerd", program: "workerd", launch: launchWorkerd("workerd@1.20261117.1") },
  { ...page, id: "chromium", name: "Chromium", launch: launchChromium("/") },
  { ...page, id: "firefox", name: "Firefox", launch: launchFirefox },
  { ...page, id: "webkit", name: "WebKitGTK", launch: launchWebKit },
  { ...page, id: "worker", name: "Chromium, in a worker", launch: launchChromium("/worker") },
  { ...page, id: "insecure", name: "Chromium, on an insecure origin", launch: launchInsecure },
  { ...page, id: "jsdom", name: "jsdom in Node.js", launch: launchJsdom },
];
