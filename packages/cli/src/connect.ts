/**
 * `handclasp connect`: sends stdin or, with `--http`, a GET request, and writes the received data to stdout.
 * @module
 */
import {
  type ConnectOptions,
  keepSessions,
  ocsp,
  connect as open,
  systemRoots,
  type TlsConnection,
  type TrustOptions,
} from "@handclasp/node";
import { exitCode, UsageError } from "./errors.ts";
import { jsonEvents, type Traffic, textEvents } from "./events.ts";
import { authorities, credentials } from "./files.ts";
import { type ChannelFlags, channelOptions, presharedKeys } from "./options.ts";
import { sessionFile } from "./sessionFile.ts";

export interface ConnectFlags extends ChannelFlags {
  readonly ca?: string;
  readonly pin?: readonly string[];
  readonly insecure?: boolean;
  readonly servername?: string;
  readonly ocsp?: "request" | "check" | "require";
  readonly cert?: string;
  readonly key?: string;
  readonly session?: string;
  readonly http?: string;
}

/**
 * Resolves to the exit code: 0 if both sides closed cleanly, with close_notify, and the session file, if any, could be
 * written. Prints the errors of the connection instead of rejecting with them; rejects for wrong flags or files.
 */
export async function connect(target: URL, flags: ConnectFlags): Promise<number> {
  const events = flags.json ? jsonEvents(console.error) : textEvents(console.error);
  const [credential] = credentials(flags.cert ? [flags.cert] : [], flags.key ? [flags.key] : []);
  const [psk] = presharedKeys(flags.psk);
  const trust = await trustOptions(flags);
  const savedSession = flags.session === undefined ? undefined : sessionFile(flags.session);
  const options: ConnectOptions = {
    ...channelOptions(flags, events, trust !== undefined),
    ...trust,
    ...(psk && { psk }),
    ...(flags.ocsp && { ocsp: ocsp[flags.ocsp] }),
    ...(flags.servername !== undefined && { serverName: flags.servername }),
    ...(credential && { credentials: credential }),
    // The default scope is the target's host and port. Here the file selects the session, and the scope is empty, so
    // that the session also resumes on another port, whose server may share the ticket keys.
    ...(savedSession && { sessions: keepSessions({ store: savedSession.store }), sessionScope: "" }),
  };
  const traffic: Traffic = { bytesIn: 0, bytesOut: 0 };
  let established = false;
  try {
    const connection = await open(target, options);
    established = true;
    events.established(connection.session);
    const sending =
      flags.http === undefined ? sendStdin(connection, traffic) : sendGet(connection, traffic, target, flags.http);
    // If sending fails, abort: the loop below then throws, and the `catch` block reports the error.
    sending.catch((error: unknown) => connection.abort(error));
    for await (const bytes of connection) {
      traffic.bytesIn += bytes.length;
      await print(bytes);
    }
    await connection.closed;
    events.closed(true, traffic);
    const failure = savedSession?.failure();
    if (failure) events.error(failure);
    return failure ? exitCode(failure) : 0;
  } catch (error) {
    events.error(error);
    if (established) events.closed(false, traffic);
    return exitCode(error);
  } finally {
    // The peer may have closed while stdin is still open. An open stdin would keep the process running.
    process.stdin.destroy();
  }
}

/** Returns `undefined` if a pre-shared key is the only authentication. */
async function trustOptions({ ca, pin, insecure, psk }: ConnectFlags): Promise<TrustOptions | undefined> {
  if (ca !== undefined) return { ca: ca === "system" ? await systemRoots() : authorities("--ca", ca) };
  if (pin !== undefined) return { pins: pin };
  if (insecure) return { insecure };
  if (psk) return undefined;
  throw new UsageError(
    "no trust anchor: give --ca FILE, --pin sha256/BASE64, --psk IDENTITY:HEXKEY, or --insecure if any server will do",
  );
}

async function sendStdin(connection: TlsConnection, traffic: Traffic): Promise<void> {
  for await (const bytes of process.stdin as AsyncIterable<Buffer>) await send(connection, traffic, bytes);
  await connection.closeWrite();
}

/**
 * Sends a GET request and leaves the client's side open: some servers treat close_notify as an abort and do not reply.
 */
function sendGet(connection: TlsConnection, traffic: Traffic, { host }: URL, path: string): Promise<void> {
  const request = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
  return send(connection, traffic, Buffer.from(request, "latin1"));
}

async function send(connection: TlsConnection, traffic: Traffic, bytes: Uint8Array): Promise<void> {
  await connection.write(bytes);
  traffic.bytesOut += bytes.length;
}

const print = (bytes: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
