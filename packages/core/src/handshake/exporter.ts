/**
 * Exported keying material (RFC 5705) and channel bindings (RFC 5929, RFC 9266) of a finished handshake.
 * @module
 */
import type { Bytes } from "../bytes/bytes.ts";
import { concat, wipe } from "../bytes/bytes.ts";
import { Writer } from "../bytes/writer.ts";
import { prf } from "../crypto/prf.ts";
import type { Hash, Hashes } from "../crypto/provider.ts";
import { usageError } from "../errors.ts";
import { maxExport } from "../limits.ts";
import type { Certificate } from "../x509/certificate.ts";

/** `tls-unique` and `tls-server-end-point` of RFC 5929, `tls-exporter` of RFC 9266. */
export type ChannelBindingType = "tls-unique" | "tls-server-end-point" | "tls-exporter";

export interface ExporterInput {
  readonly hashes: Hashes;
  /** The hash of the suite's PRF. */
  readonly hash: Hash;
  readonly extendedMasterSecret: boolean;
  readonly resumed: boolean;
  /** `undefined` if a pre-shared key authenticates the server. */
  readonly serverCertificate: Certificate | undefined;
}

/**
 * The labels that TLS itself uses. An export under one of them could reveal a secret of the connection (RFC 5705 §4).
 */
const reserved: readonly string[] = [
  "client finished",
  "server finished",
  "master secret",
  "extended master secret",
  "key expansion",
];

const masterSecretLength = 48;
const randomsLength = 64;

/** Holds the master secret until the connection ends. */
export class Exporter {
  readonly #input: ExporterInput;
  /** One copy of all secrets. A view of each would keep the buffer of its message alive. */
  readonly #secrets: Uint8Array;
  #wiped = false;

  /**
   * @param secrets the master secret, the client's random, the server's random, and the verify_data of the first
   * Finished of this handshake. The client sends it in a full handshake, the server in an abbreviated one.
   */
  constructor(input: ExporterInput, ...secrets: readonly Uint8Array[]) {
    this.#input = input;
    this.#secrets = concat(...secrets);
  }

  /** Exports keying material (RFC 5705 §4). An empty context gives other bytes than no context. */
  export(length: number, label: string, context?: Uint8Array): Bytes {
    const { hash, extendedMasterSecret } = this.#input;
    if (this.#wiped) throw usageError("the connection is closed, so it exports no keys");
    if (!Number.isInteger(length) || length < 1 || length > maxExport)
      throw usageError(`length ${length}, expected 1 to ${maxExport} bytes`);
    if (typeof label !== "string" || !/^[\x20-\x7e]*$/.test(label) || reserved.includes(label))
      throw usageError(`label ${JSON.stringify(label)}: expected printable ASCII, and no label of TLS`);
    // The letters of a string would count as zeros, so that a peer with the string's bytes would derive another key.
    if (context !== undefined && !(context instanceof Uint8Array && context.length < 2 ** 16))
      throw usageError("context: expected a Uint8Array of up to 65,535 bytes");
    if (!extendedMasterSecret) throw notUnique("exported keying material");
    const randoms = this.#secrets.subarray(masterSecretLength, masterSecretLength + randomsLength);
    const seed = new Writer(randomsLength + (context?.length ?? 0)).put(randoms);
    if (context) seed.uint(2, context.length).put(context);
    return prf(hash, this.#secrets.subarray(0, masterSecretLength), label, seed.done(), length);
  }

  channelBinding(type: ChannelBindingType): Bytes {
    const { resumed, extendedMasterSecret, serverCertificate, hashes } = this.#input;
    switch (type) {
      case "tls-exporter":
        return this.export(32, "EXPORTER-Channel-Binding", new Uint8Array(0));
      case "tls-unique":
        if (resumed && !extendedMasterSecret) throw notUnique("tls-unique of a resumed session");
        return this.#secrets.slice(masterSecretLength + randomsLength);
      case "tls-server-end-point":
        return endPoint(serverCertificate, hashes) as Bytes;
      default:
        throw usageError(`no channel binding ${JSON.stringify(type)}`);
    }
  }

  wipe(): void {
    this.#wiped = true;
    wipe(this.#secrets.subarray(0, masterSecretLength));
  }
}

/**
 * RFC 7627 §1, RFC 9266 §4: without extended_master_secret, an attacker can make two connections share a master
 * secret.
 */
const notUnique = (what: string) =>
  usageError(`${what} without extended_master_secret could be the same on another connection: have the peer enable it`);

/**
 * The signature algorithms whose hash is MD5 or SHA-1, which RFC 5929 §4.1 replaces by SHA-256: md5WithRSAEncryption,
 * sha1WithRSAEncryption and ecdsa-with-SHA1.
 */
const md5OrSha1: readonly string[] = ["1.2.840.113549.1.1.4", "1.2.840.113549.1.1.5", "1.2.840.10045.4.1"];

/** The digest of the certificate, with the hash function of the certificate's signature (RFC 5929 §4.1). */
function endPoint(certificate: Certificate | undefined, hashes: ExporterInput["hashes"]): Uint8Array {
  if (!certificate) throw usageError("tls-server-end-point needs a server certificate");
  const { signatureAlgorithm: algorithm, signatureAlgorithmOid: oid, raw } = certificate;
  if (algorithm && "hash" in algorithm) return hashes[algorithm.hash].digest(raw);
  if (md5OrSha1.includes(oid)) return hashes.sha256.digest(raw);
  throw usageError(`tls-server-end-point is not defined for a certificate signed with ${oid}: use tls-exporter`);
}
