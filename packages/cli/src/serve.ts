/**
 * `handclasp serve`: runs a server over WebSocket, TCP or both.
 * @module
 */
import type { AddressInfo } from "node:net";
import {
  type AcceptOptions,
  type CipherSuite,
  type CommonOptions,
  type Credential,
  createServer,
  type Listener,
  type ListenWebSocketOptions,
  nodeCredential,
  parseCertificate,
  type ReloadOptions,
  type ServerSessionOptions,
} from "@handclasp/node";
import { UsageError } from "./errors.ts";
import { type Events, jsonEvents, type Traffic, textEvents } from "./events.ts";
import { authorities, credentials } from "./files.ts";
import { commaList } from "./names.ts";
import { type ChannelFlags, channelOptions, presharedKeys, traceOf } from "./options.ts";
import { responder } from "./respond.ts";
import { styleOf } from "./style.ts";
import { ticketKeysOf } from "./ticketKeys.ts";

export interface ServeFlags extends ChannelFlags {
  readonly ws?: number;
  readonly tcp?: number;
  readonly host: string;
  readonly path: string;
  readonly origins?: string;
  readonly hosts?: string;
  readonly cert?: readonly string[];
  readonly key?: readonly string[];
  readonly ocsp?: readonly string[];
  readonly clientCa?: string;
  readonly clientAuth?: "none" | "request" | "require";
  readonly maxFragment?: number;
  readonly tickets: boolean;
  readonly sessionCache: boolean;
  readonly ticketKeys?: string;
  readonly respond: string;
}

/** Serves until SIGTERM or SIGINT. */
export async function serve(flags: ServeFlags): Promise<void> {
  const print = flags.json ? console.log : console.error;
  const style = styleOf(process.stderr);
  const events = flags.json ? jsonEvents(print) : textEvents(print, style);
  const stopped = nextSignal(); // first, so that a signal during the start stops the server cleanly
  let isStopping = false;
  const respond = responder(flags.respond);
  const files = filesOf(flags);
  const rules = requestRules(flags);
  const sessions = sessionOptions(flags);
  const trace = await traceOf(flags, print, style);
  const options: CommonOptions = {
    ...channelOptions(flags),
    ...(trace && { trace }),
    ...(flags.maxFragment !== undefined && { maxFragment: flags.maxFragment }),
  };
  const pins: string[] = [];
  const keys = new Map(presharedKeys(flags.psk).map(({ identity, key }) => [identity, key]));
  const server = createServer(
    {
      ...options,
      ...sessions,
      ...(keys.size > 0 && { psk: { lookup: (identity) => keys.get(identity) } }),
      ...(!files.credentials && { credentials: await throwAway(options.suites, pins) }),
      ...files,
      onError: (error) => events.error(error),
    },
    async (connection) => {
      events.established(connection.session);
      const traffic: Traffic = { bytesIn: 0, bytesOut: 0 };
      report(connection.closed, events, traffic);
      await respond(connection, traffic).catch((error: unknown) => {
        // Writes fail after the server sent close_notify. The server still waits for the peer's close_notify.
        if (!isStopping) throw error;
      });
    },
  );
  // Without files there is nothing to reload, and SIGHUP ends the process as usual.
  if (Object.keys(files).length) process.on("SIGHUP", () => reload(flags, events, (options) => server.reload(options)));
  const { host, path, tcp, ws = tcp === undefined ? 8443 : undefined } = flags;
  const urls: string[] = [];
  if (ws !== undefined) {
    const listener = await server.listenWebSocket({ port: ws, host, path, ...rules });
    urls.push(`ws://${authorityOf(listener)}${path}`);
  }
  if (tcp !== undefined) urls.push(`tcp://${authorityOf(await server.listenTcp({ port: tcp, host }))}`);
  for (const pin of pins) events.certificate(pin);
  for (const url of urls) events.listening(url);
  await stopped;
  isStopping = true;
  // Connections whose peers do not answer close_notify within 4.5 s end with the process.
  await Promise.race([server.close({ grace: 0 }), new Promise((resolve) => setTimeout(resolve, 4_500))]);
}

