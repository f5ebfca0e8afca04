/**
 * The engine without I/O, and what it is told. Anything here may change in any version: pin one, and read CHANGELOG.
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

export { accepted, acceptWith, withCredentials } from "../connection/accept.ts";
export { TlsConnection } from "../connection/connection.ts";
export type { EngineEvent } from "../engine/options.ts";
export type { SessionKeeper } from "../handshake/config.ts";
export type { KeyExchangeRow } from "../handshake/keyExchange/exchange.ts";
export type { SuiteRow } from "../handshake/suites.ts";
export { serverOptions } from "../validation/serverTable.ts";
// Not beside `explained`: what pages import from there must not bring the explanations along.
export { withExplanationSync } from "../validation/withExplanationSync.ts";
export { clientHandshakeConfig, type Engine, type EngineInbound, serverHandshakeConfig };

/** Who drives an engine. */
export interface EngineDriver {
  /** Takes application data, and says whether there is room for more. */
  readonly inbound: EngineInbound;
  /**
   * The engine has something for `take`: bytes to send, events to tell. It is called from inside the engine's methods, so call `take` later, once a turn or a
   * microtask.
   */
  wake(): void;
}

/**
 * An engine as client. Feed it what comes in (`receive`, `receiveEnd`), send what `take` gives, and say `start` once. It keeps no clock: a handshake that takes
 * too long is yours to end, with `abort`.
 * @throws TlsError `configuration`
 * @example
 * const engine = clientEngine({ ca, serverName: "device.example" }, { inbound, wake });
 * engine.start();
 * for (const bytes of engine.take().output) pipe.send(bytes);
 */
export function clientEngine(options: ConnectOptions, driver: EngineDriver): Engine {
  const config = clientHandshakeConfig(options);
  return engine("client", config, (peer) => clientHandshake(peer, config), driver);
}

/** An engine as server; see `clientEngine`. */
export function serverEngine(options: AcceptOptions, driver: EngineDriver): Engine {
  const config = serverHandshakeConfig(options);
  return engine("server", config, (peer) => serverHandshake(peer, config), driver);
}

const engine = (
  role: "client" | "server",
  { maxFragment, maxRenegotiations }: CommonConfig,
  handshake: ConstructorParameters<typeof Engine>[0]["handshake"],
  { inbound, wake }: EngineDriver,
): Engine =>
  new Engine({
    role,
    handshake,
    maxFragment,
    maxRenegotiations,
    traceSecrets: false,
    trace: false,
    memory: hostMemory,
    inbound,
    wake,
  });
