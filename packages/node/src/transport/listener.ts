/**
 * The parts that listening for TCP connections and for WebSockets have in common.
 * @module
 */
import type { AddressInfo, Server } from "node:net";
import { configurationError, wrongOption } from "@handclasp/core/unstable";
import { listenError } from "./errors.ts";
import type { KeepAliveOptions } from "./keepAlive.ts";

export interface ListenTcpOptions extends KeepAliveOptions {
  /** The port. Default 0: any free port. */
  port?: number;
  /** The address. Default `"127.0.0.1"`: other computers cannot connect unless you choose another one. */
  host?: string;
}

/** A running listener for TCP connections or WebSockets. */
export interface Listener {
  /** The address of the underlying server, as its own `address()` returns it. */
  address(): AddressInfo | string | null;
  /**
   * Stops accepting connections. After `grace` milliseconds (default 5,000), it destroys the connections that are still
   * open. The promise resolves when every connection has ended.
   */
  close(grace?: number): Promise<void>;
  /** Calls `close` with the default grace period. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Refuses an empty host: Node.js would listen on all addresses, or connect to localhost. */
export function checkAddress<T extends ListenTcpOptions>(options: T): T {
  if (options.host === "") throw wrongOption("host", "", "a name or an address");
  return options;
}

/** Starts `server`. The promise rejects with a TlsError if the address or the port is not available. */
export function startListening(server: Server, { port = 0, host = "127.0.0.1" }: ListenTcpOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => reject(listenError(error));
    server.once("error", onError);
    server.listen(port, host, () => {
      server.removeListener("error", onError);
      resolve();
    });
  });
}

/**
 * Makes the Listener of `server`.
 * @param stop stops accepting, and calls back when all connections have ended
 * @param destroyAll destroys the connections that are open after the grace period
 */
export function makeListener(server: Server, stop: (done: () => void) => void, destroyAll: () => void): Listener {
  let closing: Promise<void> | undefined;
  return {
    address: () => server.address(),
    async close(grace = 5_000): Promise<void> {
      // For most other values, the timer would fire at once.
      if (!(typeof grace === "number" && grace >= 0 && grace < 2 ** 31))
        throw configurationError("grace is not a number of milliseconds", "give milliseconds: close(5000)");
      closing ??= new Promise((resolve) => {
        const timer = setTimeout(destroyAll, grace);
        stop(() => {
          clearTimeout(timer);
          resolve();
        });
      });
      return closing;
    },
    [Symbol.asyncDispose]() {
      return this.close();
    },
  };
}
