/**
 * Keeps the parts of a handshake that node:tls shows and the session of a channel does not have.
 * @module
 */
import type { TraceEvent } from "@handclasp/core";

/** The messages of one handshake. */
export class Handshake {
  /** verify_data of both Finished messages. */
  finished: Buffer | undefined;
  peerFinished: Buffer | undefined;
  /** The certificates that the peer sent, end-entity first. `undefined` if it sent none, or if it resumed. */
  chain: readonly Uint8Array[] | undefined;
  /** The numbers of the signature schemes that a client offered. */
  offeredSchemes: readonly number[] = [];
  /** Prints the messages, if the application has asked for that. */
  print: ((line: string) => void) | undefined;

  /** Takes an event. It runs inside the handshake, so it calls no listener. */
  readonly observe = (event: TraceEvent): void => {
    if (event.type !== "handshake") return;
    const { direction, name, bytes } = event;
    this.print?.(`${direction} ${name}, ${bytes.length} bytes`);
    const body = event.body as Readonly<Record<string, unknown>>;
    if (name === "finished") {
      const verifyData = Buffer.from(body.verifyData as Uint8Array);
      if (direction === "sent") this.finished = verifyData;
      else this.peerFinished = verifyData;
    } else if (direction === "received" && name === "certificate") {
      const list = body.certificateList as readonly Uint8Array[];
      if (list.length) this.chain = list.map((der) => new Uint8Array(der));
    } else if (direction === "received" && name === "client_hello") this.offeredSchemes = schemesIn(body.extensions);
  };
}

const signatureAlgorithms = 13;

function schemesIn(extensions: unknown): readonly number[] {
  const list = (extensions ?? []) as readonly { readonly type: number; readonly data: Uint8Array }[];
  const data = list.find(({ type }) => type === signatureAlgorithms)?.data ?? [];
  const schemes: number[] = [];
  for (let at = 2; at + 1 < data.length; at += 2) schemes.push(((data[at] as number) << 8) | (data[at + 1] as number));
  return schemes;
}
