/**
 * Node.js with the globals of jsdom: runs the script in `argv[2]` as a page of the origin in `argv[3]`. As in Vitest's
 * environment, Node.js keeps what both have, for example `crypto` and timers, except the classes of a page's events and
 * sockets.
 * @module
 */
import { pathToFileURL } from "node:url";
import { JSDOM } from "jsdom";

const [, , file = "", origin = ""] = process.argv;
const { window } = new JSDOM("<!doctype html>", { url: `${origin}/`, pretendToBeVisual: true });
const globals = window as unknown as Record<string, unknown>;
const ofThePage = new Set(["CloseEvent", "Event", "EventTarget", "MessageEvent", "WebSocket", "navigator"]);
for (const name of Object.getOwnPropertyNames(window)) {
  if (name in globalThis && !ofThePage.has(name)) continue;
  Object.defineProperty(globalThis, name, { value: globals[name], writable: true, configurable: true });
}
await import(pathToFileURL(file).href);
