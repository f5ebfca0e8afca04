/** A client's key share that is made before the server says which group it wants, and what becomes of it. */
import {
  type CipherSuite,
  type CryptoProvider,
  type GroupName,
  type KeyAgreement,
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

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** What nobody caught until `act` was over. */
async function uncaught(act: () => Promise<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  const listener = (error: unknown): void => void all.push(error);
  process.on("unhandledRejection", listener);
  try {
    await act();
    await turn();
  } finally {
    process.off("unhandledRejection", listener);
  }
  return all;
}

interface Made {
  readonly group: GroupName;
  agreements: number;
  wipes: number;
}

/** Tells of each share that a client makes; one comes only after `slow`. */
function watched({ earlyShares, slow, fails }: { earlyShares: boolean; slow?: Promise<void>; fails?: GroupName }) {
  const made: Made[] = [];
  const watch =
    (group: GroupName): KeyAgreement =>
    async (random) => {
      const one: Made = { group, agreements: 0, wipes: 0 };
      made.push(one);
      await slow;
      if (group === fails) throw new Error("no share");
      const share = await (nodeCrypto.groups[group] as KeyAgreement)(random);
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
    earlyShares,
    groups: { x25519: watch("x25519"), secp256r1: watch("secp256r1") },
  };
  return { client: { provider }, made };
}

/** How many shares a client has made when ClientHello goes out, and how many by the time that it gives up waiting for an answer. */
async function unanswered(
  options: Parameters<typeof watched>[0],
  suites: readonly CipherSuite[] = modernSuites,
): Promise<(number | undefined)[]> {
  const { client, made } = watched(options);
  const { a } = memoryPair();
  const send = a.send.bind(a);
  let then: number | undefined;
  a.send = (bytes) => {
    then ??= made.length;
    return send(bytes);
  };
  const connecting = connect(a, { ...client, suites, ca: pki.ca, serverName: "localhost", handshakeTimeout: 20 });
  await expect(connecting).rejects.toMatchObject({ code: "handshake_timeout" });
  return [then, made.length];
}

const onlyP256 = { groups: [secp256r1] };

describe("with a provider that says so, a share is made", () => {
  test("for the handshake that follows, used once, and wiped", async () => {
    const { client, made } = watched({ earlyShares: true });
    expect((await connectPair(client, {})).client).toMatchObject({ group: "x25519" });
    expect(made).toEqual([{ group: "x25519", agreements: 1, wipes: expect.any(Number) }]);
    await turn();
    expect(made[0]?.wipes).toBeGreaterThan(0);
  });

  test("once ClientHello is on its way: a host may compute while it is asked", async () => {
    expect(await unanswered({ earlyShares: true })).toEqual([0, 1]);
  });

  test("in vain where the server wants another group, and wiped", async () => {
    const { client, made } = watched({ earlyShares: true });
    expect((await connectPair(client, onlyP256)).client).toMatchObject({ group: "secp256r1" });
    await turn();
    expect(made).toMatchObject([
      { group: "x25519", agreements: 0, wipes: 1 },
      { group: "secp256r1", agreements: 1 },
    ]);
  });

  test.each([false, true])("in vain where the handshake ends before, and wiped; later than that: %s", async (late) => {
    let come = (): void => {};
    const slow = new Promise<void>((resolve) => {
      come = resolve;
    });
    const { client, made } = watched({ earlyShares: true, ...(late && { slow }) });
    const end = await connectPair(
      { ...client, suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256] },
      { suites: [TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256] },
    );
    expect(end.client).toMatchObject({ alert: "handshake_failure", by: "peer" });
    await turn();
    expect(made).toMatchObject([{ group: "x25519", agreements: 0, wipes: late ? 0 : 1 }]);
    come();
    await turn();
    expect(made).toMatchObject([{ group: "x25519", agreements: 0, wipes: 1 }]);
  });

  test("and its failure is nobody's where it is not wanted, and the handshake's where it is", async () => {
    const { client } = watched({ earlyShares: true, fails: "x25519" });
    expect((await connectPair(client, onlyP256)).client).toMatchObject({ group: "secp256r1" });
    expect((await connectPair(client, {})).client).toMatchObject({ alert: "internal_error", by: "us" });
    expect(await uncaught(() => unanswered({ earlyShares: true, fails: "x25519" }))).toEqual([]);
  });

  test("and whose wiping fails ends no process", async () => {
    const { client } = watched({ earlyShares: true });
    const make = client.provider.groups.x25519 as KeyAgreement;
    const x25519: KeyAgreement = async (random) => {
      const { publicKey } = await make(random);
      const wipe = (): void => {
        throw new Error("wiped twice");
      };
      return { publicKey, agree: () => expect.unreachable(), wipe };
    };
    const provider = { ...client.provider, groups: { ...client.provider.groups, x25519 } };
    expect(await uncaught(() => connectPair({ provider }, onlyP256))).toEqual([]);
  });

  test("not where no suite can use it", async () => {
    expect(await unanswered({ earlyShares: true }, [TLS_RSA_WITH_AES_128_GCM_SHA256])).toEqual([0, 0]);
  });

  test("not where a session is to be resumed", async () => {
    const { client, made } = watched({ earlyShares: true });
    const sessions = keepSessions({ store: memoryStore() });
    const theirs = { sessionStore: memoryStore(), tickets: false };
    const ends = [];
    for (let i = 0; i < 2; i++) ends.push((await connectPair({ ...client, sessions }, theirs)).client);
    expect(ends).toMatchObject([{ resumed: false }, { resumed: true }]);
    expect(made).toHaveLength(1);
  });
});

test("any other provider is asked for a share once it is needed", async () => {
  expect(await unanswered({ earlyShares: false })).toEqual([0, 0]);
  const { client, made } = watched({ earlyShares: false });
  expect((await connectPair(client, onlyP256)).client).toMatchObject({ group: "secp256r1" });
  expect(made).toEqual([{ group: "secp256r1", agreements: 1, wipes: 1 }]);
});
