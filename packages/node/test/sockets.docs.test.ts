/**
 * Runs the snippets of docs/sockets.md.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import * as http from "node:http";
import * as net from "node:net";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import * as node from "@handclasp/node";
import * as socket from "@handclasp/node/socket";
import * as starttls from "@handclasp/node/starttls";
import { testCa } from "@handclasp/testing";
import { expect, test } from "vitest";

const document = readFileSync(new URL("../../../docs/sockets.md", import.meta.url), "utf8");
const modules: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "node:http": http,
  "node:net": net,
  "@handclasp/node": node,
  "@handclasp/node/socket": socket,
  "@handclasp/node/starttls": starttls,
};
const ca = await testCa();
const credentials = node.nodeCredential(await ca.issue({ names: ["localhost"] }));

/** Runs a snippet. `given` has the values of the application around it, and the result is the named variable. */
async function run(name: string, given: Readonly<Record<string, unknown>>, result: string): Promise<unknown> {
  const code = new RegExp(`\`\`\`js ${name}\\n([^]*?)\`\`\``).exec(document)?.[1];
  if (!code) throw new Error(`no snippet ${name}`);
  expect(code.trim().split("\n").length).toBeLessThanOrEqual(20);
  const names: Record<string, unknown> = { ...given };
  const body = code.replace(/^import \{ (.*) \} from "(.*)";$/gm, (_line, list: string, from: string) => {
    for (const part of list.split(", ")) {
      const [exported = "", local = exported] = part.split(" as ");
      names[local] = modules[from]?.[exported];
      expect(names[local]).toBeDefined();
    }
    return "";
  });
  const AsyncFunction = (async () => {}).constructor as new (...source: string[]) => (...values: unknown[]) => unknown;
  const source = new AsyncFunction(...Object.keys(names), `${body}\nreturn [${result}];`);
  const returned = (await source(...Object.values(names))) as readonly unknown[];
  return returned[0];
}

const portOf = (address: unknown): number => (address as net.AddressInfo).port;

test("HTTP over the sockets of channels", async () => {
  const server = (await run("http-server", { credentials, port: 0 }, "{ server, listener }")) as {
    server: node.TlsServer;
    listener: { address(): unknown };
  };
  const output = new PassThrough();
  const url = `ws://127.0.0.1:${portOf(server.listener.address())}/`;
  await run("http-client", { url, ca: ca.pem, output }, "0");
  expect(await text(output)).toBe("encrypted: true");
  await server.server.close({ grace: 0 });
});

test("STARTTLS as server and as client", async () => {
  const errors: unknown[] = [];
  const log = (error: unknown): void => void errors.push(error);
  const listener = (await run("smtp-server", { credentials, port: 0, log }, "listener")) as net.Server;
  if (!listener.listening) await once(listener, "listening");
  const port = portOf(listener.address());
  const channel = (await run("smtp-client", { port, ca: ca.pem }, "channel")) as node.TlsConnection;
  expect(Buffer.from((await channel.read()) ?? []).toString()).toBe("250 now in TLS\r\n");
  await channel.close();
  const injecting = net.connect(port, "127.0.0.1").on("error", () => {});
  injecting.write("STARTTLS\r\nRSET\r\n");
  await once(injecting.resume(), "close");
  expect(errors).toMatchObject([{ code: "unread_plaintext" }]);
  await new Promise((resolve) => listener.close(resolve));
});
