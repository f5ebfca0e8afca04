/**
 * Channels as sockets of node:net and node:tls, for libraries that expect those.
 * @module
 */
import type { TlsConnection } from "@handclasp/core";
import { optionsOf, wrongOption } from "@handclasp/core/unstable";
import { withExplanationSync } from "@handclasp/core/unstable/engine";
import { socketOptions } from "./optionTables.ts";
import type { ToSocketOptions } from "./socket/channelDuplex.ts";
import { ChannelSocket } from "./socket/channelSocket.ts";

export type { ChannelDuplex, StreamCallback, StreamChunk, ToSocketOptions } from "./socket/channelDuplex.ts";
export type { SocketError } from "./socket/errors.ts";
export type { ChannelSocket };

/**
 * Makes a socket of a channel. The socket takes over the channel: no other code may read, write or close it. From the
 * promise of a channel, it makes a socket that is connecting.
 * @throws TlsError `configuration`
 * @example
 * import { request } from "node:http";
 * import { connect } from "@handclasp/node";
 * import { toSocket } from "@handclasp/node/socket";
 * const channel = connect("wss://relay.example/", { ca: pem, serverName: "device.example" });
 * request({ createConnection: () => toSocket(channel), host: "device.example" }).end();
 */
export function toSocket(
  channel: TlsConnection | PromiseLike<TlsConnection>,
  options: ToSocketOptions = {},
): ChannelSocket {
  return withExplanationSync(() => {
    if (typeof (channel as TlsConnection | undefined)?.read !== "function" && !isPromise(channel))
      throw wrongOption("the channel", channel, "a channel or a promise of one: toSocket(connect(…))");
    return new ChannelSocket(channel, optionsOf(options, socketOptions));
  });
}

const isPromise = (value: unknown): boolean => typeof (value as Promise<unknown> | undefined)?.then === "function";
