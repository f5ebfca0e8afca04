/**
 * Opens connections as a client.
 * @module
 */
import { isIP } from "node:net";
import { checkServerIdentity as defaultCheck } from "node:tls";
import { nodeError, wrongType } from "./errors.ts";
import { checkTypes, requireObject } from "./options.ts";
import { createSecureContext } from "./secureContext.ts";
import { TLSSocket } from "./tlsSocket.ts";
import type { ConnectionOptions } from "./types.ts";

/**
 * Opens a connection over TCP, over the option `socket` (any Duplex) or over the option `transport` (such as the result
 * of `connectWebSocket`). As in node:tls, the arguments are `(options)`, `(port, host, options)` or `(path, options)`,
 * and a listener for "secureConnect" may follow.
 *
 * The server's certificate must lead to `ca`, by default to the public CAs, by Handclasp's rules, and be for
 * `servername`, or else for `host`, by `checkServerIdentity`.
 * @example
 * import { connect } from "@handclasp/node/tls";
 * const socket = connect({ host: "device.example", port: 8443, ca: pem }, () => socket.end("hello"));
 */
export function connect(options: ConnectionOptions, listener?: () => void): TLSSocket;
export function connect(port: number, host?: string, options?: ConnectionOptions, listener?: () => void): TLSSocket;
export function connect(port: number, options?: ConnectionOptions, listener?: () => void): TLSSocket;
export function connect(path: string, options?: ConnectionOptions, listener?: () => void): TLSSocket;
export function connect(...args: readonly unknown[]): TLSSocket {
  const { options: given, listener } = argumentsOf(args);
  const options: ConnectionOptions = { ...safeDefaults, ...given };
  checkTypes(options, { checkServerIdentity: "function", minDHSize: "number", timeout: "number" });
  const {
    socket: stream,
    transport,
    checkServerIdentity = defaultCheck,
    minDHSize = 1024,
    servername,
    session,
  } = options;
  if (!(Number.isFinite(minDHSize) && minDHSize > 0))
    throw nodeError("ERR_OUT_OF_RANGE", `The value of "options.minDHSize" is out of range. Received ${minDHSize}`, {
      type: RangeError,
    });
  if (servername && isIP(servername))
    process.emitWarning(
      "Setting the TLS ServerName to an IP address is not permitted by RFC 6066. " +
        "This will be ignored in a future version.",
      "DeprecationWarning",
      "DEP0123",
    );
  const name = servername || options.host || hostOf(stream) || "localhost";
  const socket = new TLSSocket(
    transport ?? stream,
    {
      ...options,
      isServer: false,
      secureContext: options.secureContext ?? createSecureContext(options),
      servername: servername || undefined,
      ...(session && { session: asSession(session) }),
    },
    {
      checkIdentity: (certificate) => checkServerIdentity(name, certificate),
      minDHSize,
      target: options,
      onread: options.onread,
      highWaterMark: options.highWaterMark,
    },
  );
  socket.releaseControl();
  if (listener) socket.once("secureConnect", listener);
  if (options.timeout) socket.setTimeout(options.timeout);
  if (!transport && !stream) socket.connect(options);
  return socket;
}

/** Properties of the options themselves, so that a polluted Object.prototype cannot make a connection accept more. */
const safeDefaults: ConnectionOptions = { rejectUnauthorized: true, checkServerIdentity: defaultCheck };

const hostOf = (stream: unknown): string | undefined => (stream as { readonly _host?: string } | undefined)?._host;

function asSession(session: unknown): Buffer {
  if (typeof session === "string") return Buffer.from(session, "latin1");
  if (ArrayBuffer.isView(session)) return Buffer.from(session.buffer, session.byteOffset, session.byteLength);
  throw wrongType("options.session", "of type string or an instance of Buffer", session);
}

function argumentsOf(args: readonly unknown[]): { options: ConnectionOptions; listener: (() => void) | undefined } {
  const rest = [...args];
  const last = rest.at(-1);
  const listener = typeof last === "function" ? (rest.pop() as () => void) : undefined;
  const [first, second] = rest;
  const later = rest.find((value, i) => i > 0 && typeof value === "object" && value !== null);
  if (typeof first === "object" && first !== null) return { options: first, listener };
  const target =
    typeof first === "string" && !/^\d+$/.test(first)
      ? { path: first }
      : { port: first as number, ...(typeof second === "string" && { host: second }) };
  const options = { ...target, ...(later as object | undefined) };
  requireObject(options);
  return { options: options, listener };
}
