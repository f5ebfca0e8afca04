/**
 * Bleichenbacher, Klíma–Pokorný–Rosa, ROBOT and Marvin: whatever a client puts into its encrypted premaster secret, a
 * server sends the same bytes in the same order, and makes the same calls. The client is raw, over TCP and WebSocket.
 */
import { constants, publicEncrypt, randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import {
  type CryptoProvider,
  createServer,
  noble,
  nodeCredential,
  nodeCrypto,
  TLS_RSA_WITH_AES_128_CBC_SHA,
  TLS_RSA_WITH_AES_128_GCM_SHA256,
} from "@handclasp/node";
import { asyncCredential, asyncProvider, testCa } from "@handclasp/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dial, type TransportKind, transports } from "../../src/hostile/wire.ts";
import { encryptThenMac, type RawHello, RawRsaClient } from "./rawRsaClient.ts";
import { recordCalls } from "./recordCalls.ts";

const modulusLength = 256;
const bytes = (...values: readonly number[]): Buffer => Buffer.from(values);
/** Random bytes without a zero. */
const nonZero = (length: number): Buffer => randomBytes(length).map((byte) => byte || 1) as Buffer;
const secret = (...version: readonly number[]): Buffer => Buffer.concat([bytes(...version), nonZero(46)]);

/** A block with the given parts. Padding between `start` and `end` fills it up. */
const block = (start: Buffer, end: Buffer): Buffer =>
  Buffer.concat([start, nonZero(modulusLength - start.length - end.length), end]);
const wellFormed = (): Buffer => block(bytes(0, 2), Buffer.concat([bytes(0), secret(3, 3)]));
const altered = (at: number, value: number): Buffer => {
  const changed = wellFormed();
  changed[at] = value;
  return changed;
};
const separator = modulusLength - 49;

/** The blocks that a client encrypts. The last 48 bytes of each are the secret that a careless server would take. */
const malformedBlocks: Readonly<Record<string, () => Buffer>> = {
  "the first byte 01": () => altered(0, 1),
  "block type 00": () => altered(1, 0),
  "block type 01": () => altered(1, 1),
  "block type FF": () => altered(1, 0xff),
  "a zero in the first byte of padding": () => altered(2, 0),
  "a zero in the eighth byte of padding": () => altered(9, 0),
  "a zero in the ninth byte of padding": () => altered(10, 0),
  "a zero before the separator": () => altered(separator - 1, 0),
  "eight zeros before the separator": () => wellFormed().fill(0, separator - 8, separator),
  "only zeros as padding": () => wellFormed().fill(0, 2, separator),
  "no separator": () => altered(separator, 1),
  "no zero at all after the first byte": () => block(bytes(0, 2), nonZero(48)),
  "a secret of 47 bytes": () => block(bytes(0, 2), Buffer.concat([bytes(0), secret(3, 3).subarray(0, 47)])),
  "a secret of 49 bytes": () => block(bytes(0, 2), Buffer.concat([bytes(0), secret(3, 3), nonZero(1)])),
  "a secret of one byte": () => block(bytes(0, 2), bytes(0, 3)),
  "an empty secret": () => block(bytes(0, 2), bytes(0)),
  "the longest secret": () => Buffer.concat([bytes(0, 2), nonZero(8), bytes(0), nonZero(modulusLength - 11)]),
  "a secret that begins after two bytes of padding": () =>
    Buffer.concat([bytes(0, 2), nonZero(2), bytes(0), nonZero(modulusLength - 5)]),
  "version 3.2": () => block(bytes(0, 2), Buffer.concat([bytes(0), secret(3, 2)])),
  "version 3.0": () => block(bytes(0, 2), Buffer.concat([bytes(0), secret(3, 0)])),
  "version 3.4": () => block(bytes(0, 2), Buffer.concat([bytes(0), secret(3, 4)])),
  "version 2.3": () => block(bytes(0, 2), Buffer.concat([bytes(0), secret(2, 3)])),
  "version 0.0": () => block(bytes(0, 2), Buffer.concat([bytes(0), secret(0, 0)])),
  "a block of zeros": () => Buffer.alloc(modulusLength),
  "a block of zeros and a one": () => Buffer.concat([Buffer.alloc(modulusLength - 1), bytes(1)]),
};

/** A ciphertext, and the secret that a careless server would take. */
interface Attempt {
  readonly ciphertext: Buffer;
  readonly guess: Buffer;
}
type MakeAttempt = (client: RawRsaClient) => Attempt;

const encrypted =
  (make: () => Buffer): MakeAttempt =>
  ({ serverKey: key }) => {
    const plain = make();
    return { ciphertext: publicEncrypt({ key, padding: constants.RSA_NO_PADDING }, plain), guess: plain.subarray(-48) };
  };
const zeros = Buffer.alloc(48);
const modulusOf = ({ serverKey }: RawRsaClient): Buffer =>
  Buffer.from(serverKey.export({ format: "jwk" }).n as string, "base64url");

const malformed: Readonly<Record<string, MakeAttempt>> = {
  ...Object.fromEntries(Object.entries(malformedBlocks).map(([name, make]) => [name, encrypted(make)])),
  "a ciphertext of random bytes": () => ({ ciphertext: randomBytes(modulusLength).fill(0, 0, 1), guess: zeros }),
  "a ciphertext equal to the modulus": (client) => ({ ciphertext: modulusOf(client), guess: zeros }),
  "a ciphertext above the modulus": () => ({ ciphertext: Buffer.alloc(modulusLength, 0xff), guess: zeros }),
  "a ciphertext of zeros": () => ({ ciphertext: Buffer.alloc(modulusLength), guess: zeros }),
  "a ciphertext that is a byte short": () => ({ ciphertext: nonZero(modulusLength - 1), guess: zeros }),
  "a ciphertext that is a byte long": () => ({ ciphertext: nonZero(modulusLength + 1), guess: zeros }),
  "an empty ciphertext": () => ({ ciphertext: Buffer.alloc(0), guess: zeros }),
};
/** The client does not know the secret, as an attacker who replays another client's ciphertext. */
const unknownSecret: MakeAttempt = (client) => ({ ...encrypted(wellFormed)(client), guess: nonZero(48) });
const knownSecret = encrypted(wellFormed);

/** The client's last step. The attacks of ROBOT differ in it. */
const flows = ["ClientKeyExchange", "ChangeCipherSpec", "Finished", "a Finished of zeros"] as const;
type Flow = (typeof flows)[number];

const gcm = TLS_RSA_WITH_AES_128_GCM_SHA256;
const cbc = TLS_RSA_WITH_AES_128_CBC_SHA;
const hellos: Readonly<Record<string, RawHello>> = {
  GCM: { suite: { id: gcm.id } },
  CBC: { suite: { id: cbc.id, mac: "sha1" } },
  "CBC with encrypt_then_mac": { suite: { id: cbc.id, mac: "sha1" }, extensions: [encryptThenMac] },
};

const providers: Readonly<Record<string, CryptoProvider>> = {
  nodeCrypto,
  noble,
  "nodeCrypto with promises": asyncProvider(nodeCrypto, { maxDelayMs: 0 }),
};

describe.each(Object.entries(providers))("a server with RSA key exchange and %s", (name, provider) => {
  let calls: string[] = [];
  let errors: unknown[] = [];
  const note = (call: string): void => void calls.push(call);
  let server: ReturnType<typeof createServer>;
  const ports: Partial<Record<TransportKind, number>> = {};

  beforeAll(async () => {
    const ca = await testCa();
    const plain = nodeCredential(await ca.issue({ names: ["localhost"], algorithm: "rsa-2048" }));
    const credential = name.includes("promises") ? asyncCredential(plain, { maxDelayMs: 0 }) : plain;
    const { rsaDecryptRaw } = credential;
    if (!rsaDecryptRaw) throw new Error("an RSA key decrypts");
    server = createServer(
      {
        provider: recordCalls(provider, note),
        credentials: {
          ...credential,
          rsaDecryptRaw(ciphertext: Uint8Array) {
            note(`rsaDecryptRaw(${ciphertext.length})`);
            return rsaDecryptRaw(ciphertext);
          },
        },
        suites: [gcm, cbc],
        random(length) {
          note(`random(${length})`);
          return randomBytes(length);
        },
        // Only an end of ours may end a connection in this test.
        handshakeTimeout: 600_000,
        admission: false,
        onError: (error) => void errors.push(error),
      },
      () => {},
    );
    ports.tcp = ((await server.listenTcp()).address() as AddressInfo).port;
    ports.ws = ((await server.listenWebSocket()).address() as AddressInfo).port;
  });
  afterAll(() => server.close({ grace: 0 }));

  async function attempt(transport: TransportKind, hello: RawHello, make: MakeAttempt, flow: Flow) {
    const client = new RawRsaClient(await dial(transport, ports[transport] as number), hello);
    await client.start();
    calls = [];
    errors = [];
    const { ciphertext, guess } = make(client);
    const received: string[] = [];
    const step = async (): Promise<void> => {
      await client.settle();
      received.push(client.takeReceived().toString("hex"));
    };
    client.sendKeyExchange(ciphertext);
    await step();
    if (flow !== "ClientKeyExchange") {
      client.sendChangeCipherSpec();
      await step();
    }
    const master = client.useKeysOf(guess);
    if (flow === "Finished") client.sendFinished(master);
    if (flow === "a Finished of zeros") client.sendRecord(22, Buffer.alloc(64));
    if (flow !== "ClientKeyExchange" && flow !== "ChangeCipherSpec") {
      client.sendInvalidRecord();
      await client.untilAnswered();
    }
    client.wire.finish();
    received.push((await client.untilEnd()).toString("hex"));
    client.wire.socket.destroy();
    return { received, calls };
  }

  const badRecordMac = "15030300020214";
  const cases = [
    ...Object.keys(hellos).flatMap((suite) => flows.map((flow) => ["tcp", suite, flow] as const)),
    ["ws", "GCM", "Finished"] as const,
    ["ws", "CBC", "a Finished of zeros"] as const,
  ];
  test.each(cases)(
    "sends the same bytes in the same order for every malformed premaster secret: over %s, with %s, up to %s",
    async (transport, suite, flow) => {
      const hello = hellos[suite] as RawHello;
      const expected = await attempt(transport, hello, unknownSecret, flow);
      // Nothing before the client's last step, and then one alert.
      expect(expected.received).toEqual(
        { ClientKeyExchange: ["", ""], ChangeCipherSpec: ["", "", ""] }[flow as string] ?? ["", "", badRecordMac],
      );
      await expect.poll(() => errors.length, { interval: 1 }).toBe(1);
      const reported = String(errors);
      for (const [kind, make] of Object.entries(malformed)) {
        const { received } = await attempt(transport, hello, make, flow);
        expect([kind, received]).toEqual([kind, expected.received]);
        // The server reports the error after it has ended the connection.
        await expect.poll(() => errors.length, { interval: 1 }).toBe(1);
        expect([kind, String(errors)]).toEqual([kind, reported]);
      }
    },
  );

  test("makes the same calls, with arguments of the same lengths, for every malformed premaster secret", async () => {
    const callsOf = async (make: MakeAttempt): Promise<readonly string[]> => {
      const { calls: all } = await attempt("tcp", hellos.GCM as RawHello, make, "Finished");
      await expect.poll(() => errors.length, { interval: 1 }).toBe(1);
      // The transcript hashes the ciphertext, whose length is public.
      return all.filter((call) => !call.includes(".create"));
    };
    const expected = await callsOf(unknownSecret);
    // The fallback is drawn before the decryption, and in every case.
    expect(expected.slice(0, 2)).toEqual(["random(48)", `rsaDecryptRaw(${modulusLength})`]);
    expect(expected.filter((call) => /^random|^rsaDecryptRaw/.test(call))).toHaveLength(2);
    expect(expected.filter((call) => call.includes(".open("))).toHaveLength(1);
    for (const [kind, make] of Object.entries(malformed)) expect([kind, await callsOf(make)]).toEqual([kind, expected]);
  });

  test.each(transports)("completes the handshake over %s if the premaster secret is well-formed", async (transport) => {
    for (const hello of Object.values(hellos)) {
      const client = new RawRsaClient(await dial(transport, ports[transport] as number), hello);
      await client.start();
      const { ciphertext, guess } = knownSecret(client);
      client.sendKeyExchange(ciphertext);
      client.sendChangeCipherSpec();
      client.sendFinished(client.useKeysOf(guess));
      await client.expectFinished();
      client.wire.reset();
    }
  });
});
