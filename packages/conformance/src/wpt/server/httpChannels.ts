import type { AddressInfo } from "node:net";
import { Duplex } from "node:stream";
import { createServer, nodeCredential } from "@handclasp/node";
import type { Site } from "./site.ts";

const path = "/http";

/** Passes channels to the HTTP server of the site. Returns their address. */
export async function serveHttp(site: Site, issued: { cert: string; key: string }): Promise<string> {
  // The tests end connections in every way.
  const options = { credentials: [nodeCredential(issued)], alpn: ["http/1.1"], onError: () => {} };
  const tls = createServer(options, ({ readable, writable }) => {
    site.accept(Duplex.fromWeb({ readable, writable }).on("error", () => {}));
  });
  await tls.listenWebSocket({ server: site.ws, path, origins: [site.origin] });
  return `ws://localhost:${(site.ws.address() as AddressInfo).port}${path}`;
}
