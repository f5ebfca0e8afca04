/**
 * One connection of a shim, from the TCP handshake to the last byte.
 * @module
 */

import { connect as connectSocket, type Socket } from "node:net";
import { connect, type TlsConnection, TlsError, type Transport } from "@handclasp/core";
import { acceptWith, serverHandshakeConfig } from "@handclasp/core/unstable/engine";

import { tcpTransport } from "@handclasp/node";
import { checkExpectations, checkMessages } from "./expectations.ts";
import type { ShimConfig } from "./flags.ts";
import { acceptOptions, connectOptions, type Task } from "./options.ts";

/**
 * Runs one connection. The shim is the TCP client in both TLS roles.
 * @throws the error that ended the connection, if it did not end cleanly
 */
export async function exchange(task: Task): Promise<void> {
  const { config } = task;
  const socket = connectSocket({
    host: config.ipv6 ? "::1" : "127.0.0.1",
    port: config.port ?? 0,
    allowHalfOpen: true,
  });
  const closed = new Promise<void>((resolve) => void socket.once("close", () => resolve()));
  try {
    sendShimId(socket, config);
    const transport = tcpTransport(socket);
    const connection = await openConnection(task, config.async ? deliverBytewise(transport) : transport);
    checkExpectations(task, connection.session);
    await sendInitialData(connection, config);
    if (config["send-alert"]) return connection.abort("a flag makes the shim send an alert", "decompression_failure");
    if (!config["shim-shuts-down"]) await echo(connection, config);
    await shutDown(connection, config);
    checkMessages(task);
  } finally {
    // If the process exited now, the runner would lose an alert that it has not read yet.
    const timer = setTimeout(() => socket.destroy(), drainTimeout);
    await closed;
    clearTimeout(timer);
  }
}

/** The time in ms in which the runner must close the socket. */
const drainTimeout = 1_000;

/** The runner gives each shim a number, and matches connections to shims by it. */
function sendShimId(socket: Socket, config: ShimConfig): void {
  const id = Buffer.alloc(8);
  id.writeBigUInt64LE(BigInt(config["shim-id"] ?? "0"));
  socket.write(id);
}

async function openConnection(task: Task, transport: Transport): Promise<TlsConnection> {
  if (!task.config.server) return connect(transport, await connectOptions(task));
  const options = await acceptOptions(task);
  const connection = acceptWith(withServerName(serverHandshakeConfig(options), task.config), transport, options);
  await connection.opened;
  return connection;
}

/**
 * BoringSSL's shim accepts every server name in a callback, and acknowledges it unless a flag forbids that. A server of
 * Handclasp acknowledges a name only if it used the name and its certificate is valid for the name. Therefore this
 * server has two certificates: one is valid for the name, the other is not.
 */
function withServerName(
  config: ReturnType<typeof serverHandshakeConfig>,
  { "expect-server-name": name, "no-server-name-ack": silent }: ShimConfig,
) {
  const [credential] = config.credentials;
  if (name === undefined || silent || !credential) return config;
  const { certificate } = credential;
  const subjectAltNames = { ...certificate.subjectAltNames, all: [{ type: "dns", value: name }] as const };
  return { ...config, credentials: [{ ...credential, certificate: { ...certificate, subjectAltNames } }, credential] };
}

/** Delivers one byte at a time, because no result may depend on how TCP divides the stream. */
function deliverBytewise(inner: Transport): Transport {
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

/** The data that BoringSSL's shim sends before it reads, in the same order. */
async function sendInitialData(connection: TlsConnection, config: ShimConfig): Promise<void> {
  const { "export-keying-material": length, "export-label": label = "", "export-context": context = "" } = config;
  if (length !== undefined)
    await connection.write(
      connection.exportKeyingMaterial(length, label, config["use-export-context"] ? utf8(context) : undefined),
    );
  if (config["tls-unique"]) await connection.write(connection.channelBinding("tls-unique"));
  if (config["shim-writes-first"]) await connection.write(utf8("hello"));
}

const utf8 = (value: string): Uint8Array => new TextEncoder().encode(value);

async function echo(connection: TlsConnection, config: ShimConfig): Promise<void> {
  const size = config["read-size"] ?? 512;
  for (let bytes = await readNext(connection, config); bytes; bytes = await readNext(connection, config)) {
    for (let offset = 0; offset < bytes.length; offset += size)
      await connection.write(bytes.slice(offset, offset + size).map((byte) => byte ^ 0xff));
  }
}

/** Without `-check-close-notify`, the end of the TCP stream counts as the end of the data. */
async function readNext(connection: TlsConnection, config: ShimConfig): Promise<Uint8Array | undefined> {
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
      throw new Error(":application_data_on_shutdown: the peer sent application data after the shim's close_notify");
  }
  await connection.closed;
}
