/**
 * The parts that `listenTcp` and `listenWebSocket` share.
 * @module
 */
import type { AddressInfo, Server } from "node:net";
import { configurationError, wrongOption } from "@handclasp/core/unstable";
import { listenError } from "./errors.ts";

export interface ListenTcpOptions {
  /** The port. Default 0: any free port. */
  port?: number;
  /** The name or address to listen on. Default `"127.0.0.1"`: other computers cannot connect. */
  host?: string;
}

/** A listener, which accepts connections until you close it. */
export interface Listener {
  /** The address of the underlying server, as its own `address()` returns it. */
  address(): AddressInfo | string | null;
  /**
   * Stops accepting connections. Connections that are still open after `grace` ms (default 5 s) are cut. The promise
   * resolves when no connection is left.
   */
  close(grace?: number): Promise<void>;
  /** Calls `close()`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Rejects an empty host, with which Node.js would listen on all addresses. */
export function checkedAddress<T extends ListenTcpOptions>(options: T): T {
  if (options.host === "") throw wrongOption("host", "", "a name or an address");
  return options;
}

/** Rejects with a TlsError if the server cannot listen there. */
export function listen(server: Server, { port = 0, host = "127.0.0.1" }: ListenTcpOptions): Promise<void> {
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
 * @param stop stops accepting, and calls back when no connection is left
 * @param cut ends the connections that are left after the grace
 */
export function listener(server: Server, stop: (done: () => void) => void, cut: () => void): Listener {
  let closing: Promise<void> | undefined;
  return {
    address: () => server.address(),
    async close(grace = 5_000): Promise<void> {
      // setTimeout would fire at once for any other value.
      if (!(typeof grace === "number" && grace >= 0 && grace < 2 ** 31))
        throw configurationError("grace is not a number of milliseconds", "pass milliseconds: close(5000)");
      closing ??= new Promise((resolve) => {
        const timer = setTimeout(cut, grace);
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
