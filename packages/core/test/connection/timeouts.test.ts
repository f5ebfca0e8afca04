/** Timers bound a handshake, a close and the wait for a provider. The clock is virtual. */

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
  makeNetwork,
  type Options,
  open,
  outcome,
  passTime,
  type Role,
  roles,
  startReading,
  useVirtualClock,
} from "./endings.ts";

useVirtualClock();

const never = new Promise<never>(() => {});
const suites = [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256];

/** `nodeCrypto` with an AES-128-GCM whose `seal` or `open` does not answer while that property of `stuck` is true. */
function stuckProvider(stuck: { seal: boolean; open: boolean }): CryptoProvider {
  const make = nodeCrypto.ciphers.AES_128_GCM as NonNullable<CryptoProvider["ciphers"]["AES_128_GCM"]>;
  return {
    ...nodeCrypto,
    ciphers: {
      AES_128_GCM: async (key) => {
        const aead = await make(key);
        return {
          seal: (...args) => (stuck.seal ? never : aead.seal(...args)),
          open: (...args) => (stuck.open ? never : aead.open(...args)),
        };
      },
    },
  };
}

/** Starts a handshake with the options `local` for the side `role`. Returns a promise for each side. */
function startHandshake(role: Role, local: Options, credentials: readonly Credential[] = [credential]) {
  const { pair } = makeNetwork(role);
  const server = acceptWith(
    serverHandshakeConfig({
      provider: nodeCrypto,
      suites,
      credentials,
      ...(role === "server" ? local : { handshakeTimeout: 60_000 }),
    }),
    pair.b,
    role === "server" ? local : { handshakeTimeout: 60_000 },
  );
  const client = connect(pair.a, {
    provider: nodeCrypto,
    suites,
    ca: ca.pem,
    serverName: "localhost",
    ...(role === "client" ? local : { handshakeTimeout: 60_000 }),
  });
  client.catch(() => {});
  return role === "client" ? { local: client, peer: server.opened } : { local: server.opened, peer: client };
}

describe("close()", () => {
  test.each<[string, Options, number]>([
    ["closeTimeout", { closeTimeout: 3_000 }, 3_000],
    ["5 s by default", {}, 5_000],
  ])("with a stalled write ends after %s", async (_, options, ms) => {
    for (const role of roles) {
      const { local, peerTransport } = await open(role, options);
      peerTransport.pause();
      const writing = outcome(local.write(new Uint8Array(4_000_000)), 0);
      expect(await writing).toBe("pending");
      const closing = local.close();
      closing.catch(() => {});
      expect(await outcome(local.closed, ms - 50)).toBe("pending");
      expect(await outcome(local.closed, 100)).toBe("`close_timeout`");
    }
  });

  test("with a peer whose close_notify never comes ends after closeTimeout", async () => {
    for (const role of roles) {
      const { local, peerTransport } = await open(role, { closeTimeout: 1_000 });
      peerTransport.pause();
      local.close().catch(() => {});
      expect(await outcome(local.closed, 950)).toBe("pending");
      expect(await outcome(local.closed, 100)).toBe("`close_timeout`");
    }
  });

  test("does not extend its timeout for a peer that keeps sending", async () => {
    const { local, peer } = await open("server", { closeTimeout: 1_000 }, { allowHalfOpen: true });
    local.close().catch(() => {});
    for (let i = 0; i < 11; i++) {
      peer.write(new Uint8Array(10)).catch(() => {});
      await passTime(100);
    }
    expect(await outcome(local.closed, 0)).toBe("`close_timeout`");
  });

  test("starts its timeout when it is called: a connection that was open for a long time closes cleanly", async () => {
    const { local, peer } = await open("client", { closeTimeout: 1_000 });
    startReading(peer, "`read()`", 0);
    await passTime(100_000);
    expect(await outcome(local.close())).toBe("resolves");
  });
});

