/**
 * A client of TLS 1.2 with RSA key exchange that builds each byte itself, so that it can send what no client sends. It
 * shares no code with Handclasp.
 * @module
 */
import {
  constants,
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  type KeyObject,
  publicEncrypt,
  randomBytes,
  X509Certificate,
} from "node:crypto";
import { directions, prf, uint16 } from "../../src/hostile/rawKeys.ts";
import { types } from "../../src/hostile/rawTls.ts";
import { nextTurn, type Wire } from "../../src/hostile/wire.ts";

/** The keys of one direction. A client seals with its own, and opens with the server's. */
export interface RawDirection {
  seal(type: number, plaintext: Uint8Array): Buffer;
  open(type: number, body: Buffer): Buffer;
}

export interface RawRsaSuite {
  readonly id: number;
  /** The hash of the MAC with a CBC suite. Without it, the suite is AES-128-GCM. */
  readonly mac?: "sha1" | "sha256";
}

export interface RawHello {
  readonly suite: RawRsaSuite;
  /** Extensions, each with its type and its length. */
  readonly extensions?: readonly Buffer[];
}

export const extension = (type: number, body: Uint8Array): Buffer =>
  Buffer.concat([uint16(type), uint16(body.length), body]);

const renegotiationInfo = extension(0xff01, Buffer.from([0]));
export const encryptThenMac = extension(22, Buffer.alloc(0));

export class RawRsaClient {
  readonly wire: Wire;
  readonly #hello: RawHello;
  readonly #random = randomBytes(32);
  #serverRandom: Buffer = Buffer.alloc(0);
  #serverKey: KeyObject | undefined;
  readonly #transcript: Buffer[] = [];
  #received: Buffer = Buffer.alloc(0);
  #isOver = false;
  #wake = (): void => {};
  write: RawDirection | undefined;
  read: RawDirection | undefined;

  constructor(wire: Wire, hello: RawHello) {
    this.wire = wire;
    this.#hello = hello;
    void this.#receive();
  }

