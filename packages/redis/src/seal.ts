/**
 * Encrypts the values in Redis, and hides their names (docs/adr/0023-sessions-in-redis.md).
 *
 * A value is `version || salt || AES-256-GCM(value)`. Each value has a key of its own, HMAC-SHA256(secret, salt), so
 * that no number of values is too large for one key. The name of the value is the additional data.
 * @module
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";

const version = 1;
const saltLength = 24;
const tagLength = 16;
const nonce = Buffer.alloc(12);

/** Encrypts with one secret. */
export class Sealer {
  readonly #sealKey: Uint8Array;
  readonly #nameKey: Uint8Array;
  /** Tells the secrets apart, in the names of keys in Redis. */
  readonly id: string;

  constructor(secret: Uint8Array) {
    const derive = (purpose: string) =>
      new Uint8Array(hkdfSync("sha256", secret, "", `handclasp redis ${purpose}`, 32));
    this.#sealKey = derive("seal");
    this.#nameKey = derive("name");
    this.id = this.nameOf("id").slice(0, 12);
  }

  /** A name from which the text cannot be found without the secret. */
  nameOf(text: string): string {
    return createHmac("sha256", this.#nameKey).update(text).digest("base64url");
  }

  seal(name: string, value: Uint8Array): string {
    const salt = randomBytes(saltLength);
    const cipher = createCipheriv("aes-256-gcm", this.#keyOf(salt), nonce).setAAD(Buffer.from(name));
    const sealed = [Buffer.of(version), salt, cipher.update(value), cipher.final(), cipher.getAuthTag()];
    return Buffer.concat(sealed).toString("base64url");
  }

  /** Returns `undefined` for a value that another secret sealed, that was altered, or that has another name. */
  open(name: string, text: string): Uint8Array | undefined {
    const sealed = Buffer.from(text, "base64url");
    if (sealed.length < 1 + saltLength + tagLength || sealed[0] !== version) return undefined;
    const salt = sealed.subarray(1, 1 + saltLength);
    const decipher = createDecipheriv("aes-256-gcm", this.#keyOf(salt), nonce, { authTagLength: tagLength });
    decipher.setAAD(Buffer.from(name)).setAuthTag(sealed.subarray(-tagLength));
    try {
      const value = decipher.update(sealed.subarray(1 + saltLength, -tagLength));
      return new Uint8Array(Buffer.concat([value, decipher.final()]));
    } catch {
      return undefined;
    }
  }

  #keyOf(salt: Uint8Array): Uint8Array {
    return createHmac("sha256", this.#sealKey).update(salt).digest();
  }
}
