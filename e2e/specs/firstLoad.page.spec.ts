/**
 * The chunks that a page loads to connect. With WebCrypto, a default handshake needs no chunk of noble. The page loads
 * noble only if it needs noble.
 */
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { createServer, nodeCredential } from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import { build } from "esbuild";
import { expect, test } from "../support/test.ts";

test("a default handshake does not load noble's curves and ciphers", { tag: "@chromium-only" }, async ({ page }) => {
  const { outputFiles } = await build({
    stdin: {
      contents: 'import { connect } from "@handclasp/browser"; globalThis.open = connect;',
      resolveDir: fileURLToPath(new URL("..", import.meta.url)),
    },
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    outdir: "out",
    write: false,
    logLevel: "error",
  });
  const files = new Map(outputFiles.map(({ path, text }) => [`/${basename(path)}`, text]));
  const http = createHttpServer((request, response) => {
    const script = files.get(request.url ?? "");
    response
      .setHeader("content-type", script === undefined ? "text/html" : "text/javascript")
      .end(script ?? '<!doctype html><meta charset="utf-8"><script type="module" src="/stdin.js"></script>');
  });
  await new Promise<void>((listening) => http.listen(0, "127.0.0.1", listening));
  const { port } = http.address() as AddressInfo;
  const ca = await testCa();
  const server = createServer({ credentials: [nodeCredential(await ca.issue())] }, (channel) =>
    channel.readable.pipeTo(channel.writable),
  );
  await server.listenWebSocket({ server: http, path: "/channel" });
  const loaded: string[] = [];
  page.on("request", (request) => void loaded.push(new URL(request.url()).pathname));
  const connectWith = (provider: "default" | "noble"): Promise<string> =>
    page.evaluate(
      async ([url, pem, which]) => {
        const open = globalThis.open as unknown as typeof import("@handclasp/browser").connect;
        // An insecure origin has no crypto.subtle.
        if (which === "noble") Object.defineProperty(crypto, "subtle", { value: undefined });
        const channel = await open(url, { ca: pem });
        const { suite } = channel.session;
        await channel.close();
        return suite;
      },
      [`ws://127.0.0.1:${port}/channel`, ca.pem, provider] as const,
    );
  try {
    await page.goto(`http://127.0.0.1:${port}/`);
    expect(await connectWith("default")).toContain("AES_128_GCM");
    const firstLoad = loaded.filter((path) => files.has(path));
    expect(firstLoad.some((path) => path.startsWith("/noble"))).toBe(false);
    await connectWith("noble");
    const laterLoad = loaded.filter((path) => files.has(path)).slice(firstLoad.length);
    expect(laterLoad.some((path) => path.startsWith("/noble"))).toBe(true);
  } finally {
    await server.close();
    http.closeAllConnections();
    await new Promise((closed) => http.close(closed));
  }
});
