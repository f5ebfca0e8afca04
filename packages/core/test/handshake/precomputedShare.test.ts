/** Early key shares: a client computes its key share before the server has chosen a group. */
import {
  type CipherSuite,
  type CryptoProvider,
  type CurveName,
  type KeyShareGenerator,
  keepSessions,
  memoryStore,
  modernSuites,
  secp256r1,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
  TLS_RSA_WITH_AES_128_GCM_SHA256,
} from "@handclasp/core";
import { memoryPair } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { connect } from "../../src/connection/connect.ts";
import { virtualTime } from "../virtualTime.ts";
import { connectPair, pki } from "./extensions/connectPair.ts";

virtualTime();

const nextTask = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** The promise rejections that were unhandled while `act` ran. */
async function unhandledRejections(act: () => Promise<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  const listener = (error: unknown): void => void all.push(error);
  process.on("unhandledRejection", listener);
  try {
    await act();
    await nextTask();
  } finally {
    process.off("unhandledRejection", listener);
  }
  return all;
}

interface ShareLog {
  readonly group: CurveName;
  agreements: number;
  wipes: number;
}

/** Options of a client that logs each share that it makes. A share is ready when `slow` has resolved. */
function loggingClient({ precompute, slow, fails }: { precompute: boolean; slow?: Promise<void>; fails?: CurveName }) {
  const shares: ShareLog[] = [];
  const logged =
    (group: CurveName): KeyShareGenerator =>
    async (random) => {
      const one: ShareLog = { group, agreements: 0, wipes: 0 };
      shares.push(one);
      await slow;
      if (group === fails) throw new Error("no share");
      const share = await (nodeCrypto.groups[group] as KeyShareGenerator)(random);
      return {
        publicKey: share.publicKey,
        agree(peerPublicKey) {
          one.agreements++;
          return share.agree(peerPublicKey);
        },
        wipe() {
          one.wipes++;
          share.wipe();
        },
      };
    };
  const provider: CryptoProvider = {
    ...nodeCrypto,
    precompute,
    groups: { x25519: logged("x25519"), secp256r1: logged("secp256r1") },
  };
  return { client: { provider }, shares };
}

/** The number of shares that a client has made when it sends ClientHello, and when its handshake times out. */
async function sharesMade(
  options: Parameters<typeof loggingClient>[0],
  suites: readonly CipherSuite[] = modernSuites,
): Promise<(number | undefined)[]> {
  const { client, shares } = loggingClient(options);
  const { a } = memoryPair();
  const send = a.send.bind(a);
  let atClientHello: number | undefined;
  a.send = (bytes) => {
    atClientHello ??= shares.length;
    return send(bytes);
  };
  const connecting = connect(a, { ...client, suites, ca: pki.ca, serverName: "localhost", handshakeTimeout: 20 });
  await expect(connecting).rejects.toMatchObject({ code: "handshake_timeout" });
  return [atClientHello, shares.length];
}

const onlyP256 = { groups: [secp256r1] };

describe("with a provider that sets precompute, a share", () => {
  test("is used once in the handshake, and wiped", async () => {
    const { client, shares } = loggingClient({ precompute: true });
    expect((await connectPair(client, {})).client).toMatchObject({ group: "x25519" });
    expect(shares).toEqual([{ group: "x25519", agreements: 1, wipes: expect.any(Number) }]);
    await nextTask();
    expect(shares[0]?.wipes).toBeGreaterThan(0);
  });

  test("is computed only after ClientHello is sent", async () => {
    expect(await sharesMade({ precompute: true })).toEqual([0, 1]);
  });

  test("is wiped unused if the server chooses another group", async () => {
    const { client, shares } = loggingClient({ precompute: true });
    expect((await connectPair(client, onlyP256)).client).toMatchObject({ group: "secp256r1" });
    await nextTask();
    expect(shares).toMatchObject([
      { group: "x25519", agreements: 0, wipes: 1 },
      { group: "secp256r1", agreements: 1 },
    ]);
  });

  test.each([false, true])(
    "is wiped unused if the handshake fails (the share is ready only after that: %s)",
    async (late) => {
      let release = (): void => {};
      const slow = new Promise<void>((resolve) => {
        release = resolve;
      });
      const { client, shares } = loggingClient({ precompute: true, ...(late && { slow }) });
      const end = await connectPair(
        { ...client, suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256] },
        { suites: [TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256] },
      );
      expect(end.client).toMatchObject({ alert: "handshake_failure", by: "peer" });
      await nextTask();
      expect(shares).toMatchObject([{ group: "x25519", agreements: 0, wipes: late ? 0 : 1 }]);
      release();
      await nextTask();
      expect(shares).toMatchObject([{ group: "x25519", agreements: 0, wipes: 1 }]);
    },
  );

  test("that cannot be made ends the handshake only if it is needed", async () => {
    const { client } = loggingClient({ precompute: true, fails: "x25519" });
    expect((await connectPair(client, onlyP256)).client).toMatchObject({ group: "secp256r1" });
    expect((await connectPair(client, {})).client).toMatchObject({ alert: "internal_error", by: "us" });
    expect(await unhandledRejections(() => sharesMade({ precompute: true, fails: "x25519" }))).toEqual([]);
  });

  test("whose wiping fails causes no unhandled rejection", async () => {
    const { client } = loggingClient({ precompute: true });
    const make = client.provider.groups.x25519 as KeyShareGenerator;
    const x25519: KeyShareGenerator = async (random) => {
      const { publicKey } = await make(random);
      const wipe = (): void => {
        throw new Error("wiped twice");
      };
      return { publicKey, agree: () => expect.unreachable(), wipe };
    };
    const provider = { ...client.provider, groups: { ...client.provider.groups, x25519 } };
    expect(await unhandledRejections(() => connectPair({ provider }, onlyP256))).toEqual([]);
  });

  test("is not made if no suite can use it", async () => {
    expect(await sharesMade({ precompute: true }, [TLS_RSA_WITH_AES_128_GCM_SHA256])).toEqual([0, 0]);
  });

  test("is not made if the client offers a session", async () => {
    const { client, shares } = loggingClient({ precompute: true });
    const sessions = keepSessions({ store: memoryStore() });
    const serverOptions = { sessionStore: memoryStore(), tickets: false };
    const ends = [];
    for (let i = 0; i < 2; i++) ends.push((await connectPair({ ...client, sessions }, serverOptions)).client);
    expect(ends).toMatchObject([{ resumed: false }, { resumed: true }]);
    expect(shares).toHaveLength(1);
  });
});

test("without precompute, a share is made only when it is needed", async () => {
  expect(await sharesMade({ precompute: false })).toEqual([0, 0]);
  const { client, shares } = loggingClient({ precompute: false });
  expect((await connectPair(client, onlyP256)).client).toMatchObject({ group: "secp256r1" });
  expect(shares).toEqual([{ group: "secp256r1", agreements: 1, wipes: 1 }]);
});
