/**
 * What listening on TCP and for WebSockets have in common.
 * @module
 */
import type { AddressInfo, Server } from "node:net";
import { configurationError, wrongOption } from "@handclasp/core/unstable";
import { listenError } from "./errors.ts";

export interface ListenTcpOptions {
  /** Default 0: any free one. */
  port?: number;
  /** Default `"127.0.0.1"`: nothing is offered to the network unless asked. */
  host?: string;
}

/** What accepts connections. */
export interface Listener {
  /** Where it listens, as the underlying server says it. */
  address(): AddressInfo | string | null;
  /** Accepts nothing more from now on. Done when all connections are gone; those that are not after `grace` ms (default 5 s) are cut. */
  close(grace?: number): Promise<void>;
  /** As `close`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Node.js would take a host that is null or empty for all addresses. */
export function checkedAddress<T extends ListenTcpOptions>(options: T): T {
  if (options.host === "") throw wrongOption("host", "", "a name or an address");
  return options;
}

/** Rejects with a TlsError where the port cannot be had. */
export function listen(server: Server, { port = 0, host = "127.0.0.1" }: ListenTcpOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => reject(listenError(error));
    server.once("error", failed);
    server.listen(port, host, () => {
      server.removeListener("error", failed);
      resolve();
    });
  });
}

/** `stop` accepts nothing more, and calls back when all connections are gone; `cut` ends those that are left after the grace. */
export function listener(server: Server, stop: (done: () => void) => void, cut: () => void): Listener {
  let closing: Promise<void> | undefined;
  return {
    address: () => server.address(),
    async close(grace = 5_000): Promise<void> {
      // A timer would fire at once for what is no number.
      if (!(typeof grace === "number" && grace >= 0 && grace < 2 ** 31))
        throw configurationError("grace: no number of milliseconds", "give milliseconds: close(5000)");
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
