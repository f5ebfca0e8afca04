/**
 * All messages of one handshake, in the order in which the flow took or sent them (RFC 5246 §7.4.9).
 *
 * The transcript keeps the bytes of the messages until the hash is agreed on and no CertificateVerify can follow,
 * because CertificateVerify signs the bytes with a hash of its own.
 * @module
 */
import { concat } from "../bytes/bytes.ts";
import type { Hash, RunningHash } from "../crypto/provider.ts";
import { TlsError } from "../errors.ts";
import { maxTranscript } from "../limits.ts";

export class Transcript {
  #messages: Uint8Array[] | undefined = [];
  #length = 0;
  #running: RunningHash | undefined;

  add(message: Uint8Array): void {
    this.#length += message.length;
    if (this.#length > maxTranscript)
      throw new TlsError("handshake_failure", `a handshake of more than ${maxTranscript} bytes`, {
        code: "handshake_too_large",
      });
    this.#running?.update(message);
    this.#messages?.push(message);
  }

  /** Starts the hash of the agreed suite, with the messages so far. */
  useHash(hash: Hash): void {
    this.#running = hash.create();
    for (const message of this.#messages ?? []) this.#running.update(message);
  }

  /** The hash of all messages so far. */
  hash(): Uint8Array {
    if (!this.#running) throw new Error("no hash");
    return this.#running.snapshot();
  }

  /** All messages so far, which CertificateVerify signs. */
  bytes(): Uint8Array {
    if (!this.#messages) throw new Error("no messages");
    return concat(...this.#messages);
  }

  /** Drops the bytes, because no CertificateVerify follows and the running hash is enough. */
  dropBytes(): void {
    this.#messages = undefined;
  }
}
