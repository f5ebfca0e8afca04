/**
 * A credential for hosts without cryptography of their own. The private key is in the memory of JavaScript.
 * @module
 */
import { ed25519 } from "@noble/curves/ed25519.js";
import { curves } from "../crypto/curves.ts";
import { noble } from "../crypto/noble.ts";
import { type SignatureScheme, signingSchemes } from "../crypto/signatures.ts";
import { configurationError, usageError } from "../errors.ts";
import { runFlow } from "../flow.ts";
import { optionsOf } from "../validation/options.ts";
import { withExplanation } from "../validation/withExplanation.ts";
import { type ChainSource, keyMismatch, readOwnChain, verifyChain, verifyKey } from "./chain.ts";
import { type Credential, readCredential } from "./credential.ts";
import type { PrivateKeySource } from "./findPrivateKey.ts";
import { type PrivateKey, type PrivateKeyOptions, readPrivateKey } from "./privateKey.ts";

export interface NobleCredentialOptions extends PrivateKeyOptions {
  /** The chain, end-entity first: PEM, DER, or a list of both. */
  readonly cert: ChainSource;
  /** The private key, EC or Ed25519: PKCS#8 (encrypted or not) or SEC1 as PEM or DER, or a JWK. */
  readonly key: PrivateKeySource;
}

/**
 * Makes a credential whose private key signs in JavaScript. Prefer `nodeCredential` or `browserCredential` if the host
 * has cryptography: they keep the key out of reach of JavaScript, and sign in constant time. ECDSA is deterministic
 * (RFC 6979). RSA keys are refused, because core does not implement RSA's private-key operation.
 * @throws TlsError with the fault `"configuration"`
 * @example
 * const credential = await nobleCredential({ cert: pem, key: pem });
 */
export const nobleCredential = (options: NobleCredentialOptions): Promise<Credential> =>
  withExplanation(() =>
    credentialOf(optionsOf(options, ["any! cert key", "string|bytes passphrase", "function pbkdf2"])),
  );

async function credentialOf(options: NobleCredentialOptions): Promise<Credential> {
  const chain = readOwnChain(options.cert);
  const key = await readPrivateKey(options.key, options);
  const signWith = makeSigner(key);
  const schemes = signingSchemes(chain[0].publicKey);
  const sign = (scheme: SignatureScheme, message: Uint8Array): Uint8Array => {
    if (!schemes.some(({ id }) => id === scheme.id)) throw usageError(`this key does not sign with ${scheme.name}`);
    return signWith(scheme, message);
  };
  await runFlow(verifyKey(chain[0], schemes[0] as SignatureScheme, sign, noble));
  await runFlow(verifyChain(chain, noble));
  return { chain: chain.map(({ raw }) => raw), schemes, sign, read: readCredential };
}

function makeSigner(key: PrivateKey): (scheme: SignatureScheme, message: Uint8Array) => Uint8Array {
  const { secret } = key;
  switch (key.type) {
    case "rsa":
      throw configurationError(
        "an RSA key cannot sign in JavaScript",
        "use nodeCredential or browserCredential, or an EC key on P-256",
      );
    case "ed25519":
      return (_, message) => ed25519.sign(message, secret);
    case "ec": {
      const curve = curves[key.curve];
      return ({ algorithm }, message) => {
        if (algorithm.type !== "ecdsa") throw keyMismatch();
        const digest = noble.hashes[algorithm.hash].digest(message);
        return curve.sign(digest, secret, { prehash: false, lowS: false, format: "der" });
      };
    }
  }
}
