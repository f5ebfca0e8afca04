/** The identity of a page: a key and its certificate, in IndexedDB. */
import type { Credential, TlsConnection } from "@handclasp/core/client";
import {
  configurationError,
  equal,
  optionsOf,
  readOwnChain,
  withExplanation,
  wrongOption,
} from "@handclasp/core/unstable";
import { browserCredential } from "../crypto/credential.ts";
import { hostSubtle } from "../crypto/webCrypto.ts";
import { ask, chainOf, enrolmentProtocol, refused } from "./exchange.ts";
import { certificationRequest } from "./request.ts";
import { IdentityStore, type StoredIdentity } from "./store.ts";

export { enrolmentProtocol };

export interface IdentityOptions {
  /** Which identity of this origin. Default `"default"`. */
  readonly name?: string;
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number;
}

export interface EnrolOptions {
  /** The common name to ask for, at most 64 characters. The server decides which names the certificate has. */
  readonly commonName?: string;
  /** A text by which the server recognises the user, such as a token that is valid once. At most 4,096 characters. */
  readonly proof?: string;
  /** How long the server may take to answer, in milliseconds. Default 60,000. */
  readonly timeout?: number;
}

/** The server refuses longer ones. */
const maxProof = 4096;

const algorithm = { name: "ECDSA", namedCurve: "P-256" };

/**
 * A key and its certificate, which this origin keeps in IndexedDB. The key cannot be extracted: a script of the page
 * can use it, but cannot read it.
 * @example
 * const identity = await Identity.open();
 * const open = async (protocol: string) =>
 *   connect(url, { ca, alpn: [protocol], credentials: await identity.credentials() });
 * if (identity.needsRenewal) await identity.enrol(await open(enrolmentProtocol), { proof: "a token" });
 * const channel = await open("chat");
 */
export class Identity {
  readonly #subtle: SubtleCrypto;
  readonly #store: IdentityStore;
  readonly #name: string;
  readonly #now: () => number;
  #stored: StoredIdentity | undefined;

  private constructor(subtle: SubtleCrypto, name: string, now: () => number) {
    this.#subtle = subtle;
    this.#store = new IdentityStore(indexedDB);
    this.#name = name;
    this.#now = now;
  }

  /**
   * Reads an identity of this origin. It has no certificate until `enrol` has got one.
   * @throws TlsError `configuration` if the host has no WebCrypto or no IndexedDB, as on a page without a secure origin
   */
  static open(options: IdentityOptions = {}): Promise<Identity> {
    return withExplanation(async () => {
      const { name = "default", now = Date.now } = optionsOf(options, ["string name", "function now"]);
      const subtle = hostSubtle();
      if (!subtle || typeof indexedDB === "undefined") {
        throw configurationError(
          "a key that no script can read needs WebCrypto and IndexedDB",
          "open the page by https: or from localhost",
        );
      }
      const identity = new Identity(subtle, name, now);
      identity.#stored = await identity.#store.get(name);
      return identity;
    });
  }

  /** The chain of the certificate, end-entity first, in DER. `undefined` if there is none, or if it has expired. */
  get chain(): readonly Uint8Array[] | undefined {
    const stored = this.#stored;
    return stored && this.#now() < validityOf(stored).notAfter ? stored.chain : undefined;
  }

  /** True if there is no certificate, or if less than a third of its lifetime is left. */
  get needsRenewal(): boolean {
    if (!this.#stored) return true;
    const { notBefore, notAfter } = validityOf(this.#stored);
    return this.#now() > notAfter - (notAfter - notBefore) / 3;
  }

  /** The credentials for `connect`: a list of one, or an empty list if there is no certificate that is valid now. */
  async credentials(): Promise<Credential[]> {
    const { chain } = this;
    return chain && this.#stored ? [await browserCredential({ cert: chain, key: this.#stored.key })] : [];
  }

  /**
   * Makes a new key, asks the server for a certificate, and keeps both in place of the old ones. If this fails, the old
   * ones stay. The channel's ALPN protocol must be `enrolmentProtocol`. The channel is closed afterwards.
   *
   * A channel that was opened with a certificate of this identity renews it: the server needs no other proof.
   * @throws TlsError `enrolment_refused` if the server refuses, or answers with anything but a certificate for this key
   */
  enrol(channel: TlsConnection, options: EnrolOptions = {}): Promise<void> {
    return withExplanation(async () => {
      const { commonName = "", proof, timeout } = optionsOf(options, ["string commonName proof", "ms timeout"]);
      if (proof !== undefined && proof.length > maxProof)
        throw wrongOption("proof", proof, `a text of at most ${maxProof} characters`);
      const subtle = this.#subtle;
      const { privateKey, publicKey } = await subtle.generateKey(algorithm, false, ["sign"]);
      const spki = new Uint8Array(await subtle.exportKey("spki", publicKey));
      const request = await certificationRequest(subtle, privateKey, spki, commonName);
      const chain = chainOf(await ask(channel, { type: "enrol", request, proof }, timeout));
      const [own] = readOwnChain(chain);
      if (!equal(own.spki, spki)) throw refused("the server's certificate is for another key");
      const now = this.#now();
      if (!(own.notBefore <= now && now < own.notAfter)) throw refused("the server's certificate is not valid now");
      await this.#keep({ key: privateKey, chain });
    });
  }

  /**
   * Asks the server to revoke the certificate with which this channel was opened, and forgets the key. The channel's
   * ALPN protocol must be `enrolmentProtocol`. The channel is closed afterwards.
   * @throws TlsError `enrolment_refused` if the server refuses. The key then stays
   */
  async revoke(channel: TlsConnection): Promise<void> {
    await ask(channel, { type: "revoke" });
    await this.forget();
  }

  /** Removes the key and the certificate from this browser. The server accepts the certificate until it expires. */
  async forget(): Promise<void> {
    await this.#store.delete(this.#name);
    this.#stored = undefined;
  }

  async #keep(identity: StoredIdentity): Promise<void> {
    await this.#store.set(this.#name, identity);
    this.#stored = identity;
  }
}

function validityOf({ chain }: StoredIdentity): { readonly notBefore: number; readonly notAfter: number } {
  const [certificate] = readOwnChain(chain);
  return certificate;
}
