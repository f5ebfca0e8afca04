/**
 * The server of the example: it delivers the page, signs the certificates of browsers, and greets each by its name.
 * @module
 */
import { createReadStream } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer, nodeCredential } from "@handclasp/node";
import { enrolmentProtocol, Issuer } from "@handclasp/node/enrolment";
import { testCa } from "@handclasp/testing";

/** The token by which a browser gets its first certificate. A real service makes one for each user, for one use. */
const token = "let me in";

export async function startDeviceServer(port = 0): Promise<{ readonly url: string; close(): Promise<unknown> }> {
  const serverCa = await testCa();
  const clientCa = await testCa();
  const issuer = new Issuer({
    authority: nodeCredential({ cert: clientCa.pem, key: clientCa.key }),
    // A browser that renews its certificate keeps its names. Any other browser needs the token.
    allow: ({ renews, proof }) => renews ?? proof === token,
  });
  const server = createServer(
    {
      credentials: [nodeCredential(await serverCa.issue({ names: ["localhost", "127.0.0.1"] }))],
      alpn: [enrolmentProtocol, "greeting"],
      requireAlpn: true,
      clientAuth: "request",
      ca: clientCa.pem,
      verify: issuer.verify,
      onError: (error) => console.error(String(error)),
    },
    async (channel) => {
      if (channel.session.alpn === enrolmentProtocol) return issuer.handle(channel);
      const subject = channel.session.peer?.certificate.subject.text;
      await channel.write(new TextEncoder().encode(subject ? `You are ${subject}.` : "You have no certificate."));
      // The page reads to the end. A handler that returns leaves its channel open.
      await channel.close();
    },
  );
  const http = createHttpServer((request, response) => {
    const script = /^\/([\w-]+\.js)$/.exec(request.url ?? "")?.[1];
    if (request.url === "/ca.pem") response.end(serverCa.pem);
    else if (!script && request.url !== "/") response.writeHead(404).end();
    else {
      const file = new URL(`../dist/page/${script ?? "index.html"}`, import.meta.url);
      response.setHeader("content-type", script ? "text/javascript" : "text/html");
      createReadStream(file)
        .on("error", () => response.writeHead(404).end())
        .pipe(response);
    }
  });
  await server.listenWebSocket({ server: http, path: "/channel" });
  await new Promise<void>((listening) => http.listen(port, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/`,
    async close() {
      await server.close({ grace: 0 });
      http.closeAllConnections();
      http.close();
    },
  };
}
