/**
 * What can be taken out of a finished handshake: exported keying material (RFC 5705) and channel bindings (RFC 5929, RFC 9266).
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
  /** Absent where a pre-shared key authenticates. */
  readonly serverCertificate: Certificate | undefined;
}

/** Labels that TLS itself uses: whoever exported under them would get its own secrets (RFC 5705 §4). */
const reserved: readonly string[] = [
  "client finished",
  "server finished",
  "master secret",
  "extended master secret",
  "key expansion",
];

const masterSecretLength = 48;
const randomsLength = 64;

/** Holds the master secret for as long as the connection lives. */
export class Exporter {
  readonly #input: ExporterInput;
  /** One copy of all: each by itself would keep the message that it came in. */
  readonly #kept: Uint8Array;
  #wiped = false;

  /**
   * @param kept the master secret, the client's and the server's random, and verify_data of the first Finished of this handshake: the client's of a full one,
   * the server's of an abbreviated one
   */
  constructor(input: ExporterInput, ...kept: readonly Uint8Array[]) {
    this.#input = input;
    this.#kept = concat(...kept);
  }

  /** RFC 5705 §4. An empty context is not the same as none. */
  export(length: number, label: string, context?: Uint8Array): Bytes {
    const { hash, extendedMasterSecret } = this.#input;
    if (this.#wiped) throw usageError("nothing can be exported once the connection is closed");
    if (!Number.isInteger(length) || length < 1 || length > maxExport)
      throw usageError(`${length} bytes of keying material, not 1 to ${maxExport}`);
    if (typeof label !== "string" || !/^[\x20-\x7e]*$/.test(label) || reserved.includes(label))
      throw usageError(`label ${JSON.stringify(label)}: printable ASCII is wanted, and none of TLS's own`);
    // A text would be as many zeros: another key than the peer's, and the same for any text of that length.
    if (context !== undefined && !(context instanceof Uint8Array && context.length < 2 ** 16))
      throw usageError("a context is a Uint8Array of up to 65,535 bytes");
    if (!extendedMasterSecret) throw notUnique("exported keying material");
    const randoms = this.#kept.subarray(masterSecretLength, masterSecretLength + randomsLength);
    const seed = new Writer(randomsLength + (context?.length ?? 0)).put(randoms);
    if (context) seed.uint(2, context.length).put(context);
    return prf(hash, this.#kept.subarray(0, masterSecretLength), label, seed.done(), length);
  }

  channelBinding(type: ChannelBindingType): Bytes {
    const { resumed, extendedMasterSecret, serverCertificate, hashes } = this.#input;
    switch (type) {
      case "tls-exporter":
        return this.export(32, "EXPORTER-Channel-Binding", new Uint8Array(0));
      case "tls-unique":
        if (resumed && !extendedMasterSecret) throw notUnique("tls-unique of a resumed session");
        return this.#kept.slice(masterSecretLength + randomsLength);
      case "tls-server-end-point":
        return endPoint(serverCertificate, hashes) as Bytes;
      default:
        throw usageError(`no channel binding ${JSON.stringify(type)}`);
    }
  }

  wipe(): void {
    this.#wiped = true;
    wipe(this.#kept.subarray(0, masterSecretLength));
  }
}

/** RFC 7627 §1, RFC 9266 §4: without extended_master_secret two connections can be made to share one master secret. */
const notUnique = (what: string) =>
  usageError(`${what} without extended_master_secret could be the same on another connection: have the peer enable it`);

/** Signature algorithms whose hash is MD5 or SHA-1, for which RFC 5929 §4.1 says SHA-256: md5/sha1WithRSAEncryption, ecdsa-with-SHA1. */
const oldHashes: readonly string[] = ["1.2.840.113549.1.1.4", "1.2.840.113549.1.1.5", "1.2.840.10045.4.1"];

/** The certificate under the hash that it is signed with, RFC 5929 §4.1. */
function endPoint(certificate: Certificate | undefined, hashes: ExporterInput["hashes"]): Uint8Array {
  if (!certificate) throw usageError("tls-server-end-point without a server certificate");
  const { signatureAlgorithm: algorithm, signatureAlgorithmOid: oid, raw } = certificate;
  if (algorithm && "hash" in algorithm) return hashes[algorithm.hash].digest(raw);
  if (oldHashes.includes(oid)) return hashes.sha256.digest(raw);
  throw usageError(`tls-server-end-point is not defined for a certificate signed with ${oid}: use tls-exporter`);
}
