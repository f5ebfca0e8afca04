/**
 * Vaudenay's attack, Lucky 13, POODLE on TLS, Zombie POODLE, GOLDENDOODLE, Sleeping POODLE and 0-length OpenSSL:
 * whatever is wrong with a CBC record, a server answers with one alert, bad_record_mac, and ends the connection. The
 * client is raw, over TCP and WebSocket.
 */
import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import {
  type CryptoProvider,
  createServer,
  noble,
  nodeCredential,
  nodeCrypto,
  TLS_RSA_WITH_AES_128_CBC_SHA,
  TLS_RSA_WITH_AES_128_CBC_SHA256,
} from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { types } from "../../src/hostile/rawTls.ts";
import { dial, type TransportKind, transports } from "../../src/hostile/wire.ts";
import { type CbcDirection, encryptThenMac, padded, type RawHello, RawRsaClient } from "./rawRsaClient.ts";

const flipped = (bytes: Buffer, at: number, mask = 1): Buffer => {
  const changed = Buffer.from(bytes);
  changed[at < 0 ? changed.length + at : at] = (changed.at(at) as number) ^ mask;
  return changed;
};
/** The content with `length` bytes of padding, which must fill whole blocks. */
const withPadding = (content: Buffer, length: number, value = length): Buffer =>
  Buffer.concat([content, Buffer.alloc(length, value), Buffer.from([length])]);
/** The content with whole blocks of padding, at least `least` bytes. */
const longPadding = (content: Buffer, least: number): Buffer =>
  withPadding(content, least + 15 - ((content.length + least) % 16));

type MakeBody = (keys: CbcDirection, type: number, content: Buffer) => Buffer;

/** The bodies of records whose MAC is inside of the encryption. */
const macThenEncrypt: Readonly<Record<string, MakeBody>> = {
  "an altered MAC": (keys, type, content) =>
    keys.encrypt(padded(Buffer.concat([content, flipped(keys.mac(type, content), 0)]))),
  "an altered last byte of the MAC": (keys, type, content) =>
    keys.encrypt(padded(Buffer.concat([content, flipped(keys.mac(type, content), -1)]))),
  "the MAC of another sequence number": (keys, type, content) =>
    keys.encrypt(padded(Buffer.concat([content, keys.mac(type, content, 99)]))),
  "the MAC of another type": (keys, type, content) =>
    keys.encrypt(padded(Buffer.concat([content, keys.mac(type ^ 1, content)]))),
  "an altered MAC with the longest padding": (keys, type, content) =>
    keys.encrypt(longPadding(Buffer.concat([content, flipped(keys.mac(type, content), 0)]), 240)),
  "an altered first byte of padding": (keys, type, content) =>
    keys.encrypt(paddingAltered(Buffer.concat([content, keys.mac(type, content)]), 0)),
  "an altered last byte of padding before its length": (keys, type, content) =>
    keys.encrypt(paddingAltered(Buffer.concat([content, keys.mac(type, content)]), 1)),
  "padding of random bytes, as in SSL 3.0": (keys, type, content) => {
    const authentic = longPadding(Buffer.concat([content, keys.mac(type, content)]), 32);
    randomBytes(30).copy(authentic, authentic.length - 32);
    return keys.encrypt(authentic);
  },
  "more padding than the record is long": (keys, type, content) => {
    const authentic = padded(Buffer.concat([content, keys.mac(type, content)]));
    authentic[authentic.length - 1] = 255;
    return keys.encrypt(authentic);
  },
  "padding of the whole record": (keys) => keys.encrypt(Buffer.alloc(64, 63)),
  "padding that leaves one byte less than a MAC": (keys) =>
    keys.encrypt(withPadding(randomBytes(keys.macLength - 1), 80 - keys.macLength)),
  "padding that leaves only a MAC of nothing, altered": (keys, type) =>
    keys.encrypt(padded(flipped(keys.mac(type, Buffer.alloc(0)), 3))),
  "bad padding and a bad MAC": (keys, type, content) =>
    flipped(keys.encrypt(padded(Buffer.concat([content, flipped(keys.mac(type, content), 0)]))), -17),
  "an altered IV": (keys, type, content) => flipped(keys.seal(type, content), 0),
  "an altered last block": (keys, type, content) => flipped(keys.seal(type, content), -1),
};

const paddingAltered = (content: Buffer, fromEnd: number): Buffer => {
  const whole = longPadding(content, 32);
  const length = whole.at(-1) as number;
  return flipped(whole, fromEnd ? -2 : whole.length - 1 - length, 0x80);
};

/** The bodies of records whose MAC covers the ciphertext (RFC 7366). */
const macAfterEncrypt: Readonly<Record<string, MakeBody>> = {
  "an altered MAC": (keys, type, content) => flipped(keys.seal(type, content), -1),
  "an altered ciphertext": (keys, type, content) => flipped(keys.seal(type, content), 20),
  "an altered IV": (keys, type, content) => flipped(keys.seal(type, content), 0),
  "the MAC of the plaintext": (keys, type, content) => {
    const blocks = keys.encrypt(padded(content));
    return Buffer.concat([blocks, keys.mac(type, content)]);
  },
  "bad padding with a correct MAC": (keys, type, content) => authenticated(keys, type, paddingAltered(content, 0)),
  "more padding than the record is long, with a correct MAC": (keys, type) =>
    authenticated(keys, type, Buffer.concat([randomBytes(15), Buffer.from([255])])),
};

