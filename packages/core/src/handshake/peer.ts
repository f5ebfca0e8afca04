/**
 * What a flow says to, and hears from, the other side. A message is asked for by its type and never dispatched,
 * so one that is not expected cannot be accepted.
 * @module
 */
import { equal, join } from "../bytes/bytes.ts";
import { Writer } from "../bytes/writer.ts";
import { type AlertDescription, alertDescriptions, alertName, TlsError } from "../errors.ts";
import { type Flow, settle } from "../flow.ts";
import { maxCertificateMessage, maxHandshakeMessage, maxHelloRequests, maxWarningAlerts } from "../limits.ts";
import type { RecordLayer, TlsRecord } from "../record/layer.ts";
import type { Protection } from "../record/protection.ts";
import type { Decoded, TraceEvent } from "../trace.ts";
import { decode } from "../wire/codec.ts";
import {
  certificate,
  clientHello,
  finished,
  messageHeaderLength as headerLength,
  helloRequest,
  type MessageType,
  messageName,
} from "../wire/messages.ts";
import { contentTypes } from "../wire/record.ts";
import { Transcript } from "./transcript.ts";

/** Not a view of what was there: that would keep it. */
const nothing: Uint8Array = new Uint8Array(0);

export class Peer {
  readonly records: RecordLayer;
  readonly trace: ((event: TraceEvent) => void) | undefined;
  #pending: Uint8Array = nothing;
  /** What came behind `#pending`, joined once enough is there: a byte at a time must not cost the square. */
  #more: Uint8Array[] = [];
  #moreLength = 0;
  #transcript = new Transcript();
  #warnings = 0;
  #helloRequests = 0;
  #renegotiations = 0;
  /** A client skips HelloRequest during a handshake (RFC 5246 §7.4.1.1); to a server it is an unexpected message. */
  readonly #skipsHelloRequest: boolean;
  readonly #maxRenegotiations: number;

  constructor(
    records: RecordLayer,
    role: "client" | "server",
    maxRenegotiations: number,
    trace: ((event: TraceEvent) => void) | undefined,
  ) {
    this.#maxRenegotiations = maxRenegotiations;
    this.records = records;
    this.trace = trace;
    this.#skipsHelloRequest = role === "client";
  }

  get transcript(): Transcript {
    return this.#transcript;
  }

  send<T>(type: MessageType<T>, body: T): void {
    const message = new Writer()
      .uint(1, type.id)
      .prefixed(3, (writer) => type.body.write(writer, body))
      .done();
    this.#transcript.add(message);
    this.trace?.({
      type: "handshake",
      direction: "sent",
      name: type.name,
      bytes: message.slice(),
      body: decode(type.body, message.slice(headerLength), type.name) as Decoded,
    });
    this.records.send(contentTypes.handshake, message);
  }

  /** The next message, which must be of this type. */
  *expect<T>(type: MessageType<T>): Flow<T> {
    const message = yield* this.optional(type);
    if (message === undefined)
      throw new TlsError("unexpected_message", `expected ${type.name}, got ${messageName(this.#pending[0] as number)}`);
    return message;
  }

