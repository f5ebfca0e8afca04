/**
 * Behind nginx as a reverse proxy: which pages get in where it passes on its own Host, and where it passes on that of
 * the page.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent } from "node:http";
import { type AddressInfo, connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer, type ListenWebSocketOptions, nodeCredential } from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import { afterEach, describe, expect, test } from "vitest";

/** Debian has it where only root's PATH leads. */
const program = [process.env.HANDCLASP_NGINX, "nginx", "/usr/sbin/nginx"].find((path) => {
  try {
    if (path) execFileSync(path, ["-v"], { stdio: "ignore" });
    return path;
  } catch {
    return false;
  }
});
const ca = await testCa();
const credentials = [nodeCredential(await ca.issue({ names: ["inner.example"] }))];
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** nginx in front of `port`, on a socket in the file system, because another program could take a port meanwhile. */
async function proxy(port: number, headers: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "handclasp-nginx-"));
  closing.push(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "http");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  writeFileSync(
    join(folder, "nginx.conf"),
    `daemon off; master_process off; pid ${folder}/pid; error_log stderr;
events {}
http {
  access_log off;
  ${temporary.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(" ")}
  server {
    listen unix:${path};
    location / {
      proxy_pass http://127.0.0.1:${port};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      ${headers}
    }
  }
}
`,
  );
  const nginx = spawn(program as string, ["-p", folder, "-e", "stderr", "-c", join(folder, "nginx.conf")]);
  let said = "";
  nginx.stderr.on("data", (text) => (said += text));
  const gone = new Promise((resolve) => nginx.once("close", resolve));
  closing.push(() => {
    nginx.kill();
    return gone;
  });
  await expect.poll(() => said || listens(path)).toBe(true);
  return path;
}

/** The file exists from bind() on, before the server listens. */
const listens = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connectSocket(path, () => resolve(true));
    socket.on("error", () => resolve(false)).on("connect", () => socket.destroy());
  });

/** Calls `ws://app.example/` through nginx. Returns `undefined` if the channel opens, otherwise the error. */
async function call(path: string, origin: string | undefined): Promise<string | undefined> {
  const agent = new Agent();
  Object.assign(agent, { createConnection: () => connectSocket(path) });
  try {
    const channel = await connect("ws://app.example/", {
      ca: ca.pem,
      serverName: "inner.example",
      webSocket: { agent, ...(origin !== undefined && { headers: { origin } }) },
    });
    await channel.close();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const page = "https://app.example";
const forwarded = "proxy_set_header Host $host;";
const yours = "if you trust it, pass ";

describe("nginx", () => {
  test
    .skipIf(!program)
    .each<[string, string, string | undefined, ListenWebSocketOptions, code?: string, advice?: string]>([
      ["its own Host: a program", "", undefined, {}],
      ["its own Host: the page", "", page, {}, "origin_refused", `${yours}origins: ["${page}"]`],
      ["its own Host: the page, by name", "", page, { origins: [page] }],
      ["its own Host: another page", "", "https://evil.example", { origins: [page] }, "origin_refused"],
      ["the page's Host: the page", forwarded, page, {}, "host_refused", `${yours}hosts: ["app.example"]`],
      ["the page's Host: a program", forwarded, undefined, {}, "host_refused", `${yours}hosts: ["app.example"]`],
      ["the page's Host, by name: the page", forwarded, page, { hosts: ["app.example"] }],
      ["the page's Host, by name: a program", forwarded, undefined, { hosts: ["app.example"] }],
      [
        "the page's Host, by name: another page",
        forwarded,
        "https://evil.example",
        { hosts: ["app.example"] },
        "origin_refused",
        `${yours}origins: ["https://evil.example"]`,
      ],
    ])("passes on %s", async (_, headers, origin, options, code, advice) => {
    const errors: unknown[] = [];
    const server = createServer({ credentials, onError: (error) => errors.push(error) }, (channel) => channel.close());
    closing.push(() => server.close({ grace: 0 }));
    const { port } = (await server.listenWebSocket(options)).address() as AddressInfo;
    const outcome = await call(await proxy(port, headers), origin);
    if (code === undefined) expect([outcome, errors]).toEqual([undefined, []]);
    else {
      expect(outcome).toContain("403");
      expect(errors).toMatchObject([{ code, ...(advice && { advice }) }]);
      const { message } = errors[0] as Error;
      expect(message).toContain(origin === undefined ? "Origin absent" : JSON.stringify(origin));
      expect(message).toContain(headers ? '"app.example"' : `"127.0.0.1:${port}"`);
    }
  });
});