describe("a provider that never answers", () => {
  const stuckCredential: Credential = { ...credential, sign: () => never };
  const cases: readonly (readonly [string, Role, () => Options, readonly Credential[] | undefined])[] = [
    ["a seal", "client", () => ({ provider: stuckProvider({ seal: true, open: false }) }), undefined],
    ["an open", "client", () => ({ provider: stuckProvider({ seal: false, open: true }) }), undefined],
    ["an open", "server", () => ({ provider: stuckProvider({ seal: false, open: true }) }), undefined],
    ["a signer", "server", () => ({}), [stuckCredential]],
  ];

  test.each(cases)("%s of a %s: the handshake ends after handshakeTimeout", async (_, role, options, credentials) => {
    const { local, peer } = startHandshake(role, { ...options(), handshakeTimeout: 2_000 }, credentials);
    expect(await outcome(local, 1_950)).toBe("pending");
    expect(await outcome(local, 100)).toBe("`handshake_timeout`");
    // The transport is aborted, so the peer does not wait for its own timeout.
    expect(await outcome(peer, 5_100)).not.toBe("pending");
  });

  test.each(cases)("%s of a %s: AbortSignal ends the handshake at once", async (_, role, options, credentials) => {
    const abort = new AbortController();
    const { local, peer } = startHandshake(role, { ...options(), signal: abort.signal }, credentials);
    expect(await outcome(local, 500)).toBe("pending");
    abort.abort();
    expect(await outcome(local, 10)).toBe("`aborted`");
    expect(await outcome(peer, 5_100)).not.toBe("pending");
  });

  test.each(roles)("a seal of a %s, on an open connection: close() ends after closeTimeout", async (role) => {
    const stuck = { seal: false, open: false };
    const { local } = await open(role, { provider: stuckProvider(stuck), suites, closeTimeout: 2_000 }, { suites });
    stuck.seal = true;
    local.write(Uint8Array.of(1)).catch(() => {});
    local.close().catch(() => {});
    expect(await outcome(local.closed, 1_950)).toBe("pending");
    expect(await outcome(local.closed, 100)).toBe("`close_timeout`");
  });

  test.each(roles)("a seal of a %s, on an open connection: AbortSignal ends it on both sides", async (role) => {
    const stuck = { seal: false, open: false };
    const abort = new AbortController();
    const options = { provider: stuckProvider(stuck), suites, signal: abort.signal };
    const { local, peer } = await open(role, options, { suites });
    stuck.seal = true;
    local.write(Uint8Array.of(1)).catch(() => {});
    local.read().catch(() => {});
    await passTime(10);
    abort.abort();
    expect(await outcome(local.closed, 5_100)).toBe("`aborted`");
    expect(await outcome(peer.closed, 5_100)).not.toBe("pending");
  });
});

describe("a part of a handshake message after Finished", () => {
  /** Sends a part of a handshake message, in the record that follows the peer's Finished. */
  async function openWithPartialMessage(role: Role, part: Uint8Array) {
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
    await passTime(20_000);
    ends.peerTransport.send(seal(1, part));
    return { ...ends, sendMore: (fragment: Uint8Array) => ends.peerTransport.send(seal(2, fragment)) };
  }

  test.each(roles)("ends a %s's connection after handshakeTimeout", async (role) => {
    const { local } = await openWithPartialMessage(role, Uint8Array.of(role === "client" ? 0 : 1, 0));
    local.read().catch(() => {});
    expect(await outcome(local.closed, 2_950)).toBe("pending");
    expect(await outcome(local.closed, 100)).toBe("`handshake_timeout`");
  });

  test("does not end the connection if the rest of the message comes in time", async () => {
    const { local, peer, sendMore } = await openWithPartialMessage("client", Uint8Array.of(0, 0));
    await passTime(2_500);
    sendMore(Uint8Array.of(0, 0));
    expect(await outcome(local.closed, 20_000)).toBe("pending");
    await local.write(Uint8Array.of(7));
    await passTime(10);
    expect(await peer.read()).toEqual(Uint8Array.of(7));
  });
});
