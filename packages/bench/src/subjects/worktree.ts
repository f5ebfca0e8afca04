import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { admission } from "../admission.ts";
import { alwaysResuming, type Channel, type Identity, noop, notResumedError, type Subject } from "./subject.ts";

/** The part of @handclasp/node that this file uses. It is small, so that old and new versions both have it. */
type Handclasp = Pick<
  typeof import("@handclasp/node"),
  "connect" | "createServer" | "nodeCredential" | "keepSessions" | "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
>;
type Connection = Awaited<ReturnType<Handclasp["connect"]>>;

/** Loads Handclasp over ws from the build of a worktree of this repository, with that worktree's core and ws. */
export async function subjectFrom(worktree: string, name: string): Promise<Subject> {
  const subject = subjectOf((await import(entryOf(worktree).href)) as Handclasp);
  return name === "resumed" ? alwaysResuming(subject) : subject;
}

/** The URL of the entry of a worktree's build of @handclasp/node. */
export const entryOf = (worktree: string): URL => pathToFileURL(join(worktree, "packages/node/dist/index.js"));

function subjectOf(handclasp: Handclasp): Subject {
  const { connect, createServer, nodeCredential, keepSessions } = handclasp;
  // Both worktrees use the same suite, whatever their defaults are.
  const suites = [handclasp.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256];
  const urlOf = (port: number): string => `ws://127.0.0.1:${port}/`;
  const options = ({ ca }: Identity) => ({ suites, ca, serverName: "localhost" });
  return {
    async server({ cert, key }, onChannel) {
      const server = unlimitedServer(
        createServer,
        { suites, credentials: [nodeCredential({ cert, key })] },
        (connection) => onChannel(channelOf(connection)),
      );
      return (await server.listenWebSocket()).address() as { port: number };
    },
    client: async (identity, port) => async () => channelOf(await connect(urlOf(port), options(identity))),
    async resuming(identity, port) {
      const resuming = { ...options(identity), sessions: keepSessions() };
      await (await connect(urlOf(port), resuming)).close();
      return async () => {
        const connection = await connect(urlOf(port), resuming);
        if (!connection.session?.resumed) throw notResumedError();
        return channelOf(connection);
      };
    },
  };
}

/** An older worktree does not know `admission`, and has no limits. */
function unlimitedServer(
  createServer: Handclasp["createServer"],
  ...[options, handler]: Parameters<Handclasp["createServer"]>
): ReturnType<Handclasp["createServer"]> {
  try {
    return createServer({ ...options, admission }, handler);
  } catch {
    return createServer(options, handler);
  }
}

function channelOf(connection: Connection): Channel {
  const channel: Channel = {
    write: (bytes) => connection.write(bytes),
    onData: noop,
    close: () => connection.close().catch(noop),
  };
  const readAll = async (): Promise<void> => {
    for (let bytes = await connection.read(); bytes; bytes = await connection.read()) channel.onData(bytes.length);
  };
  readAll().catch(noop);
  return channel;
}
