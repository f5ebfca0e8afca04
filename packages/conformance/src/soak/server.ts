/**
 * A server of a soak: an echo that begins with the name of the connection, in 16 bytes.
 * @module
 */
import type { AddressInfo } from "node:net";
import { createServer, nodeCredential, type TlsConnection } from "@handclasp/node";
import { redisFleet } from "@handclasp/redis";
import { Redis } from "ioredis";
import type { ServerCommand, ServerMessage, ServerSetup, Side } from "./protocol.ts";
import { restOf } from "./rest.ts";

const nameLength = 16;
const send = (message: ServerMessage): void => void process.send?.(message);

async function start({ cert, key, redis: redisPort, secret, rotation }: ServerSetup): Promise<void> {
  const redis = new Redis({ port: redisPort, host: "127.0.0.1", retryStrategy: () => 100 });
  const fleet = redisFleet({
    client: redis,
    secret: Buffer.from(secret, "hex"),
    rotation,
    timeout: 250,
  });
  // As a readiness probe does: no client comes before the keys are there.
  while (fleet.measure().keys === 0) await fleet.refresh();
  let sides: Record<string, Side> = {};
  const report = (): void => {
    if (Object.keys(sides).length) send({ type: "sides", sides });
    sides = {};
  };
  setInterval(report, 250).unref();
  /** The connections whose side is not known yet, and the number of those that ended before they had a name. */
  const serving = new Set<object>();
  let unnamed = 0;

  const serve = async (channel: TlsConnection): Promise<void> => {
    let name = "";
    let [read, written] = [0, 0];
    let isClean = false;
    // A server that drains says goodbye between two echoes.
    let isFinishing = false;
    const finish = (): void => {
      isFinishing = true;
      channel.closeWrite().catch(() => {});
    };
    channel.closing.addEventListener("abort", finish, { once: true });
    serving.add(channel);
    try {
      for await (const bytes of channel) {
        if (name.length < nameLength)
          name += Buffer.from(bytes.subarray(0, nameLength - name.length)).toString("latin1");
        read += bytes.length;
        if (isFinishing) continue;
        await channel.write(bytes);
        written += bytes.length;
      }
      isClean = true;
    } catch {
      // The client was killed. Its side says so.
    }
    serving.delete(channel);
    if (name.length === nameLength) sides[name] = { read, written, isClean };
    else unnamed++;
  };
  const { ticketKeys, sessionStore } = fleet;
  const server = createServer(
    {
      credentials: nodeCredential({ cert, key }),
      ticketKeys,
      sessionStore,
      // A machine that is too slow for the load is no fault of the server.
      handshakeTimeout: 120_000,
      closeTimeout: 120_000,
      // All clients have one address.
      admission: { perAddress: false, handshakeRate: false },
      onError: () => {},
    },
    serve,
  );
  const [tcp, ws] = await Promise.all([server.listenTcp(), server.listenWebSocket()]);
  const portOf = (listener: typeof tcp): number => (listener.address() as AddressInfo).port;
  process.on("message", (command: ServerCommand) => {
    switch (command.type) {
      case "certificate":
        server.reload({ credentials: nodeCredential({ cert: command.cert, key: command.key }) });
        break;
      case "rest":
        report();
        void restOf(server.connections.size).then((rest) => send({ type: "rest", rest }));
        break;
      default:
        void server.close({ grace: 120_000 }).then(async () => {
          while (serving.size) await new Promise((resolve) => setTimeout(resolve, 10));
          report();
          counts();
          fleet.close();
          redis.disconnect();
          send({ type: "drained" });
        });
    }
  });
  const counts = (): void => {
    const { rotations, errors } = fleet.measure();
    const redisErrors = Object.values(errors).reduce((sum, one) => sum + one, 0);
    send({ type: "counts", rotations, redisErrors, unnamed });
  };
  send({ type: "listening", tcp: portOf(tcp), ws: portOf(ws) });
}

process.once("message", (setup: ServerSetup) => {
  start(setup).catch((error: unknown) => {
    send({ type: "error", error: String(error) });
    process.disconnect(); // what the parent waits for does not come
  });
});
process.on("disconnect", () => process.exit());
