/** A program of Node.js, which scripts/consumers.mjs bundles with esbuild, and which run.js executes. */
import { createServer, nodeCredential } from "@handclasp/node";

/** Starts an echo server on a free port. */
export async function serve(issued) {
  const server = createServer({ credentials: [nodeCredential(issued)] }, (channel) =>
    channel.readable.pipeTo(channel.writable),
  );
  const listener = await server.listenWebSocket({ port: 0 });
  return { server, url: `ws://127.0.0.1:${listener.address().port}/` };
}
