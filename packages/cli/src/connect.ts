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
  type TraceListener,
  type TraceOptions,
  type TrustOptions,
} from "@handclasp/node";
import { exitCode, UsageError } from "./errors.ts";
import { jsonEvents, type Traffic, textEvents } from "./events.ts";
import { authorities, credentials } from "./files.ts";
import { type ChannelFlags, channelOptions, presharedKeys, traceOf } from "./options.ts";
import { Progress } from "./progress.ts";
import type { Recorder } from "./recorder.ts";
import { sessionFile } from "./sessionFile.ts";
import { type Style, styleOf } from "./style.ts";

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
  readonly record?: string;
  readonly secrets?: boolean;
}

/**
 * Resolves to the exit code: 0 if both sides closed cleanly, with close_notify, and the session file, if any, could be
 * written. Prints the errors of the connection instead of rejecting with them; rejects for wrong flags or files.
 */
export async function connect(target: URL, flags: ConnectFlags): Promise<number> {
  const style = styleOf(process.stderr);
  const events = flags.json ? jsonEvents(console.error) : textEvents(console.error, style);
  const [credential] = credentials(flags.cert ? [flags.cert] : [], flags.key ? [flags.key] : []);
  const [psk] = presharedKeys(flags.psk);
  const trust = await trustOptions(flags);
  const savedSession = flags.session === undefined ? undefined : sessionFile(flags.session);
  const common = channelOptions(flags, trust !== undefined);
  const { trace, recorder } = await listeners(flags, style);
  const handshake = new AbortController();
  const options: ConnectOptions = {
    ...common,
    ...trust,
    ...(trace && { trace }),
    ...(psk && { psk }),
    ...(flags.ocsp && { ocsp: ocsp[flags.ocsp] }),
    ...(flags.servername !== undefined && { serverName: flags.servername }),
    ...(credential && { credentials: credential }),
    // The default scope is the target's host and port. Here the file selects the session, and the scope is empty, so
    // that the session also resumes on another port, whose server may share the ticket keys.
    ...(savedSession && { sessions: keepSessions({ store: savedSession.store }), sessionScope: "" }),
    signal: handshake.signal,
  };
  const traffic: Traffic = { bytesIn: 0, bytesOut: 0 };
  const progress = hasProgress(flags) ? new Progress((text) => process.stderr.write(text), traffic) : undefined;
  let connection: TlsConnection | undefined;
  const interrupt = onSignal(() => {
    process.stdin.destroy();
    if (connection)
      connection.close().catch(() => {}); // `closed` has the error
    else handshake.abort();
  });
  try {
    connection = await open(target, options);
    events.established(connection.session);
    progress?.start();
    const sending =
      flags.http === undefined ? sendStdin(connection, traffic) : sendGet(connection, traffic, target, flags.http);
    // If sending fails, abort: the loop below then throws, and the `catch` block reports the error.
    sending.catch((error: unknown) => interrupt.code === undefined && connection?.abort(error));
    // After our own close, reads fail, and `closed` says how the connection has ended.
    await receive(connection, traffic).catch((error: unknown) => {
      if (interrupt.code === undefined) throw error;
    });
    await connection.closed;
    progress?.stop();
    events.closed(true, traffic);
    const failure = savedSession?.failure();
    if (failure) events.error(failure);
    return interrupt.code ?? (failure ? exitCode(failure) : 0);
  } catch (error) {
    progress?.stop();
    events.error(error);
    if (connection) events.closed(false, traffic);
    return interrupt.code ?? exitCode(error);
  } finally {
    interrupt.dispose();
    // The peer may have closed while stdin is still open. An open stdin would keep the process running.
    process.stdin.destroy();
    recorder?.end();
  }
}

/** The listener of `--trace` and `--record`. */
async function listeners(
  flags: ConnectFlags,
  style: Style,
): Promise<{ readonly trace?: TraceListener | TraceOptions; readonly recorder?: Recorder }> {
  const trace = await traceOf(flags, console.error, style);
  if (flags.secrets && flags.record === undefined) throw new UsageError("--secrets needs --record");
  if (flags.record === undefined) return { ...(trace && { trace }) };
  const { recorderTo } = await import("./recorder.ts");
  const recorder = recorderTo(flags.record);
  const listener: TraceListener = (event) => {
    recorder.listener(event);
    trace?.(event);
  };
  return { trace: { listener, secrets: flags.secrets === true }, recorder };
}

/** Whether a line shows the progress: on a terminal that shows neither the received data nor a trace. */
const hasProgress = ({ json, trace }: ConnectFlags): boolean =>
  Boolean(process.stderr.isTTY && !process.stdout.isTTY && !json && !trace);

/** The first Ctrl-C or SIGTERM. A second one ends the process at once, as without a listener. */
interface Interrupt {
  /** The exit code of a program that the signal ends. `undefined` if no signal came. */
  readonly code: number | undefined;
  dispose(): void;
}

function onSignal(stop: () => void): Interrupt {
  let code: number | undefined;
  const listen = (signal: keyof typeof signals): void => {
    dispose();
    code = signals[signal];
    stop();
  };
  const dispose = (): void => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.removeListener(signal, listen);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, listen);
  return {
    get code() {
      return code;
    },
    dispose,
  };
}

/** 128 and the number of the signal. */
const signals = { SIGINT: 130, SIGTERM: 143 } as const;

async function receive(connection: TlsConnection, traffic: Traffic): Promise<void> {
  for await (const bytes of connection) {
    traffic.bytesIn += bytes.length;
    await print(bytes);
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