  /** The next message if it is of this type, else it stays for the next `expect`. Only where a handshake message must follow. */
  *optional<T>(type: MessageType<T>): Flow<T | undefined> {
    const length = yield* this.#wholeMessage();
    if (this.#pending[0] !== type.id) return undefined;
    const message = this.#pending.slice(0, length);
    const body = decode(type.body, message.subarray(headerLength), type.name);
    this.#pending = this.#pending.subarray(length);
    this.#transcript.add(message);
    this.trace?.({
      type: "handshake",
      direction: "received",
      name: type.name,
      bytes: message.slice(),
      body: decode(type.body, message.slice(headerLength), type.name) as Decoded,
    });
    return body;
  }

  sendChangeCipherSpec(protection: Protection): void {
    this.records.send(contentTypes.change_cipher_spec, Uint8Array.of(1));
    this.records.changeWriteState(protection);
    this.trace?.({ type: "change_cipher_spec", direction: "sent" });
  }

  /** No fragment may straddle the change of keys (RFC 5246 §7.1). */
  *expectChangeCipherSpec(protection: Protection): Flow<void> {
    if (this.#pending.length)
      throw new TlsError("unexpected_message", "part of a handshake message before ChangeCipherSpec", {
        code: "excess_handshake_data",
      });
    let record = yield* this.record();
    // Whole ones alone: of a part, nothing may stand before the change of keys.
    while (this.#skipsHelloRequest && isHelloRequests(record)) {
      this.#countHelloRequest(record.fragment.length / headerLength);
      record = yield* this.record();
    }
    if (record.type !== contentTypes.change_cipher_spec)
      throw new TlsError("unexpected_message", `expected ChangeCipherSpec, got ${this.#describe(record)}`);
    if (record.fragment.length !== 1 || record.fragment[0] !== 1)
      throw new TlsError("decode_error", "a malformed ChangeCipherSpec");
    this.records.changeReadState(protection);
    this.trace?.({ type: "change_cipher_spec", direction: "received" });
  }

  /** Finished with the right verify_data, which is computed just before Finished is taken: NewSessionTicket is part of it. Returns it. */
  *expectFinished(verifyData: () => Uint8Array): Flow<Uint8Array> {
    yield* this.#wholeMessage();
    const expected = verifyData();
    const message = yield* this.expect(finished);
    if (!equal(message.verifyData, expected))
      throw new TlsError("decrypt_error", "verify_data of Finished is wrong: the two sides saw different handshakes");
    return expected;
  }

  /** The peer's turn is over: what stands behind its last message was said before our answer, and so cannot be one to it (RFC 5246 §7.3). */
  endFlight(): void {
    this.#gather(this.#pending.length + this.#moreLength);
    while (this.#isHelloRequest() && this.#pending.length >= headerLength && !this.#bodyLength())
      this.#skipHelloRequest();
    if (this.#pending.length >= headerLength || (this.#pending.length && !this.#isHelloRequest()))
      throw new TlsError("unexpected_message", `${messageName(this.#pending[0] as number)} before it was our turn`, {
        code: "excess_handshake_data",
      });
  }

  /** The handshake ends on a record boundary. */
  endHandshake(): void {
    if (this.#pending.length)
      throw new TlsError("unexpected_message", "data behind Finished in the same flight", {
        code: "excess_handshake_data",
      });
    this.#transcript = new Transcript();
    this.#pending = nothing;
  }

  /** The next record that is no warning; alerts that end the connection are thrown. `ahead`: see RecordLayer.next. */
  *record(ahead = false): Flow<TlsRecord> {
    for (;;) {
      const next = this.records.next(ahead);
      if (next === undefined) {
        yield "bytes";
        continue;
      }
      const record = yield* settle(next);
      if (record.type !== contentTypes.alert) {
        if (record.fragment.length) this.#warnings = 0;
        return record;
      }
      this.#alert(record.fragment);
    }
  }

  /**
   * A handshake message on an established connection can only ask for a new handshake. That is refused with a warning, and the connection goes on
   * (RFC 5246 §7.2.2); who insists is cut off.
   */
  refuseRenegotiation(record: TlsRecord): void {
    this.#append(record.fragment);
    const asks = this.#skipsHelloRequest ? helloRequest.id : clientHello.id;
    while (this.#gather(1)) {
      if (this.#pending[0] !== asks)
        throw new TlsError(
          "unexpected_message",
          `${messageName(this.#pending[0] as number)} on an established connection`,
        );
      if (!this.#gather(headerLength)) return;
      const length = headerLength + this.#bodyLength();
      if (asks === helloRequest.id && length > headerLength)
        throw new TlsError("decode_error", "a HelloRequest with a body");
      if (!this.#gather(length)) return;
      this.#pending = this.#pending.slice(length);
      if (++this.#renegotiations > this.#maxRenegotiations)
        throw new TlsError("no_renegotiation", `${this.#renegotiations} tries to renegotiate, which we never do`);
      this.sendAlert("warning", "no_renegotiation");
    }
  }

  /** Some of a handshake message is there, and not all of it. */
  get midMessage(): boolean {
    return this.#pending.length + this.#moreLength > 0;
  }

  sendAlert(level: "warning" | "fatal", description: AlertDescription): void {
    this.trace?.({ type: "alert", direction: "sent", level, description });
    this.records.send(contentTypes.alert, Uint8Array.of(level === "fatal" ? 2 : 1, alertDescriptions[description]));
  }

  /** RFC 5246 §7.2. */
  #alert(fragment: Uint8Array): void {
    const [level, code] = fragment;
    if (fragment.length !== 2 || code === undefined)
      throw new TlsError("decode_error", `an alert of ${fragment.length} bytes, two are wanted`, { code: "bad_alert" });
    if (level !== 1 && level !== 2)
      throw new TlsError("illegal_parameter", `an alert of level ${level}: there are 1, warning, and 2, fatal`, {
        code: "bad_alert",
      });
    const description = alertName(code);
    this.trace?.({
      type: "alert",
      direction: "received",
      level: level === 2 ? "fatal" : "warning",
      description: description ?? code,
    });
    if (description === "close_notify") throw closeNotify;
    if (level === 2)
      throw new TlsError(description, `the peer ended the connection: ${description ?? `unknown alert ${code}`}`, {
        by: "peer",
        code: description ?? "unknown_alert",
        ...adviceFor(description),
      });
    if (++this.#warnings > maxWarningAlerts)
      throw new TlsError("unexpected_message", `more than ${maxWarningAlerts} warning alerts in a row`, {
        code: "too_many_warning_alerts",
      });
  }

  *#wholeMessage(): Flow<number> {
    for (;;) {
      if (this.#gather(headerLength)) {
        const length = headerLength + this.#bodyLength();
        if (this.#isHelloRequest() && length === headerLength) {
          this.#skipHelloRequest();
          continue;
        }
        if (this.#gather(length)) return length;
      }
      const record = yield* this.record();
      if (record.type !== contentTypes.handshake)
        throw new TlsError("unexpected_message", `expected a handshake message, got ${this.#describe(record)}`);
      this.#append(record.fragment);
    }
  }

  /** To a client; a server takes it for what it is not. */
  #isHelloRequest(): boolean {
    return this.#skipsHelloRequest && this.#pending[0] === helloRequest.id;
  }

  #skipHelloRequest(): void {
    this.#countHelloRequest(1);
    this.#pending = this.#pending.subarray(headerLength);
  }

  #countHelloRequest(count: number): void {
    this.#helloRequests += count;
    if (this.#helloRequests > maxHelloRequests)
      throw new TlsError("unexpected_message", "one HelloRequest after the other");
  }

  #append(fragment: Uint8Array): void {
    this.#more.push(fragment);
    this.#moreLength += fragment.length;
  }

  /** True once `length` bytes are in `#pending`. */
  #gather(length: number): boolean {
    if (this.#pending.length >= length) return true;
    if (this.#pending.length + this.#moreLength < length) return false;
    this.#pending = join([this.#pending, ...this.#more]);
    this.#more = [];
    this.#moreLength = 0;
    return true;
  }

  #bodyLength(): number {
    const [type, high, middle, low] = this.#pending as unknown as [number, number, number, number];
    const length = (high << 16) | (middle << 8) | low;
    const limit = type === certificate.id ? maxCertificateMessage : maxHandshakeMessage;
    if (length > limit)
      throw new TlsError("illegal_parameter", `${messageName(type)} of ${length} bytes, at most ${limit} accepted`, {
        code: "excessive_message_size",
      });
    return length;
  }

  #describe(record: TlsRecord): string {
    if (record.type === contentTypes.handshake) return messageName(record.fragment[0] ?? -1);
    return record.type === contentTypes.application_data ? "application data" : "ChangeCipherSpec";
  }
}

/** A record of nothing but HelloRequests, whose four bytes are zero. */
const isHelloRequests = ({ type, fragment }: TlsRecord): boolean =>
  type === contentTypes.handshake && fragment.length % headerLength === 0 && fragment.every((byte) => byte === 0);

/** The peer will send no more (RFC 5246 §7.2.1): an end, not a failure, unless it comes during a handshake. */
export class CloseNotify extends Error {}
// Always the same one: nobody looks at its stack, and to take one costs more than the alert.
const closeNotify: CloseNotify = /* @__PURE__ */ new CloseNotify();

function adviceFor(description: AlertDescription | undefined): { advice?: string } {
  switch (description) {
    case "unknown_ca":
      return { advice: "it does not trust the CA of our certificate" };
    case "handshake_failure":
      return { advice: "no suite, group or signature scheme in common, or it wants a client certificate" };
    case "protocol_version":
      return { advice: "it does not speak TLS 1.2" };
    case "inappropriate_fallback":
      return { advice: "it speaks more than TLS 1.2: leave out fallbackScsv, or let a TLS 1.3 client try first" };
    case "unrecognized_name":
      return { advice: "it does not serve the server name we asked for" };
    default:
      return {};
  }
}
