/**
 * The part of TLS 1.2 that an attacker needs, with node:crypto: two suites and X25519, without verification of the
 * peer. This file builds every record itself, so that an attack controls the length and the time of each record. It
 * shares no code with Handclasp.
 * @module
 */
import {
  createHash,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from "node:crypto";
import { type Direction, directions, prf, type Suite, type SuiteName, suites, uint16 } from "./rawKeys.ts";
import type { Wire } from "./wire.ts";

export const types = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const;
export const closeNotify: Buffer = Buffer.from([1, 0]);

export interface RawTlsOptions {
  readonly suite?: SuiteName;
  /** The certificate chain in DER. A client sends it only if the server requests a certificate. */
  readonly chain?: readonly Uint8Array[];
  /** The key of the first certificate. Without it, the peer's signatures are invalid. */
  readonly key?: KeyObject;
}

/** The steps of a client's handshake at which an attack can stop. */
export const clientSteps = [
  "connected",
  "half a ClientHello",
  "ClientHello",
  "server's flight read",
  "ClientKeyExchange",
  "ChangeCipherSpec",
  "Finished",
  "open",
] as const;
export const serverSteps = [
  "connected",
  "ClientHello read",
  "half a flight",
  "flight",
  "client's Finished read",
  "ChangeCipherSpec",
  "open",
] as const;
export type Step = (typeof clientSteps)[number] | (typeof serverSteps)[number];

export class RawTls {
  readonly wire: Wire;
  readonly #options: RawTlsOptions;
  readonly #suite: Suite;
  readonly #keyPair = generateKeyPairSync("x25519");
  readonly #random = randomBytes(32);
  #transcript: Buffer[] = [];
  #write: Direction | undefined;
  #read: Direction | undefined;
  #nextRead: Direction | undefined;
  #received: Buffer = Buffer.alloc(0);
  #messages: Buffer = Buffer.alloc(0);

  constructor(wire: Wire, options: RawTlsOptions = {}) {
    this.wire = wire;
    this.#options = options;
    this.#suite = suites[options.suite ?? "chacha"];
  }

  /** Records of at most `size` bytes each, sealed if the write keys are in use. */
  records(type: number, bytes: Uint8Array, size: number = 2 ** 14): Buffer {
    const records: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) records.push(this.record(type, bytes.subarray(at, at + size)));
    return Buffer.concat(records);
  }

  data(bytes: Uint8Array): void {
    this.wire.write(this.records(types.applicationData, bytes));
  }

  closeNotify(): void {
    this.wire.write(this.records(types.alert, closeNotify));
  }

  /** The type and the fragment of the next record. `undefined` if the victim has closed its side. */
  async read(): Promise<{ type: number; fragment: Buffer } | undefined> {
    while (this.#received.length < 5 || this.#received.length < 5 + this.#received.readUInt16BE(3)) {
      const bytes = await this.wire.read();
      if (!bytes) return undefined;
      this.#received = Buffer.concat([this.#received, bytes]);
    }
    const end = 5 + this.#received.readUInt16BE(3);
    const type = this.#received[0] as number;
    const body = this.#received.subarray(5, end);
    this.#received = this.#received.subarray(end);
    return { type, fragment: this.#read ? this.#read.open(type, body) : body };
  }

  /** The handshake of a client, step by step. If the caller stops iterating, the handshake stops there. */
  async *client(): AsyncGenerator<Step, void, void> {
    yield "connected";
    const hello = this.clientHello();
    const record = this.records(types.handshake, hello);
    this.wire.write(record.subarray(0, record.length >> 1));
    yield "half a ClientHello";
    this.wire.write(record.subarray(record.length >> 1));
    this.#transcript.push(hello);
    yield "ClientHello";
    const serverHello = await this.#expect(2);
    const serverRandom = serverHello.subarray(2, 34);
    await this.#expect(11);
    const exchange = await this.#expect(12);
    let certificateRequested = false;
    for (let type = (await this.#nextMessage()).type; type !== 14; type = (await this.#nextMessage()).type)
      certificateRequested = true;
    yield "server's flight read";
    if (certificateRequested) this.#send(11, certificates(this.#options.chain ?? []));
    const share = publicBytes(this.#keyPair.publicKey);
    this.#send(16, Buffer.concat([Buffer.from([share.length]), share]));
    if (certificateRequested && this.#options.chain?.length) this.#send(15, this.#certificateVerify());
    yield "ClientKeyExchange";
    const peer = exchange.subarray(4, 4 + (exchange[3] as number));
    const [master, client, server] = this.#keys(peer, this.#random, serverRandom);
    this.wire.write(this.record(types.changeCipherSpec, Buffer.from([1])));
    yield "ChangeCipherSpec";
    this.#write = client;
    this.#nextRead = server;
    this.#send(20, this.#verifyData(master, "client finished"));
    yield "Finished";
    await this.#expect(20);
    yield "open";
  }

  /** The handshake of a server, step by step. */
  async *server(): AsyncGenerator<Step, void, void> {
    yield "connected";
    const hello = await this.#expect(1);
    yield "ClientHello read";
    const clientRandom = hello.subarray(2, 34);
    const share = publicBytes(this.#keyPair.publicKey);
    const params = Buffer.concat([Buffer.from([3, 0, 0x1d, share.length]), share]);
    const signature = this.#signature(Buffer.concat([clientRandom, this.#random, params]));
    const flight = [
      this.message(2, this.#serverHello()),
      this.message(11, certificates(this.#options.chain ?? [])),
      this.message(12, Buffer.concat([params, signature])),
      this.message(14, Buffer.alloc(0)),
    ];
    const record = this.records(types.handshake, Buffer.concat(flight));
    this.wire.write(record.subarray(0, record.length >> 1));
    yield "half a flight";
    this.wire.write(record.subarray(record.length >> 1));
    this.#transcript.push(...flight);
    yield "flight";
    const exchange = await this.#expect(16);
    const [master, client, server] = this.#keys(exchange.subarray(1), clientRandom, this.#random);
    this.#nextRead = client;
    await this.#expect(20);
    yield "client's Finished read";
    this.wire.write(this.record(types.changeCipherSpec, Buffer.from([1])));
    yield "ChangeCipherSpec";
    this.#write = server;
    this.#send(20, this.#verifyData(master, "server finished"));
    yield "open";
  }

  clientHello(): Buffer {
    const schemes = Buffer.from("0403080408050806050306030401", "hex");
    const extensions = Buffer.concat([
      // The offer contains secp256r1 for the key of the certificate. The key exchange always uses x25519.
      extension(0x000a, "0004001d0017"),
      extension(0x000b, "0100"),
      extension(0x000d, Buffer.concat([uint16(schemes.length), schemes]).toString("hex")),
      extension(0xff01, "00"),
    ]);
    return this.message(
      1,
      Buffer.concat([
        Buffer.from([3, 3]),
        this.#random,
        Buffer.from([0]),
        uint16(2),
        uint16(this.#suite.id),
        Buffer.from([1, 0]),
        uint16(extensions.length),
        extensions,
      ]),
    );
  }

  #serverHello(): Buffer {
    const extensions = extension(0xff01, "00");
    const suite = uint16(this.#suite.id);
    const end = Buffer.concat([uint16(extensions.length), extensions]);
    return Buffer.concat([Buffer.from([3, 3]), this.#random, Buffer.from([0]), suite, Buffer.from([0]), end]);
  }

  #certificateVerify(): Buffer {
    return this.#signature(Buffer.concat(this.#transcript));
  }

  /** A signature with its scheme, ecdsa_secp256r1_sha256. */
  #signature(signed: Buffer): Buffer {
    const { key } = this.#options;
    const signature = key ? sign("sha256", signed, key) : Buffer.from("3006020101020101", "hex");
    return Buffer.concat([Buffer.from([4, 3]), uint16(signature.length), signature]);
  }

  #send(type: number, body: Buffer): void {
    const message = this.message(type, body);
    this.#transcript.push(message);
    this.wire.write(this.records(types.handshake, message));
  }

  message(type: number, body: Buffer): Buffer {
    return Buffer.concat([Buffer.from([type, body.length >> 16, (body.length >> 8) & 0xff, body.length & 0xff]), body]);
  }

  async #expect(type: number): Promise<Buffer> {
    const message = await this.#nextMessage();
    if (message.type !== type) throw new Error(`expected handshake message ${type}, got ${message.type}`);
    return message.body;
  }

  async #nextMessage(): Promise<{ type: number; body: Buffer }> {
    while (this.#messages.length < 4 || this.#messages.length < 4 + this.#messages.readUIntBE(1, 3)) {
      const record = await this.read();
      if (!record) throw new Error("the victim ended the connection during the handshake");
      if (record.type === types.alert) throw new Error(`the victim sent alert ${record.fragment.toString("hex")}`);
      if (record.type === types.changeCipherSpec) this.#read = this.#nextRead;
      else this.#messages = Buffer.concat([this.#messages, record.fragment]);
    }
    const end = 4 + this.#messages.readUIntBE(1, 3);
    const message = Buffer.from(this.#messages.subarray(0, end));
    this.#messages = this.#messages.subarray(end);
    this.#transcript.push(message);
    return { type: message[0] as number, body: message.subarray(4) };
  }

  #keys(peer: Buffer, clientRandom: Buffer, serverRandom: Buffer): [Buffer, Direction, Direction] {
    const x = peer.toString("base64url");
    const publicKey = createPublicKey({ key: { kty: "OKP", crv: "X25519", x }, format: "jwk" });
    const premaster = diffieHellman({ privateKey: this.#keyPair.privateKey, publicKey });
    const master = prf(premaster, "master secret", Buffer.concat([clientRandom, serverRandom]), 48);
    return [master, ...directions(this.#suite, master, Buffer.concat([serverRandom, clientRandom]))];
  }

  #verifyData(master: Buffer, label: string): Buffer {
    return prf(master, label, createHash("sha256").update(Buffer.concat(this.#transcript)).digest(), 12);
  }

  record(type: number, fragment: Uint8Array): Buffer {
    const body = this.#write ? this.#write.seal(type, fragment) : fragment;
    return Buffer.concat([Buffer.from([type, 3, 3, body.length >> 8, body.length & 0xff]), body]);
  }
}

function extension(type: number, hex: string): Buffer {
  const body = Buffer.from(hex, "hex");
  return Buffer.concat([uint16(type), uint16(body.length), body]);
}

function vector24(bytes: Uint8Array): Buffer {
  const { length } = bytes;
  return Buffer.concat([Buffer.from([length >> 16, (length >> 8) & 0xff, length & 0xff]), bytes]);
}

const certificates = (chain: readonly Uint8Array[]): Buffer => vector24(Buffer.concat(chain.map(vector24)));

function publicBytes(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url");
}
