/**
 * The engine, which does no I/O, its options, and what adapters and tests need of connections. All exports may change
 * in any version, so depend on an exact version, and read `CHANGELOG.md` before you upgrade.
 * @module
 */
import { type AcceptOptions, serverHandshakeConfig } from "../connection/accept.ts";
import { type ConnectOptions, clientHandshakeConfig } from "../connection/connect.ts";
import { Engine } from "../engine/engine.ts";
import type { EngineInbound } from "../engine/options.ts";
import { clientHandshake } from "../handshake/client.ts";
import type { CommonConfig } from "../handshake/config.ts";
import { serverHandshake } from "../handshake/server.ts";
import { hostMemory } from "../record/memory.ts";

export { acceptWith, startAccept, withCredentials } from "../connection/accept.ts";
export { clientKeyOf } from "../connection/clientKey.ts";
export { TlsConnection } from "../connection/connection.ts";
/**
 * The promise that `TlsConnection.write` returns if the channel has room for more. A caller that compares the result
 * with it need not wait for a microtask after each write.
 */
export { resolved as writtenAtOnce } from "../connection/outbound.ts";
export type { EngineEvent } from "../engine/options.ts";
export type { SessionKeeper } from "../handshake/config.ts";
export type { HandshakeGate } from "../handshake/gate.ts";
export type { KeyExchangeRow } from "../handshake/keyExchange/exchange.ts";
export type { SuiteRow } from "../handshake/suites.ts";
export { serverOptions } from "../validation/serverTable.ts";
// Not exported from `adapters.ts`: pages import that module, and must not load the explanations with it.
export { withExplanationSync } from "../validation/withExplanationSync.ts";
export { clientHandshakeConfig, type Engine, type EngineInbound, serverHandshakeConfig };

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
