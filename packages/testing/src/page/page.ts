/**
 * The code of a test's page. It puts the browser package into the global `handclasp`, and makes channels for a test.
 * The build bundles this file, so that a test needs no bundler.
 * @module
 */
import * as library from "@handclasp/browser";
import { browserCredential } from "@handclasp/browser/credential";
import { concat, equal, fromBase64, toBase64 } from "@handclasp/core/unstable";
import type { PageConnectOptions, PageFailure, PageMethods, PageReply, PageRequest, PageSession } from "./protocol.ts";

declare global {
  /** The exports of `@handclasp/browser`, and `browserCredential`. */
  var handclasp: typeof library & { browserCredential: typeof browserCredential };
  /** Calls a method of `PageMethods`. */
  var handclaspCall: (request: PageRequest) => Promise<PageReply>;
}

const channels: library.TlsConnection[] = [];
const sessions = library.keepSessions();

const channelOf = (id: number): library.TlsConnection => channels[id] as library.TlsConnection;

const methods: PageMethods = {
  async connect(url, options) {
    const channel = await library.connect(url, await connectOptions(options));
    return { id: channels.push(channel) - 1, session: plainSession(channel.session) };
  },
  write: (id, base64) => channelOf(id).write(fromBase64(base64)),
  async read(id) {
    const bytes = await channelOf(id).read();
    return bytes && toBase64(bytes);
  },
  echo: async (id, base64) => toBase64(await echo(channelOf(id), fromBase64(base64))),
  async echoRandom(id, length) {
    const sent = new Uint8Array(length);
    // One call returns at most 65,536 bytes.
    for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(sent.subarray(at, at + 65_536));
    return equal(await echo(channelOf(id), sent), sent);
  },
  closeWrite: (id) => channelOf(id).closeWrite(),
  close: (id) => channelOf(id).close(),
  closed: (id) => channelOf(id).closed,
};

/** Sends bytes, and reads as many. */
async function echo(channel: library.TlsConnection, sent: Uint8Array): Promise<Uint8Array> {
  const written = channel.write(sent);
  const received: Uint8Array[] = [];
  for (let missing = sent.length; missing > 0; ) {
    const bytes = await channel.read();
    if (!bytes) throw new Error(`the server closed the channel ${missing} bytes before the end of the echo`);
    received.push(bytes);
    missing -= bytes.length;
  }
  await written;
  return concat(...received);
}

async function connectOptions(options: PageConnectOptions): Promise<library.ConnectOptions> {
  const { suites, groups, provider, credential, sessions: isKept, ...rest } = options;
  return {
    ...(rest as library.ConnectOptions),
    ...(suites && { suites: rowsOf("suites", suites, library.legacySuites) }),
    ...(groups && { groups: rowsOf("groups", groups, library.defaultGroups) }),
    ...(provider === "noble" && { provider: library.noble }),
    ...(credential && { credentials: await browserCredential(credential) }),
    ...(isKept && { sessions }),
  };
}

function rowsOf<Row extends { readonly name: string }>(
  option: string,
  names: readonly string[],
  rows: readonly Row[],
): Row[] {
  return names.map((name) => {
    const row = rows.find((one) => one.name === name);
    if (!row) throw new Error(`${option}: ${name} is none of ${rows.map((one) => one.name).join(", ")}`);
    return row;
  });
}

const plainSession = ({
  version,
  suite,
  group,
  signatureScheme,
  alpn,
  serverName,
  resumed,
  extendedMasterSecret,
  encryptThenMac,
}: library.Session): PageSession => ({
  version,
  suite,
  ...(group && { group }),
  ...(signatureScheme && { signatureScheme }),
  alpn,
  serverName,
  resumed,
  extendedMasterSecret,
  encryptThenMac,
});

function failureOf(error: unknown): PageFailure {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message } = error;
  if (!library.TlsError.is(error)) return { name, message };
  const { code, alert, by, fault, advice } = error;
  return { name, message, code, by, fault, ...(alert && { alert }), ...(advice && { advice }) };
}

globalThis.handclasp = { ...library, browserCredential };
globalThis.handclaspCall = async ({ method, args }) => {
  try {
    const call = methods[method] as (...args: readonly unknown[]) => Promise<unknown>;
    return { value: await call(...args) };
  } catch (error) {
    return { error: failureOf(error) };
  }
};
