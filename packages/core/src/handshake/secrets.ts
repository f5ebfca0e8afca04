/**
 * The secrets of one handshake: from the premaster secret to the protection of both directions, and their erasure (RFC
 * 5246 §6.3, §8.1).
 * @module
 */
import { toHex, wipe } from "../bytes/bytes.ts";
import { extendedMasterSecret, keyBlock, masterSecret, verifyData } from "../crypto/keySchedule.ts";
import type { Hash } from "../crypto/provider.ts";
import { callHook, type Flow } from "../flow.ts";
import { makeProtection, type Protection } from "../record/protection.ts";
import type { Certificate } from "../x509/certificate.ts";
import type { HelloResults } from "./agreement.ts";
import type { CommonConfig } from "./config.ts";
import { Exporter } from "./exporter.ts";
import type { HandshakeLink } from "./link.ts";

export class Secrets {
  readonly #link: HandshakeLink;
  readonly #config: CommonConfig;
  readonly #hellos: HelloResults;
  readonly #hash: Hash;
  #master: Uint8Array | undefined;
  #firstVerifyData: Uint8Array | undefined;

  constructor(link: HandshakeLink, config: CommonConfig, hellos: HelloResults) {
    this.#link = link;
    this.#config = config;
    this.#hellos = hellos;
    this.#hash = config.provider.hashes[hellos.agreement.suite.prf];
  }

  /**
   * Derives the master secret from the premaster secret, and wipes the premaster secret. With extended_master_secret,
   * the master secret is bound to the messages up to ClientKeyExchange, which must be the last message in the
   * transcript (RFC 7627 §4).
   */
  derive(premaster: Uint8Array): void {
    const { agreement, clientRandom, serverRandom } = this.#hellos;
    this.#traceSecret("premaster_secret", premaster);
    this.#master = agreement.extendedMasterSecret
      ? extendedMasterSecret(this.#hash, premaster, this.#link.transcriptHash())
      : masterSecret(this.#hash, premaster, clientRandom, serverRandom);
    wipe(premaster);
    this.#traceSecret("master_secret", this.#master);
  }

  /** Copies the master secret of the session that is resumed (RFC 5246 §F.1.4). */
  resume(masterSecret: Uint8Array): void {
    this.#master = masterSecret.slice();
    this.#traceSecret("master_secret", this.#master);
  }

  /** The master secret, for the state of a session that can be resumed. */
  get masterSecret(): Uint8Array {
    if (!this.#master) throw new Error("no master secret");
    return this.#master;
  }

  /** The exporter of the finished handshake. It copies the secrets that it needs, so it works after `wipe`. */
  exporter(serverCertificate: Certificate | undefined): Exporter {
    const { agreement, clientRandom, serverRandom } = this.#hellos;
    const { extendedMasterSecret = false, resumed } = agreement;
    return new Exporter(
      { hashes: this.#config.provider.hashes, hash: this.#hash, extendedMasterSecret, resumed, serverCertificate },
      this.masterSecret,
      clientRandom,
      serverRandom,
      this.#firstVerifyData as Uint8Array,
    );
  }

  /**
   * Makes the protection of both directions at once, so that ChangeCipherSpec does not wait for a provider. Any
   * CertificateVerify must be signed or verified before, because the transcript then keeps only its hash.
   */
  *protections(): Flow<{ readonly client: Protection; readonly server: Protection }> {
    const { agreement, clientRandom, serverRandom } = this.#hellos;
    const { suite, encryptThenMac = false } = agreement;
    const { provider, random, keyLog } = this.#config;
    const master = this.masterSecret;
    this.#link.keepHashOnly();
    if (keyLog) {
      const line = `CLIENT_RANDOM ${toHex(clientRandom)} ${toHex(master)}`;
      yield* callHook(() => keyLog(line));
    }
    const keys = keyBlock(this.#hash, suite, master, clientRandom, serverRandom);
    try {
      this.#traceSecret("key_block", keys.bytes);
      for (const side of ["client", "server"] as const) {
        this.#traceSecret(`${side}_write_MAC_key`, keys[side].macKey);
        this.#traceSecret(`${side}_write_key`, keys[side].key);
        this.#traceSecret(`${side}_write_IV`, keys[side].iv);
      }
      return {
        client: yield* makeProtection(provider, suite, keys.client, random, encryptThenMac),
        server: yield* makeProtection(provider, suite, keys.server, random, encryptThenMac),
      };
    } finally {
      wipe(keys.bytes);
    }
  }

  /**
   * The verify_data of the Finished that `role` sends, over the messages so far. The first verify_data of a handshake
   * is its tls-unique (RFC 5929 §3.1).
   */
  verifyData(role: "client" | "server"): Uint8Array {
    const data = verifyData(this.#hash, this.masterSecret, role, this.#link.transcriptHash());
    this.#firstVerifyData ??= data;
    return data;
  }

  wipe(): void {
    wipe(this.#master);
  }

  #traceSecret(
    name:
      | "premaster_secret"
      | "master_secret"
      | "key_block"
      | `${"client" | "server"}_write_${"key" | "MAC_key" | "IV"}`,
    bytes: Uint8Array,
  ): void {
    if (this.#config.traceSecrets && bytes.length) this.#link.trace?.({ type: "secret", name, bytes: bytes.slice() });
  }
}