/** Prints `closed` when the connection has ended. The server calls `onError` earlier, so an error event comes first. */
function report(closed: Promise<void>, events: Events, traffic: Traffic): void {
  closed.then(
    () => events.closed(true, traffic),
    () => events.closed(false, traffic),
  );
}

/** The options that are read from files: the credentials, the client's CA and the ticket keys. */
function filesOf(flags: ServeFlags): ReloadOptions {
  const client = clientOptions(flags);
  const { cert, key, ocsp, ticketKeys, tickets } = flags;
  const configured = credentials(cert, key, ocsp);
  if (!tickets && ticketKeys !== undefined) throw new UsageError("--ticket-keys and --no-tickets exclude each other");
  return {
    ...client,
    ...(configured.length && { credentials: configured }),
    ...(ticketKeys !== undefined && { ticketKeys: ticketKeysOf(ticketKeys) }),
  };
}

/** Reads the files again. If one of them is invalid, the server changes nothing. */
function reload(flags: ServeFlags, events: Events, apply: (options: ReloadOptions) => void): void {
  try {
    const files = filesOf(flags);
    apply(files);
    const { cert = [], key = [], ocsp = [], clientCa = [], ticketKeys } = flags;
    const count = (files.ticketKeys as readonly Uint8Array[] | undefined)?.length;
    events.reloaded({
      files: [...cert, ...key, ...ocsp].concat(clientCa),
      ...(ticketKeys !== undefined && count !== undefined && { ticketKeys: { count, file: ticketKeys } }),
    });
  } catch (error) {
    events.notReloaded(error);
  }
}

/** The options of client authentication. With `--client-ca`, the default is to require a certificate. */
function clientOptions({ clientCa, clientAuth }: ServeFlags): Pick<AcceptOptions, "clientAuth" | "ca"> {
  if (clientCa === undefined) {
    if (clientAuth !== undefined && clientAuth !== "none")
      throw new UsageError(`--client-auth ${clientAuth} needs --client-ca`);
    return {};
  }
  if (clientAuth === "none") throw new UsageError("--client-ca and --client-auth none exclude each other");
  return { clientAuth: clientAuth ?? "require", ca: authorities("--client-ca", clientCa) };
}

/** The rules for WebSocket requests: allowed origins and Host names. */
function requestRules({ origins, hosts, tcp, ws }: ServeFlags): Pick<ListenWebSocketOptions, "origins" | "hosts"> {
  if ((origins ?? hosts) !== undefined && tcp !== undefined && ws === undefined)
    throw new UsageError("--origins and --hosts apply to WebSockets: add --ws");
  return {
    ...(origins !== undefined && { origins: commaList("--origins", origins) }),
    ...(hosts !== undefined && { hosts: commaList("--hosts", hosts) }),
  };
}

/**
 * The options of resumption. By default the server encrypts tickets with keys of its own, and keeps sessions in a cache
 * in memory.
 */
const sessionOptions = ({ tickets, sessionCache }: ServeFlags): ServerSessionOptions => ({
  ...(!tickets && { tickets }),
  ...(!sessionCache && { sessionStore: false }),
});

/**
 * Makes a throw-away certificate for localhost, and adds its pin to `pins`, so that a client can trust the
 * certificate. Makes none if all suites authenticate with a pre-shared key alone.
 */
async function throwAway(suites: readonly CipherSuite[] | undefined, pins: string[]): Promise<Credential[]> {
  if (suites?.every(({ authentication }) => authentication === "psk")) return [];
  const { testCa } = await import("@handclasp/testing");
  const needsRsa = suites !== undefined && !suites.some(({ authentication }) => authentication === "ecdsa");
  const issued = await (await testCa()).issue({ algorithm: needsRsa ? "rsa-2048" : "ecdsa-p256" });
  pins.push(parseCertificate(issued.chain[0] as Uint8Array).pin);
  return [nodeCredential(issued)];
}

function authorityOf(listener: Listener): string {
  const { address, family, port } = listener.address() as AddressInfo;
  return `${family === "IPv6" ? `[${address}]` : address}:${port}`;
}

const nextSignal = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
  });
