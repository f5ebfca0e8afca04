/**
 * A server behind nginx as a reverse proxy: the pages that the server accepts if nginx sends its own Host header, and
 * if nginx forwards the page's Host header.
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

/** nginx, or `undefined`. Debian installs it in a folder that only root's PATH contains. */
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
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/**
 * Starts nginx as a proxy for `port`. It listens on a Unix domain socket, because another program could take a free
 * port meanwhile.
 */
async function proxy(port: number, headers: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "handclasp-nginx-"));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
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
  let stderr = "";
  nginx.stderr.on("data", (text) => (stderr += text));
  const closed = new Promise((resolve) => nginx.once("close", resolve));
  cleanups.push(() => {
    nginx.kill();
    return closed;
  });
  await expect.poll(() => stderr || isListening(path)).toBe(true);
  return path;
}

/** True if nginx listens. The file of the socket exists earlier, after bind(). */
const isListening = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connectSocket(path, () => resolve(true));
    socket.on("error", () => resolve(false)).on("connect", () => socket.destroy());
  });

/**
 * Connects to `ws://app.example/` through nginx. Returns `undefined` if the channel opens, otherwise the message of the
 * error.
 */
async function connectThrough(path: string, origin: string | undefined): Promise<string | undefined> {
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

const pageOrigin = "https://app.example";
const forwardHost = "proxy_set_header Host $host;";
const allow = "if you trust it, allow it with ";

describe("a server behind nginx", () => {
  test
    .skipIf(!program)
    .each<[string, string, string | undefined, ListenWebSocketOptions, code?: string, advice?: string]>([
      ["accepts a program if nginx sends its own Host", "", undefined, {}],
      [
        "refuses the page if nginx sends its own Host",
        "",
        pageOrigin,
        {},
        "origin_refused",
        `${allow}origins: ["${pageOrigin}"]`,
      ],
      ["accepts a page in `origins` if nginx sends its own Host", "", pageOrigin, { origins: [pageOrigin] }],
      [
        "refuses a page that is not in `origins` if nginx sends its own Host",
        "",
        "https://evil.example",
        { origins: [pageOrigin] },
        "origin_refused",
      ],
      [
        "refuses the page if nginx sends the page's Host",
        forwardHost,
        pageOrigin,
        {},
        "host_refused",
        `${allow}hosts: ["app.example"]`,
      ],
      [
        "refuses a program if nginx sends the page's Host",
        forwardHost,
        undefined,
        {},
        "host_refused",
        `${allow}hosts: ["app.example"]`,
      ],
      [
        "accepts the page if nginx sends the page's Host, which is in `hosts`",
        forwardHost,
        pageOrigin,
        { hosts: ["app.example"] },
      ],
      [
        "accepts a program if nginx sends the page's Host, which is in `hosts`",
        forwardHost,
        undefined,
        { hosts: ["app.example"] },
      ],
      [
        "refuses another page if nginx sends the page's Host, which is in `hosts`",
        forwardHost,
        "https://evil.example",
        { hosts: ["app.example"] },
        "origin_refused",
        `${allow}origins: ["https://evil.example"]`,
      ],
    ])("%s", async (_, headers, origin, options, code, advice) => {
    const errors: unknown[] = [];
    const server = createServer({ credentials, onError: (error) => errors.push(error) }, (channel) => channel.close());
    cleanups.push(() => server.close({ grace: 0 }));
    const { port } = (await server.listenWebSocket(options)).address() as AddressInfo;
    const outcome = await connectThrough(await proxy(port, headers), origin);
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
