/** Every wait has a timer, and each timer bounds what it says it bounds. The clock is virtual. */

import { createCipheriv } from "node:crypto";
import {
  type Credential,
  type CryptoProvider,
  connect,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  type TraceEvent,
} from "@handclasp/core";
import { acceptWith, serverHandshakeConfig } from "@handclasp/core/unstable/engine";

import { describe, expect, test } from "vitest";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import {
  ca,
  credential,
  network,
  type Options,
  open,
  outcome,
  pass,
  type Role,
  reading,
  roles,
  virtualTime,
} from "./endings.ts";

virtualTime();

const never = new Promise<never>(() => {});
const suites = [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256];

/** nodeCrypto whose AES-128-GCM stops answering once `stuck` says so. */
function sticking(stuck: { seal: boolean; open: boolean }): CryptoProvider {
  const make = nodeCrypto.ciphers.AES_128_GCM as NonNullable<CryptoProvider["ciphers"]["AES_128_GCM"]>;
  return {
    ...nodeCrypto,
    ciphers: {
      AES_128_GCM: async (key) => {
        const aead = await make(key);
        return {
          seal: (...what) => (stuck.seal ? never : aead.seal(...what)),
          open: (...what) => (stuck.open ? never : aead.open(...what)),
        };
      },
    },
  };
}

/** How a handshake of `role`'s fails, with what a test changes of it, and what the peer then sees. */
function handshaking(role: Role, own: Options, credentials: readonly Credential[] = [credential]) {
  const { pair } = network(role);
  const server = acceptWith(
    serverHandshakeConfig({
      provider: nodeCrypto,
      suites,
      credentials,
      ...(role === "server" ? own : { handshakeTimeout: 60_000 }),
    }),
    pair.b,
    role === "server" ? own : { handshakeTimeout: 60_000 },
  );
  const client = connect(pair.a, {
    provider: nodeCrypto,
    suites,
    ca: ca.pem,
    serverName: "localhost",
    ...(role === "client" ? own : { handshakeTimeout: 60_000 }),
  });
  client.catch(() => {});
  return role === "client" ? { own: client, peer: server.opened } : { own: server.opened, peer: client };
}

describe("close()", () => {
  test.each<[string, Options, number]>([
    ["closeTimeout", { closeTimeout: 3_000 }, 3_000],
    ["5 s by default", {}, 5_000],
  ])("with a write that is stalled ends after %s, from its call on", async (_, options, ms) => {
    for (const role of roles) {
      const { own, carrier } = await open(role, options);
      carrier.pause();
      const writing = outcome(own.write(new Uint8Array(4_000_000)), 0);
      expect(await writing).toBe("pending");
      const closing = own.close();
      closing.catch(() => {});
      expect(await outcome(own.closed, ms - 50)).toBe("pending");
      expect(await outcome(own.closed, 100)).toBe("`close_timeout`");
    }
  });

  test("with a peer whose close_notify never comes ends after closeTimeout", async () => {
    for (const role of roles) {
      const { own, carrier } = await open(role, { closeTimeout: 1_000 });
      carrier.pause();
      own.close().catch(() => {});
      expect(await outcome(own.closed, 950)).toBe("pending");
      expect(await outcome(own.closed, 100)).toBe("`close_timeout`");
    }
  });

  test("its time is not prolonged by a peer that keeps on talking", async () => {
    const { own, peer } = await open("server", { closeTimeout: 1_000 }, { allowHalfOpen: true });
    own.close().catch(() => {});
    for (let i = 0; i < 11; i++) {
      peer.write(new Uint8Array(10)).catch(() => {});
      await pass(100);
    }
    expect(await outcome(own.closed, 0)).toBe("`close_timeout`");
  });

  test("its time is not used up before: one that was open for long closes in order", async () => {
    const { own, peer } = await open("client", { closeTimeout: 1_000 });
    reading(peer, "`read()`", 0);
    await pass(100_000);
    expect(await outcome(own.close())).toBe("resolves");
  });
});

