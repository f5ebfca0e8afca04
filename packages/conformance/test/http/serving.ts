/** Servers of HTTP whose clients come through channels, over WebSocket and over TCP. */
import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { type ConnectOptions, nodeCredential, type TlsServer } from "@handclasp/node";
import { createHttpServer, HttpAgent, type HttpServer } from "@handclasp/node/http";
import { testCa } from "@handclasp/testing";
import { onTestFinished } from "vitest";

export const ca = await testCa();
const credentials = nodeCredential(await ca.issue({ names: ["device.example"] }));

export const carriers = ["ws", "tcp"] as const;

export interface Served {
  readonly server: TlsServer;
  /** The address of the carrier, for an agent. */
  readonly carrier: string;
  readonly agent: HttpAgent;
}

/** Serves until the test has finished. */
export async function serve(
  carrier: "ws" | "tcp",
  app: HttpServer | RequestListener,
  options: { readonly alpn?: readonly string[] } = {},
): Promise<Served> {
  const server = createHttpServer({ credentials, ...options }, app);
  const listener = await (carrier === "ws" ? server.listenWebSocket() : server.listenTcp());
  const address = `${carrier}://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  const agent = new HttpAgent(address, trust);
  onTestFinished(async () => {
    agent.destroy();
    await server.close({ grace: 0 });
  });
  return { server, carrier: address, agent };
}

/** The options of a client. */
export const trust: ConnectOptions = { ca: ca.pem };
