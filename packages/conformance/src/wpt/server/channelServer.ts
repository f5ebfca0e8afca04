/**
 * The same behaviours over the framing of Handclasp, for our class. Path and protocols come in the channel. The server
 * may refuse a path or take its time to answer, so it selects the ALPN identifier with an answer.
 * @module
 */
import type { Server } from "node:http";
import type { Server as SecureServer } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import type { TlsConnection } from "@handclasp/core";
import { messageAlpn } from "@handclasp/core/messages";
import { createServer, nodeCredential, type TlsServer } from "@handclasp/node";
import { behaviourOf, requestOf, selectProtocol } from "./behaviours.ts";
import { type ByteStream, encodeClose, encodeFrame, FrameReader, opcodes } from "./frames.ts";
import { serve } from "./serve.ts";

/**
 * @param issued the certificate and the key of the server
 * @param origin the origin of the pages
 */
export async function serveChannels(
  servers: readonly (Server | SecureServer)[],
  issued: { cert: string; key: string },
  origin: string,
): Promise<TlsServer> {
  const options = {
    credentials: [nodeCredential(issued)],
    alpn: [messageAlpn.answered],
    requireAlpn: true,
    // The tests end connections in every way.
    onError: () => {},
  };
  const tls = createServer(options, (channel) =>
    // A server that has not read the client's end would not close by itself.
    accept(channel).finally(() => void channel.close()),
  );
  for (const server of servers) await tls.listenWebSocket({ server, path: "/", origins: [origin] });
  return tls;
}

async function accept(channel: TlsConnection): Promise<void> {
  const stream = new ChannelStream(channel);
  const reader = new FrameReader(stream);
  const first = await reader.next();
  if (first?.opcode !== opcodes.opening) return;
  const { path, protocols } = JSON.parse(first.payload.toString()) as { path: string; protocols: string[] };
  const request = requestOf(path, protocols);
  const behaviour = behaviourOf(request.name);
  if (behaviour?.delay) await sleep(behaviour.delay);
  const protocol = behaviour && selectProtocol(behaviour, request);
  if (!behaviour || protocol === undefined) return stream.write(encodeClose(1008, behaviour ? "protocol" : "path"));
  if (behaviour.opening === "garbage") return stream.write(Buffer.from("FOO BAR BAZ\r\n\r\n"));
  if (behaviour.opening === "wrong key") return stream.write(answer({ key: "wrong" }));
  if (behaviour.opening === "and a Close") {
    await stream.write(Buffer.concat([answer({ protocol }), encodeClose(1001, "PASS")]));
    await reader.next();
    return;
  }
  await stream.write(answer({ protocol }));
  await serve(stream, reader, behaviour, request);
}

const answer = (payload: object): Buffer => encodeFrame(opcodes.opening, Buffer.from(JSON.stringify(payload)));

class ChannelStream implements ByteStream {
  readonly #channel: TlsConnection;

  constructor(channel: TlsConnection) {
    this.#channel = channel;
  }

  read(): Promise<Uint8Array | undefined> {
    return this.#channel.read().catch(() => undefined);
  }
  write(bytes: Uint8Array): Promise<void> {
    return this.#channel.write(bytes);
  }
  end(): void {
    void this.#channel.close();
  }
  abort(): void {
    this.#channel.abort();
  }
}