const authenticated = (keys: CbcDirection, type: number, blocks: Buffer): Buffer => {
  const encrypted = keys.encrypt(blocks);
  return Buffer.concat([encrypted, keys.mac(type, encrypted)]);
};

/** Bodies without whole blocks, or too short for a MAC. */
const anyOrder: Readonly<Record<string, MakeBody>> = {
  "an empty body": () => Buffer.alloc(0),
  "one byte": () => Buffer.alloc(1),
  "only an IV": () => randomBytes(16),
  "one block": () => randomBytes(32),
  "a byte more than whole blocks": (keys, type, content) => Buffer.concat([keys.seal(type, content), Buffer.alloc(1)]),
  "a byte less than whole blocks": (keys, type, content) => keys.seal(type, content).subarray(0, -1),
  "random blocks": () => randomBytes(320),
};

const sha1: RawHello = { suite: { id: TLS_RSA_WITH_AES_128_CBC_SHA.id, mac: "sha1" } };
const sha256: RawHello = { suite: { id: TLS_RSA_WITH_AES_128_CBC_SHA256.id, mac: "sha256" } };
const constructions: Readonly<Record<string, readonly [RawHello, Readonly<Record<string, MakeBody>>]>> = {
  "HMAC-SHA1": [sha1, { ...macThenEncrypt, ...anyOrder }],
  "HMAC-SHA256": [sha256, { ...macThenEncrypt, ...anyOrder }],
  "HMAC-SHA1 and encrypt_then_mac": [
    { ...sha1, extensions: [encryptThenMac] },
    { ...macAfterEncrypt, ...anyOrder },
  ],
};

/** The records that an attacker can alter. */
const places = {
  "the client's Finished": types.handshake,
  "application data": types.applicationData,
  "an alert": types.alert,
  "a handshake message after Finished": types.handshake,
} as const;

const providers: Readonly<Record<string, CryptoProvider>> = { nodeCrypto, noble };

describe.each(Object.entries(providers))("a server with CBC and %s", (_, provider) => {
  let server: ReturnType<typeof createServer>;
  let received: Uint8Array[] = [];
  const ports: Partial<Record<TransportKind, number>> = {};

  beforeAll(async () => {
    const ca = await testCa();
    server = createServer(
      {
        provider,
        credentials: nodeCredential(await ca.issue({ names: ["localhost"], algorithm: "rsa-2048" })),
        suites: [TLS_RSA_WITH_AES_128_CBC_SHA, TLS_RSA_WITH_AES_128_CBC_SHA256],
        handshakeTimeout: 600_000,
        admission: false,
        onError() {},
      },
      async (channel) => {
        for await (const bytes of channel) received.push(bytes);
      },
    );
    ports.tcp = ((await server.listenTcp()).address() as AddressInfo).port;
    ports.ws = ((await server.listenWebSocket()).address() as AddressInfo).port;
  });
  afterAll(() => server.close({ grace: 0 }));

  /** Sends the record, and returns what the server sends until it ends the connection. */
  async function answerTo(transport: TransportKind, hello: RawHello, place: keyof typeof places, make: MakeBody) {
    const client = new RawRsaClient(await dial(transport, ports[transport] as number), hello);
    await client.start();
    const type = places[place];
    const isFinished = place === "the client's Finished";
    if (isFinished) client.startFinish();
    else await client.finish();
    // As long as a Finished, so that a server which accepts it fails for another reason.
    const content = Buffer.concat([Buffer.from([20, 0, 0, 12]), Buffer.alloc(12, 7)]);
    client.sendRecord(type, make(client.write as CbcDirection, type, content));
    client.sendInvalidRecord();
    await client.untilAnswered();
    client.wire.finish();
    const answer = await client.untilEnd();
    client.wire.socket.destroy();
    // In the handshake, the server's alert is not encrypted yet.
    const body = answer.subarray(5);
    const alert = isFinished ? body : (client.read as CbcDirection).open(types.alert, body);
    return { header: answer.subarray(0, 5).toString("hex"), alert: alert.toString("hex"), length: answer.length };
  }

  const cases = transports.flatMap((transport) =>
    Object.keys(constructions).flatMap((construction) =>
      (transport === "tcp" ? (Object.keys(places) as (keyof typeof places)[]) : (["application data"] as const)).map(
        (place) => [transport, construction, place] as const,
      ),
    ),
  );
  test.each(cases)(
    "sends one alert, bad_record_mac, for every malformed CBC record: over %s, with %s, as %s",
    async (transport, construction, place) => {
      const [hello, bodies] = constructions[construction] as (typeof constructions)[string];
      received = [];
      const answers = new Set<string>();
      for (const [kind, make] of Object.entries(bodies)) {
        const { header, alert, length } = await answerTo(transport, hello, place, make);
        expect([kind, alert]).toEqual([kind, "0214"]);
        answers.add(`${header} ${length}`);
      }
      // Each answer has the same type, version and length, and is the only record.
      expect([...answers]).toHaveLength(1);
      expect(received).toEqual([]);
    },
  );

  test.each(Object.keys(constructions))("accepts a record without a fault: with %s", async (construction) => {
    const [hello] = constructions[construction] as (typeof constructions)[string];
    received = [];
    const client = new RawRsaClient(await dial("tcp", ports.tcp as number), hello);
    await client.start();
    await client.finish();
    client.sendRecord(
      types.applicationData,
      (client.write as CbcDirection).seal(types.applicationData, Buffer.from("yes")),
    );
    await expect.poll(() => Buffer.concat(received).toString(), { interval: 1 }).toBe("yes");
    client.wire.reset();
  });
});
