/**
 * The peer, as a flow sees it. A flow names the type of the message that it waits for, and no code dispatches messages
 * by their type, so an unexpected message cannot be accepted.
 * @module
 */
import { equal } from "../bytes/bytes.ts";
import { Writer } from "../bytes/writer.ts";
import type { Hash } from "../crypto/provider.ts";
import { TlsError } from "../errors.ts";
import { type Flow, waitFor } from "../flow.ts";
import { maxHelloRequests, maxPlaintext } from "../limits.ts";
import type { Protection } from "../record/protection.ts";
import type { RecordReader, TlsRecord } from "../record/reader.ts";
import type { RecordWriter } from "../record/writer.ts";
import type { Decoded, TraceEvent } from "../trace.ts";
import { decode } from "../wire/codec.ts";
import {
  finished,
  messageHeaderLength as headerLength,
  helloRequest,
  type MessageType,
  messageName,
} from "../wire/messages.ts";
import { contentTypes } from "../wire/record.ts";
import type { Alerts } from "./alerts.ts";
import { HandshakeReader } from "./handshakeReader.ts";
import { Transcript } from "./transcript.ts";

/** The agreed limits on the length of a fragment, in bytes. */
export interface RecordLimits {
  /** The limit for each record, protected or not, in both directions (RFC 6066 §4). */
  readonly maxFragmentLength?: number | undefined;
  /** The limits for protected records: the peer accepts `send` bytes, and we accept `receive` bytes (RFC 8449 §4). */
  readonly recordSizeLimit?: { readonly send: number; readonly receive: number } | undefined;
}

/** The handshake's view of a connection: messages in both directions, their transcript, and the change of keys. */
export class HandshakeLink {
  /** Takes the events of the handshake. An adapter may replace it before the flow starts. */
  trace: ((event: TraceEvent) => void) | undefined;
  readonly #transcript = new Transcript();
  readonly #reader: RecordReader;
  readonly #writer: RecordWriter;
  readonly alerts: Alerts;
  readonly #messages = new HandshakeReader();
  #helloRequests = 0;
  /** True on a client, which skips HelloRequest in a handshake (RFC 5246 §7.4.1.1). A server refuses HelloRequest. */
  readonly #skipsHelloRequest: boolean;

  constructor(
    reader: RecordReader,
    writer: RecordWriter,
    alerts: Alerts,
    role: "client" | "server",
    trace: ((event: TraceEvent) => void) | undefined,
  ) {
    this.#reader = reader;
    this.#writer = writer;
    this.alerts = alerts;
    this.#skipsHelloRequest = role === "client";
    this.trace = trace;
  }

  send<T>(type: MessageType<T>, body: T): void {
    const message = new Writer()
      .uint(1, type.id)
      .prefixed(3, (writer) => type.body.write(writer, body))
      .done();
    this.#add("sent", type, message);
    this.#writer.send(contentTypes.handshake, message);
  }

  /** Waits for the next message, which must be of this type. */
  *expect<T>(type: MessageType<T>): Flow<T> {
    const message = yield* this.optional(type);
    if (message === undefined)
      throw new TlsError(
        "unexpected_message",
        `expected ${type.name}, got ${messageName(this.#messages.type as number)}`,
      );
    return message;
  }

