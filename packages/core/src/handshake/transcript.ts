/**
 * All handshake messages of one handshake, in the order in which the flow took or sent them (RFC 5246 §7.4.9).
 * Raw until the hash is known, and on until CertificateVerify is past or excluded, since that signs the bytes with a hash of its own.
 * @module
 */
import { concat } from "../bytes/bytes.ts";
import type { Hash, RunningHash } from "../crypto/provider.ts";
import { TlsError } from "../errors.ts";
import { maxTranscript } from "../limits.ts";

export class Transcript {
  #raw: Uint8Array[] | undefined = [];
  #length = 0;
  #running: RunningHash | undefined;

  add(message: Uint8Array): void {
    this.#length += message.length;
    if (this.#length > maxTranscript)
      throw new TlsError("handshake_failure", `a handshake of more than ${maxTranscript} bytes`, {
        code: "handshake_too_large",
      });
    this.#running?.update(message);
    this.#raw?.push(message);
  }

  /** The suite is agreed, and with it the hash. */
  useHash(hash: Hash): void {
    this.#running = hash.create();
    for (const message of this.#raw ?? []) this.#running.update(message);
  }

  /** The hash of all messages so far. */
  hash(): Uint8Array {
    if (!this.#running) throw new Error("no hash is agreed yet");
    return this.#running.snapshot();
  }

  /** All messages so far: what CertificateVerify signs. */
  bytes(): Uint8Array {
    if (!this.#raw) throw new Error("the messages are gone");
    return concat(...this.#raw);
  }

  /** No CertificateVerify will come any more: the running hash is enough. */
  forgetBytes(): void {
    this.#raw = undefined;
  }
}