  async #receive(): Promise<void> {
    for (let bytes = await this.wire.read(); bytes; bytes = await this.wire.read()) {
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#wake();
    }
    this.#isOver = true;
    this.#wake();
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition())
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }

  get serverKey(): KeyObject {
    if (!this.#serverKey) throw new Error("the server has sent no certificate");
    return this.#serverKey;
  }

  /** The bytes that have arrived since the last call. */
  takeReceived(): Buffer {
    const taken = this.#received;
    this.#received = Buffer.alloc(0);
    return taken;
  }

  /** Resolves when bytes have arrived, or the server has ended the connection. */
  untilAnswered(): Promise<void> {
    return this.#until(() => this.#isOver || this.#received.length > 0);
  }

  /** The bytes that arrive until the server ends the connection. */
  async untilEnd(): Promise<Buffer> {
    await this.#until(() => this.#isOver);
    return this.takeReceived();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Sends ClientHello, and reads the server's flight. */
  async start(): Promise<void> {
    const extensions = Buffer.concat([renegotiationInfo, ...(this.#hello.extensions ?? [])]);
    const body = [
      Buffer.from([3, 3]),
      this.#random,
      Buffer.from([0, 0, 2]),
      uint16(this.#hello.suite.id),
      Buffer.from([1, 0]),
      uint16(extensions.length),
      extensions,
    ];
    this.sendMessage(1, Buffer.concat(body));
    for (let type = 0; type !== 14; ) {
      const message = await this.#nextMessage();
      type = message[0] as number;
      this.#transcript.push(message);
      if (type === 2) this.#serverRandom = message.subarray(6, 38);
      // certificate_list, the certificate, and the length of each.
      if (type === 11)
        this.#serverKey = new X509Certificate(message.subarray(10, 10 + message.readUIntBE(7, 3))).publicKey;
    }
  }

  /** The next plaintext handshake message. The server's messages of a flight may share a record. */
  async #nextMessage(): Promise<Buffer> {
    while (this.#messages.length < 4 || this.#messages.length < 4 + this.#messages.readUIntBE(1, 3)) {
      const { type, body } = await this.nextRecord();
      if (type !== types.handshake)
        throw new Error(`expected a handshake message, got ${type} ${body.toString("hex")}`);
      this.#messages = Buffer.concat([this.#messages, body]);
    }
    const end = 4 + this.#messages.readUIntBE(1, 3);
    const message = this.#messages.subarray(0, end);
    this.#messages = this.#messages.subarray(end);
    return message;
  }
  #messages: Buffer = Buffer.alloc(0);

  /** The next record, opened if the server's keys are in use. */
  async nextRecord(): Promise<{ readonly type: number; readonly body: Buffer }> {
    const isComplete = (): boolean =>
      this.#received.length >= 5 && this.#received.length >= 5 + this.#received.readUInt16BE(3);
    await this.#until(() => isComplete() || this.#isOver);
    if (!isComplete()) throw new Error("the server has ended the connection");
    const end = 5 + this.#received.readUInt16BE(3);
    const [type = 0] = this.#received;
    const body = this.#received.subarray(5, end);
    this.#received = this.#received.subarray(end);
    return { type, body: this.read ? this.read.open(type, body) : body };
  }

  sendMessage(type: number, body: Uint8Array): void {
    const header = Buffer.from([type, body.length >> 16, (body.length >> 8) & 255, body.length & 255]);
    const message = Buffer.concat([header, body]);
    this.#transcript.push(message);
    this.sendRecord(types.handshake, this.write ? this.write.seal(types.handshake, message) : message);
  }

  /** Sends a record with this body, which is sealed already. */
  sendRecord(type: number, body: Uint8Array): void {
    this.wire.write(Buffer.concat([Buffer.from([type, 3, 3]), uint16(body.length), body]));
  }

  /**
   * Sends a record that no server accepts. It gets an answer from a server that has accepted all records before it.
   */
  sendInvalidRecord(): void {
    this.sendRecord(99, Buffer.alloc(1));
  }

  sendKeyExchange(ciphertext: Uint8Array): void {
    this.sendMessage(16, Buffer.concat([uint16(ciphertext.length), ciphertext]));
  }

  sendChangeCipherSpec(): void {
    this.sendRecord(types.changeCipherSpec, Buffer.from([1]));
  }

  /** Uses the keys of this premaster secret for all later records. Returns the master secret. */
  useKeysOf(premaster: Buffer): Buffer {
    const master = prf(premaster, "master secret", Buffer.concat([this.#random, this.#serverRandom]), 48);
    const { suite, extensions = [] } = this.#hello;
    const randoms = Buffer.concat([this.#serverRandom, this.#random]);
    const [client, server] = suite.mac
      ? cbcDirections(master, randoms, suite.mac, extensions.includes(encryptThenMac))
      : directions({ id: suite.id, cipher: "aes-128-gcm", keyLength: 16, ivLength: 4 }, master, randoms);
    this.write = client;
    this.read = server;
    return master;
  }

  /** The client's Finished. */
  sendFinished(master: Buffer): void {
    const hash = createHash("sha256").update(Buffer.concat(this.#transcript)).digest();
    this.sendMessage(20, prf(master, "client finished", hash, 12));
  }

  /** Sends all of an honest handshake but Finished. Returns the master secret. */
  startFinish(): Buffer {
    const premaster = Buffer.concat([Buffer.from([3, 3]), randomBytes(46)]);
    this.sendKeyExchange(publicEncrypt({ key: this.serverKey, padding: constants.RSA_PKCS1_PADDING }, premaster));
    this.sendChangeCipherSpec();
    return this.useKeysOf(premaster);
  }

  /** The rest of an honest handshake. */
  async finish(): Promise<void> {
    this.sendFinished(this.startFinish());
    await this.expectFinished();
  }

  /** Reads the server's ChangeCipherSpec and Finished. */
  async expectFinished(): Promise<void> {
    const { read } = this;
    this.read = undefined;
    if ((await this.nextRecord()).type !== types.changeCipherSpec) throw new Error("no ChangeCipherSpec");
    this.read = read;
    const { type, body } = await this.nextRecord();
    if (type !== types.handshake || body[0] !== 20 || body.length !== 16) throw new Error("no Finished");
  }

  /** Lets the server, which is in this process, handle what it has received. */
  async settle(): Promise<void> {
    await this.wire.flushed();
    for (let turns = 0; turns < 10; turns++) await nextTurn();
  }
}

export class CbcDirection implements RawDirection {
  readonly #key: Buffer;
  readonly #macKey: Buffer;
  readonly #hash: "sha1" | "sha256";
  readonly #macFirst: boolean;
  #sequenceNumber = 0;

  constructor(key: Buffer, macKey: Buffer, hash: "sha1" | "sha256", macFirst: boolean) {
    this.#key = key;
    this.#macKey = macKey;
    this.#hash = hash;
    this.#macFirst = macFirst;
  }

  get macLength(): number {
    return this.#hash === "sha1" ? 20 : 32;
  }

  /** The MAC of the next record, with this content. */
  mac(type: number, content: Uint8Array, sequenceNumber: number = this.#sequenceNumber): Buffer {
    const number = Buffer.alloc(8);
    number.writeUInt32BE(sequenceNumber, 4);
    return createHmac(this.#hash, this.#macKey)
      .update(Buffer.concat([number, Buffer.from([type, 3, 3]), uint16(content.length), content]))
      .digest();
  }

  /** A random IV, and these blocks, encrypted. */
  encrypt(blocks: Uint8Array): Buffer {
    const iv = randomBytes(16);
    const cipher = createCipheriv("aes-128-cbc", this.#key, iv).setAutoPadding(false);
    return Buffer.concat([iv, cipher.update(blocks), cipher.final()]);
  }

  seal(type: number, plaintext: Uint8Array): Buffer {
    if (this.#macFirst) {
      const body = this.encrypt(padded(Buffer.concat([plaintext, this.mac(type, plaintext)])));
      this.#sequenceNumber++;
      return body;
    }
    const encrypted = this.encrypt(padded(plaintext));
    const mac = this.mac(type, encrypted);
    this.#sequenceNumber++;
    return Buffer.concat([encrypted, mac]);
  }

  open(_type: number, body: Buffer): Buffer {
    const encrypted = this.#macFirst ? body : body.subarray(0, -this.macLength);
    const decipher = createDecipheriv("aes-128-cbc", this.#key, encrypted.subarray(0, 16)).setAutoPadding(false);
    const plain = Buffer.concat([decipher.update(encrypted.subarray(16)), decipher.final()]);
    const unpadded = plain.subarray(0, -1 - (plain.at(-1) as number));
    return this.#macFirst ? unpadded.subarray(0, -this.macLength) : unpadded;
  }
}

/** The content with the shortest padding. */
export function padded(content: Uint8Array): Buffer {
  const length = 15 - (content.length % 16);
  return Buffer.concat([content, Buffer.alloc(length + 1, length)]);
}

function cbcDirections(
  master: Buffer,
  randoms: Buffer,
  hash: "sha1" | "sha256",
  isEncryptThenMac: boolean,
): [CbcDirection, CbcDirection] {
  const macLength = hash === "sha1" ? 20 : 32;
  const block = prf(master, "key expansion", randoms, 2 * (macLength + 16));
  const direction = (n: number): CbcDirection => {
    const key = 2 * macLength + 16 * n;
    const macKey = block.subarray(n * macLength, (n + 1) * macLength);
    return new CbcDirection(block.subarray(key, key + 16), macKey, hash, !isEncryptThenMac);
  };
  return [direction(0), direction(1)];
}