  /**
   * Waits for the next message, and returns it if it is of this type. Otherwise returns `undefined`, and the message
   * stays for the next call. Throws if a record arrives that is neither a handshake record nor a warning.
   */
  *optional<T>(type: MessageType<T>): Flow<T | undefined> {
    yield* this.#receiveMessage();
    if (this.#messages.type !== type.id) return undefined;
    const message = this.#messages.take();
    const body = decode(type.body, message.subarray(headerLength), type.name);
    this.#add("received", type, message);
    return body;
  }

  /** From now on, each record has the version {3, 3} and keeps the agreed limits. */
  applyLimits({ maxFragmentLength = maxPlaintext, recordSizeLimit }: RecordLimits): void {
    this.#reader.requireTls12();
    this.#writer.useTls12();
    this.#reader.setLimit(maxFragmentLength, recordSizeLimit?.receive);
    this.#writer.setLimit(maxFragmentLength, recordSizeLimit?.send);
  }

  /** From now on, messages wait until they can be sent together with ChangeCipherSpec and Finished. */
  holdFlight(): void {
    this.#writer.hold();
  }

  /** Clients only: the server asked for a certificate and gets none. The advice for a later alert may say so. */
  noteNoCertificate(): void {
    this.alerts.sentNoCertificate = true;
  }

  sendChangeCipherSpec(protection: Protection): void {
    this.#writer.send(contentTypes.change_cipher_spec, Uint8Array.of(1));
    this.#writer.changeState(protection);
    this.trace?.({ type: "change_cipher_spec", direction: "sent" });
  }

  /**
   * Waits for ChangeCipherSpec, and then uses `protection`. No message and no alert may be split by the change of keys
   * (RFC 5246 §7.1).
   */
  *expectChangeCipherSpec(protection: Protection): Flow<void> {
    if (this.#messages.pendingBytes)
      throw new TlsError("unexpected_message", "part of a handshake message before ChangeCipherSpec", {
        code: "excess_handshake_data",
      });
    let record = yield* this.#record();
    // Only complete HelloRequests are skipped: no part of a message may precede the change of keys.
    while (this.#skipsHelloRequest && isHelloRequests(record)) {
      this.#countHelloRequest(record.fragment.length / headerLength);
      record = yield* this.#record();
    }
    if (record.type !== contentTypes.change_cipher_spec)
      throw new TlsError("unexpected_message", `expected ChangeCipherSpec, got ${describe(record)}`);
    this.alerts.checkComplete();
    if (record.fragment.length !== 1 || record.fragment[0] !== 1)
      throw new TlsError("decode_error", "a malformed ChangeCipherSpec");
    this.#reader.changeState(protection);
    this.trace?.({ type: "change_cipher_spec", direction: "received" });
  }

  /**
   * Waits for Finished, and checks its verify_data. `verifyData` is called when Finished has arrived, before it enters
   * the transcript.
   */
  *expectFinished(verifyData: () => Uint8Array): Flow<void> {
    yield* this.#receiveMessage();
    const expected = verifyData();
    const message = yield* this.expect(finished);
    if (!equal(message.verifyData, expected))
      throw new TlsError("decrypt_error", "verify_data of Finished is wrong: the two sides saw different handshakes");
  }

  /**
   * Checks that the peer's flight ends here. Bytes after its last message were sent before our answer, so they cannot
   * be a reply to that answer (RFC 5246 §7.3). A client skips HelloRequests here, and permits the start of one.
   */
  checkFlightEnd(): void {
    const messages = this.#messages;
    while (this.#isHelloRequest()) this.#skipHelloRequest();
    const partOfHelloRequest = this.#skipsHelloRequest && messages.type === helloRequest.id;
    if (messages.pendingBytes >= headerLength || (messages.pendingBytes && !partOfHelloRequest))
      throw new TlsError("unexpected_message", `${messageName(messages.type as number)} before it was our turn`, {
        code: "excess_handshake_data",
      });
  }

  /** Checks that the handshake ends on a record boundary. */
  checkHandshakeEnd(): void {
    if (this.#messages.pendingBytes)
      throw new TlsError("unexpected_message", "data behind Finished in the same flight", {
        code: "excess_handshake_data",
      });
  }

  /** Starts the transcript's hash, once the suite is agreed on. */
  useHash(hash: Hash): void {
    this.#transcript.useHash(hash);
  }

  /** The hash of all messages so far. */
  transcriptHash(): Uint8Array {
    return this.#transcript.hash();
  }

  /** All messages so far, which CertificateVerify signs. */
  transcriptBytes(): Uint8Array {
    return this.#transcript.bytes();
  }

  /** From now on, the transcript keeps only its hash, because no CertificateVerify follows. */
  keepHashOnly(): void {
    this.#transcript.dropBytes();
  }

  #add<T>(direction: "sent" | "received", type: MessageType<T>, message: Uint8Array): void {
    this.#transcript.add(message);
    this.trace?.({
      type: "handshake",
      direction,
      name: type.name,
      bytes: message.slice(),
      body: decode(type.body, message.slice(headerLength), type.name) as Decoded,
    });
  }

  /** Waits for the next record that is not an alert. Throws for an alert that ends the connection. */
  *#record(): Flow<TlsRecord> {
    for (;;) {
      const next = this.#reader.next();
      if (next === undefined) {
        yield "bytes";
        continue;
      }
      const record = yield* waitFor(next);
      if (!this.alerts.handleAlert(record)) return record;
    }
  }

  /** Waits until a complete message has arrived. A client skips HelloRequests. */
  *#receiveMessage(): Flow<void> {
    for (;;) {
      while (this.#isHelloRequest()) this.#skipHelloRequest();
      if (this.#messages.isWhole) return;
      const record = yield* this.#record();
      if (record.type !== contentTypes.handshake)
        throw new TlsError("unexpected_message", `expected a handshake message, got ${describe(record)}`);
      this.#messages.append(record.fragment);
    }
  }

  /** True on a client if the next message is a complete HelloRequest. */
  #isHelloRequest(): boolean {
    const messages = this.#messages;
    return this.#skipsHelloRequest && messages.type === helloRequest.id && messages.length === headerLength;
  }

  #skipHelloRequest(): void {
    this.#countHelloRequest(1);
    this.#messages.take();
  }

  #countHelloRequest(count: number): void {
    this.#helloRequests += count;
    if (this.#helloRequests > maxHelloRequests)
      throw new TlsError("unexpected_message", "one HelloRequest after the other");
  }
}

/** True for a record of complete HelloRequests only. The four bytes of a HelloRequest are zero. */
const isHelloRequests = ({ type, fragment }: TlsRecord): boolean =>
  type === contentTypes.handshake && fragment.length % headerLength === 0 && fragment.every((byte) => byte === 0);

function describe({ type, fragment }: TlsRecord): string {
  if (type === contentTypes.handshake) return messageName(fragment[0] ?? -1);
  return type === contentTypes.application_data ? "application data" : "ChangeCipherSpec";
}
