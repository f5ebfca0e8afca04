/**
 * A web server with one page, in which tests open channels.
 * @module
 */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A running web server. */
export interface PageServer {
  /** The URL of the page. Its origin is a port of localhost, so it may connect to the servers of tests. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts a web server with one page.
 * @param ownScript the script of the page. Default: the script that {@link PageChannels} needs, which also makes
 *   `handclasp` a global with the exports of `@handclasp/browser`
 */
export async function startPageServer(ownScript?: string): Promise<PageServer> {
  const script = ownScript ?? (await readFile(new URL("../page/page.js", import.meta.url)));
  const html = '<!doctype html><meta charset="utf-8"><title>Handclasp</title><script src="/page.js"></script>';
  const server = createServer(({ url }, response) => {
    const isScript = url === "/page.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html").end(isScript ? script : html);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/`,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