describe("a host that never answers", () => {
  const unsigned: Credential = { ...credential, sign: () => never };
  const cases: readonly (readonly [string, Role, () => Options, readonly Credential[] | undefined])[] = [
    ["a seal", "client", () => ({ provider: sticking({ seal: true, open: false }) }), undefined],
    ["an open", "client", () => ({ provider: sticking({ seal: false, open: true }) }), undefined],
    ["an open", "server", () => ({ provider: sticking({ seal: false, open: true }) }), undefined],
    ["a signer", "server", () => ({}), [unsigned]],
  ];

  test.each(cases)("%s of a %s: the handshake ends after handshakeTimeout", async (_, role, options, credentials) => {
    const { own, peer } = handshaking(role, { ...options(), handshakeTimeout: 2_000 }, credentials);
    expect(await outcome(own, 1_950)).toBe("pending");
    expect(await outcome(own, 100)).toBe("`handshake_timeout`");
    // The carrier is given up, so the peer need not wait for its own timeout.
    expect(await outcome(peer, 5_100)).not.toBe("pending");
  });

  test.each(cases)("%s of a %s: AbortSignal ends the handshake at once", async (_, role, options, credentials) => {
    const abort = new AbortController();
    const { own, peer } = handshaking(role, { ...options(), signal: abort.signal }, credentials);
    expect(await outcome(own, 500)).toBe("pending");
    abort.abort();
    expect(await outcome(own, 10)).toBe("`aborted`");
    expect(await outcome(peer, 5_100)).not.toBe("pending");
  });

  test.each(roles)("a seal of a %s, on an open connection: close() ends after closeTimeout", async (role) => {
    const stuck = { seal: false, open: false };
    const { own } = await open(role, { provider: sticking(stuck), suites, closeTimeout: 2_000 }, { suites });
    stuck.seal = true;
    own.write(Uint8Array.of(1)).catch(() => {});
    own.close().catch(() => {});
    expect(await outcome(own.closed, 1_950)).toBe("pending");
    expect(await outcome(own.closed, 100)).toBe("`close_timeout`");
  });

  test.each(roles)("a seal of a %s, on an open connection: AbortSignal ends it, and the peer hears", async (role) => {
    const stuck = { seal: false, open: false };
    const abort = new AbortController();
    const options = { provider: sticking(stuck), suites, signal: abort.signal };
    const { own, peer } = await open(role, options, { suites });
    stuck.seal = true;
    own.write(Uint8Array.of(1)).catch(() => {});
    own.read().catch(() => {});
    await pass(10);
    abort.abort();
    expect(await outcome(own.closed, 5_100)).toBe("`aborted`");
    expect(await outcome(peer.closed, 5_100)).not.toBe("pending");
  });
});

describe("a handshake message of which only a part comes after Finished", () => {
  /** A record as the peer would protect it: the second one under its keys, behind Finished. */
  async function withPart(role: Role, part: Uint8Array) {
    const secrets = new Map<string, Uint8Array>();
    const listener = (event: TraceEvent): void => {
      if (event.type === "secret") secrets.set(event.name, event.bytes);
    };
    const ends = await open(role, { suites, handshakeTimeout: 3_000 }, { suites, trace: { listener, secrets: true } });
    const from = role === "client" ? "server" : "client";
    const seal = (sequence: number, fragment: Uint8Array): Uint8Array => {
      const explicit = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, sequence);
      const nonce = Buffer.concat([secrets.get(`${from}_write_IV`) as Uint8Array, explicit]);
      const cipher = createCipheriv("aes-128-gcm", secrets.get(`${from}_write_key`) as Uint8Array, nonce);
      cipher.setAAD(Buffer.concat([explicit, Uint8Array.of(22, 3, 3, 0, fragment.length)]));
      const sealed = Buffer.concat([explicit, cipher.update(fragment), cipher.final(), cipher.getAuthTag()]);
      return Uint8Array.from([22, 3, 3, 0, sealed.length, ...sealed]);
    };
    await pass(20_000);
    ends.carrier.send(seal(1, part));
    return { ...ends, more: (fragment: Uint8Array) => ends.carrier.send(seal(2, fragment)) };
  }

  test.each(roles)("ends a %s's connection after handshakeTimeout", async (role) => {
    const { own } = await withPart(role, Uint8Array.of(role === "client" ? 0 : 1, 0));
    own.read().catch(() => {});
    expect(await outcome(own.closed, 2_950)).toBe("pending");
    expect(await outcome(own.closed, 100)).toBe("`handshake_timeout`");
  });

  test("and is no trouble where the rest comes in time", async () => {
    const { own, peer, more } = await withPart("client", Uint8Array.of(0, 0));
    await pass(2_500);
    more(Uint8Array.of(0, 0));
    expect(await outcome(own.closed, 20_000)).toBe("pending");
    await own.write(Uint8Array.of(7));
    await pass(10);
    expect(await peer.read()).toEqual(Uint8Array.of(7));
  });
});
