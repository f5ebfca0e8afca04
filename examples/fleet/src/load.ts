/**
 * Clients of the fleet, each of which opens a connection, gets answers to some lines, closes it, and begins anew.
 * @module
 */
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { connect, connectWebSocket, keepSessions, type TlsConnection } from "@handclasp/node";

export interface LoadOptions {
  /** The address of the fleet, wss://localhost:… */
  readonly url: string;
  /** The CA of the outer and of the inner TLS. */
  readonly ca: string;
  readonly clients: number;
  /** The lines that are sent in each connection. */
  readonly lines: number;
  /** How long a client waits between two connections, in milliseconds. */
  readonly pause: number;
}

export interface LoadResult {
  connections: number;
  resumed: number;
  /** The connections that were resumed, and whose session came from another process. */
  resumedElsewhere: number;
  /** Lines that were sent and not answered. */
  lost: number;
  /** Connections that failed, or that ended without a clean end. */
  readonly failures: unknown[];
  /** The processes that have answered. */
  readonly processes: Set<string>;
}

export interface Load {
  readonly result: LoadResult;
  /** Ends the load when the connections of the moment have ended. */
  stop(): Promise<LoadResult>;
}

export function startLoad({ clients, ...options }: LoadOptions): Load {
  const result: LoadResult = {
    connections: 0,
    resumed: 0,
    resumedElsewhere: 0,
    lost: 0,
    failures: [],
    processes: new Set(),
  };
  let isStopped = false;
  const run = async (): Promise<void> => {
    const sessions = keepSessions();
    let before: string | undefined;
    while (!isStopped) {
      try {
        const transport = await connectWebSocket(options.url, { ca: options.ca });
        const channel = await connect(transport, { ca: options.ca, serverName: "localhost", sessions });
        const answeredBy = await exchange(channel, options.lines, result);
        result.connections++;
        if (channel.session.resumed) {
          result.resumed++;
          if (before !== answeredBy) result.resumedElsewhere++;
        }
        before = answeredBy;
        await new Promise((resolve) => setTimeout(resolve, options.pause));
      } catch (error) {
        result.failures.push(error);
      }
    }
  };
  const all = Promise.all(Array.from({ length: clients }, run));
  return {
    result,
    async stop() {
      isStopped = true;
      await all;
      return result;
    },
  };
}

/** Sends lines, one after the other, until the server asks to finish. Returns the process that has answered. */
async function exchange(channel: TlsConnection, lines: number, result: LoadResult): Promise<string> {
  let sent = 0;
  let answered = 0;
  let isFinishing = false;
  let process = "";
  const next = async (): Promise<void> => {
    if (isFinishing || sent === lines) await channel.closeWrite();
    else await channel.write(Buffer.from(`line ${++sent}\n`));
  };
  await next();
  for await (const line of createInterface({ input: Readable.from(channel) })) {
    if (line === "finish") {
      isFinishing = true;
      continue;
    }
    const [, number, pid = ""] = line.split(" ");
    if (Number(number) !== ++answered) throw new Error(`the answer ${line} to line ${answered}`);
    process = pid;
    result.processes.add(pid);
    await next();
  }
  result.lost += sent - answered;
  await channel.closed;
  return process;
}
