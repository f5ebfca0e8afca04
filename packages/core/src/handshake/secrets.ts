/**
 * The secrets of one handshake, from the premaster secret to both directions' protection, and their end (RFC 5246 §6.3, §8.1).
 * @module
 */
import { toHex, wipe } from "../bytes/bytes.ts";
import { extendedMasterSecret, keyBlock, masterSecret, verifyData } from "../crypto/keySchedule.ts";
import type { Hash } from "../crypto/provider.ts";
import { callHook, type Flow } from "../flow.ts";
import { makeProtection, type Protection } from "../record/protection.ts";
import type { Certificate } from "../x509/certificate.ts";
import type { CommonConfig } from "./config.ts";
import { Exporter } from "./exporter.ts";
import type { Peer } from "./peer.ts";
import type { Agreement } from "./session.ts";
import type { SuiteRow } from "./suites.ts";

export class Secrets {
  readonly #peer: Peer;
  readonly #config: CommonConfig;
  readonly #suite: SuiteRow;
  readonly #hash: Hash;
  readonly #clientRandom: Uint8Array;
  readonly #serverRandom: Uint8Array;
  #master: Uint8Array | undefined;

  constructor(peer: Peer, config: CommonConfig, suite: SuiteRow, clientRandom: Uint8Array, serverRandom: Uint8Array) {
    this.#peer = peer;
    this.#config = config;
    this.#suite = suite;
    this.#hash = config.provider.hashes[suite.prf];
    this.#clientRandom = clientRandom;
    this.#serverRandom = serverRandom;
  }

  /** From the premaster secret, which is wiped. With a session hash the master secret is the extended one (RFC 7627). */
  derive(premaster: Uint8Array, sessionHash: Uint8Array | undefined): void {
    this.#show("premaster_secret", premaster);
    this.#master = sessionHash
      ? extendedMasterSecret(this.#hash, premaster, sessionHash)
      : masterSecret(this.#hash, premaster, this.#clientRandom, this.#serverRandom);
    wipe(premaster);
    this.#show("master_secret", this.#master);
  }

  /** The master secret of a session that is resumed (RFC 5246 §F.1.4). */
  resume(masterSecret: Uint8Array): void {
    this.#master = masterSecret.slice();
    this.#show("master_secret", this.#master);
  }

  /** For who keeps the session. */
  get masterSecret(): Uint8Array {
    return this.#known();
  }

  /** What outlives the handshake; it has a copy of the master secret. */
  exporter(agreement: Agreement, firstFinished: Uint8Array, serverCertificate: Certificate | undefined): Exporter {
    const { extendedMasterSecret = false, resumed } = agreement;
    return new Exporter(
      { hashes: this.#config.provider.hashes, hash: this.#hash, extendedMasterSecret, resumed, serverCertificate },
      this.#known(),
      this.#clientRandom,
      this.#serverRandom,
      firstFinished,
    );
  }

  /** Both directions' contexts, made at once: ChangeCipherSpec itself never waits. */
  *protect(agreement: Agreement): Flow<{ readonly client: Protection; readonly server: Protection }> {
    const { provider, random, keyLog } = this.#config;
    const encryptThenMac = agreement.encryptThenMac ?? false;
    const master = this.#known();
    if (keyLog) {
      const line = `CLIENT_RANDOM ${toHex(this.#clientRandom)} ${toHex(master)}`;
      yield* callHook(() => keyLog(line));
    }
    const keys = keyBlock(this.#hash, this.#suite, master, this.#clientRandom, this.#serverRandom);
    try {
      this.#show("key_block", keys.bytes);
      for (const side of ["client", "server"] as const) {
        this.#show(`${side}_write_MAC_key`, keys[side].macKey);
        this.#show(`${side}_write_key`, keys[side].key);
        this.#show(`${side}_write_IV`, keys[side].iv);
      }
      return {
        client: yield* makeProtection(provider, this.#suite, keys.client, random, encryptThenMac),
        server: yield* makeProtection(provider, this.#suite, keys.server, random, encryptThenMac),
      };
    } finally {
      wipe(keys.bytes);
    }
  }

  /** What `role` says in its Finished, over the transcript as it stands. */
  verifyData(role: "client" | "server"): Uint8Array {
    return verifyData(this.#hash, this.#known(), role, this.#peer.transcript.hash());
  }

  wipe(): void {
    wipe(this.#master);
  }

  #known(): Uint8Array {
    if (!this.#master) throw new Error("no master secret yet");
    return this.#master;
  }

  #show(
    name:
      | "premaster_secret"
      | "master_secret"
      | "key_block"
      | `${"client" | "server"}_write_${"key" | "MAC_key" | "IV"}`,
    bytes: Uint8Array,
  ): void {
    if (this.#config.traceSecrets && bytes.length) this.#peer.trace?.({ type: "secret", name, bytes: bytes.slice() });
  }
}
