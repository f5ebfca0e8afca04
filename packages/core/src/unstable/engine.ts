/**
 * The engine, which does no I/O, its options, and what adapters and tests need of connections. All exports may change
 * in any version, so depend on an exact version, and read `CHANGELOG.md` before you upgrade.
 * @module
 */
import { type AcceptOptions, serverHandshakeConfig } from "../connection/accept.ts";
import { type ConnectOptions, clientHandshakeConfig } from "../connection/connect.ts";
import { type RoleOptions, TlsConnection } from "../connection/connection.ts";
import { type CommonOptions, connectionOptions } from "../connection/options.ts";
import { checkedTransport, type Transport } from "../connection/transport.ts";
import { Engine } from "../engine/engine.ts";
import type { EngineInbound } from "../engine/options.ts";
import { clientHandshake } from "../handshake/client.ts";
import type { CommonConfig, ServerConfig } from "../handshake/config.ts";
import { serverHandshake } from "../handshake/server.ts";
import { hostMemory } from "../record/memory.ts";
import type { TraceEvent } from "../trace.ts";
import { optionsOf } from "../validation/options.ts";
import { clientOptions } from "../validation/tables.ts";
import { withExplanationSync } from "../validation/withExplanationSync.ts";

export { acceptWith, startAccept, withCredentials } from "../connection/accept.ts";
export { clientKeyOf } from "../connection/clientKey.ts";
/**
 * The promise that `TlsConnection.write` returns if the channel has room for more. A caller that compares the result
 * with it need not wait for a microtask after each write.
 */
export { resolved as writtenAtOnce } from "../connection/outbound.ts";
export type { EngineEvent } from "../engine/options.ts";
export type { ChosenCredentials, ServerConfig, SessionKeeper } from "../handshake/config.ts";
export type { HandshakeGate } from "../handshake/gate.ts";
export type { KeyExchangeRow } from "../handshake/keyExchange/exchange.ts";
export type { ServerObserver } from "../handshake/observer.ts";
export { readSessionState } from "../handshake/resumption/state.ts";
export type { SuiteRow } from "../handshake/suites.ts";
export { serverOptions } from "../validation/serverTable.ts";
// Not exported from `adapters.ts`: pages import that module, and must not load the explanations with it.
export {
  clientHandshakeConfig,
  type Engine,
  type EngineInbound,
  serverHandshakeConfig,
  TlsConnection,
  withExplanationSync,
};

/**
 * Takes the messages of a handshake while its flow runs, so it must not call the connection or the application. In
 * contrast to the option `trace`, it costs nothing once the handshake is done.
 */
export type HandshakeObserver = (event: TraceEvent) => void;

/**
 * As `connect`, but returns at once, while the handshake is running.
 * @throws TlsError `configuration`
 */
export const startConnect = (
  transport: Transport,
  options: ConnectOptions,
  observe: HandshakeObserver,
): TlsConnection =>
  withExplanationSync(() => {
    const checked = optionsOf(options, clientOptions());
    const config = clientHandshakeConfig(checked);
    return start(transport, observe, checked, {
      role: "client",
      handshake: (link) => clientHandshake(link, config),
      ...config,
    });
  });

/** As `startAccept`, with the configuration of a handshake, and options of the connection. */
export const startServer = (
  transport: Transport,
  config: ServerConfig,
  options: CommonOptions,
  observe: HandshakeObserver,
): TlsConnection =>
  start(transport, observe, options, { role: "server", handshake: (link) => serverHandshake(link, config), ...config });

function start(
  transport: Transport,
  observe: HandshakeObserver,
  options: CommonOptions,
  { role, handshake, maxFragment, maxRefusals }: Omit<RoleOptions, "traceSecrets">,
): TlsConnection {
  const observed: RoleOptions["handshake"] = (link) => {
    link.trace = observe;
    return handshake(link);
  };
  const roleOptions = { role, handshake: observed, maxFragment, maxRefusals, traceSecrets: false };
  return new TlsConnection(checkedTransport(transport), roleOptions, connectionOptions(options));
}

/** The functions that the engine calls in its driver, the code that connects the engine to a transport. */
export interface EngineDriver {
  /** Receives application data, and tells the engine whether there is room for more. */
  readonly inbound: EngineInbound;
  /**
   * The engine calls `scheduleTake` when `take` may return bytes or events. The engine makes the call from inside its
   * own methods, so call `take` later: once, in a microtask or the next turn of the event loop.
   */
  scheduleTake(): void;
}

/**
 * The engine of a client. Call `start` once, pass received bytes to `receive` and the end of the transport to
 * `receiveTransportEnd` or `receiveError`, and send the bytes that `take` returns. The engine has no timers: call
 * `abort` if a handshake takes too long.
 * @throws TlsError `configuration`
 * @example
 * function firstFlight(ca: string, inbound: EngineInbound, scheduleTake: () => void): readonly Uint8Array[] {
 *   const engine = clientEngine({ ca, serverName: "device.example" }, { inbound, scheduleTake });
 *   engine.start();
 *   return engine.take().output;
 * }
 */
export function clientEngine(options: ConnectOptions, driver: EngineDriver): Engine {
  const config = clientHandshakeConfig(options);
  return engine("client", config, (link) => clientHandshake(link, config), driver);
}

/** The engine of a server; see `clientEngine`. */
export function serverEngine(options: AcceptOptions, driver: EngineDriver): Engine {
  const config = serverHandshakeConfig(options);
  return engine("server", config, (link) => serverHandshake(link, config), driver);
}

const engine = (
  role: "client" | "server",
  { maxFragment, maxRefusals }: CommonConfig,
  handshake: ConstructorParameters<typeof Engine>[0]["handshake"],
  { inbound, scheduleTake }: EngineDriver,
): Engine =>
  new Engine({
    role,
    handshake,
    maxFragment,
    maxRefusals,
    traceSecrets: false,
    trace: false,
    memory: hostMemory,
    inbound,
    scheduleTake,
  });
