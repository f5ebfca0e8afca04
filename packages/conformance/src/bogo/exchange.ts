/**
 * One connection of a shim, from TCP to the last byte.
 * @module
 */

import { connect as connectSocket, type Socket } from "node:net";
import { connect, type TlsConnection, TlsError, type Transport } from "@handclasp/core";
import { acceptWith, serverHandshakeConfig } from "@handclasp/core/unstable/engine";

import { tcpTransport } from "@handclasp/node";
import { checkExpectations } from "./expectations.ts";
import type { ShimConfig } from "./flags.ts";
import { acceptOptions, connectOptions, type Task } from "./options.ts";

/** The shim is the TCP client whichever role it has in TLS. Rejects with what ended the connection, where that was not in order. */
export async function exchange(task: Task): Promise<void> {
  const { config } = task;
  const socket = connectSocket({
    host: config.ipv6 ? "::1" : "127.0.0.1",
    port: config.port ?? 0,
    allowHalfOpen: true,
  });
  const gone = new Promise<void>((resolve) => void socket.once("close", () => resolve()));
  try {
    introduce(socket, config);
    const transport = tcpTransport(socket);
    const connection = await open(task, config.async ? bytewise(transport) : transport);
    checkExpectations(task, connection.session);
    await say(connection, config);
    if (config["send-alert"]) return connection.abort("the shim is told to", "decompression_failure");
    if (!config["shim-shuts-down"]) await echo(connection, config);
    await shutDown(connection, config);
  } finally {
    // An alert that the runner has not read yet would be lost with the process.
    const timer = setTimeout(() => socket.destroy(), lingering);
    await gone;
    clearTimeout(timer);
  }
}

const lingering = 1_000;

/** The runner tells the connections of its shims apart by the number that it gave each. */
function introduce(socket: Socket, config: ShimConfig): void {
  const id = Buffer.alloc(8);
  id.writeBigUInt64LE(BigInt(config["shim-id"] ?? "0"));
  socket.write(id);
}

async function open(task: Task, transport: Transport): Promise<TlsConnection> {
  if (!task.config.server) return connect(transport, connectOptions(task));
  const options = acceptOptions(task);
  const connection = acceptWith(withName(serverHandshakeConfig(options), task.config), transport, options);
  await connection.opened;
  return connection;
}

/**
 * BoringSSL's shim has a callback that takes any name, and acknowledges it unless it is told not to. A server of ours
 * acknowledges a name by which it chose: here, one certificate is for the name, and another is not.
 */
function withName(
  config: ReturnType<typeof serverHandshakeConfig>,
  { "expect-server-name": name, "no-server-name-ack": silent }: ShimConfig,
) {
  const [first] = config.credentials;
  if (name === undefined || silent || !first) return config;
  const subjectAltNames = { ...first.certificate.subjectAltNames, all: [{ type: "dns", value: name }] as const };
  return { ...config, credentials: [{ ...first, certificate: { ...first.certificate, subjectAltNames } }, first] };
}

/** Hands over one byte at a time: nothing may depend on where the carrier cuts. */
function bytewise(inner: Transport): Transport {
  return {
    start: (events) =>
      inner.start({
        ...events,
        data(bytes) {
          for (let i = 0; i < bytes.length; i++) events.data(bytes.subarray(i, i + 1));
        },
      }),
    send: (bytes) => inner.send(bytes),
    pause: () => inner.pause(),
    resume: () => inner.resume(),
    end: () => inner.end(),
    abort: (reason) => inner.abort(reason),
  };
}

/** What BoringSSL's shim says before it listens, in its order. */
async function say(connection: TlsConnection, config: ShimConfig): Promise<void> {
  const { "export-keying-material": exported, "export-label": label = "", "export-context": context = "" } = config;
  if (exported !== undefined)
    await connection.write(
      connection.exportKeyingMaterial(exported, label, config["use-export-context"] ? text(context) : undefined),
    );
  if (config["tls-unique"]) await connection.write(connection.channelBinding("tls-unique"));
  if (config["shim-writes-first"]) await connection.write(text("hello"));
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

async function echo(connection: TlsConnection, config: ShimConfig): Promise<void> {
  const size = config["read-size"] ?? 512;
  for (let bytes = await next(connection, config); bytes; bytes = await next(connection, config)) {
    for (let at = 0; at < bytes.length; at += size)
      await connection.write(bytes.slice(at, at + size).map((byte) => byte ^ 0xff));
  }
}

/** Without `-check-close-notify`, an end of TCP is as good as one of TLS. */
async function next(connection: TlsConnection, config: ShimConfig): Promise<Uint8Array | undefined> {
  try {
    return await connection.read();
  } catch (error) {
    if (!config["check-close-notify"] && TlsError.is(error) && error.code === "truncated") return undefined;
    throw error;
  }
}

async function shutDown(connection: TlsConnection, config: ShimConfig): Promise<void> {
  if (!config["check-close-notify"]) return connection.close().catch(() => {});
  if (config["shim-shuts-down"]) {
    await connection.closeWrite();
    if (await connection.read())
      throw new Error(":application_data_on_shutdown: the peer goes on after our close_notify");
  }
  await connection.closed;
}
