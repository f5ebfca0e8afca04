/**
 * RSA: the client makes the premaster secret and encrypts it to the server's key (RFC 5246 §7.4.7.1). No forward secrecy.
 * @module
 */
import { wipe } from "../../bytes/bytes.ts";
import { unpadPremaster } from "../../crypto/premaster.ts";
import { TlsError } from "../../errors.ts";
import { callHook, waitFor } from "../../flow.ts";
import { clientEncryptedPremaster, tls12 } from "../../wire/messages.ts";
import type { KeyExchangeRow } from "./exchange.ts";

export const rsa: KeyExchangeRow = {
  name: "rsa",
  groups: [],
  certified: true,
  keyUsage: "keyEncipherment",

  client: (peer, { provider, random }) =>
    waitFor({
      *send(server) {
        const publicKey = server?.certificate.publicKey;
        if (publicKey?.type !== "rsa" || publicKey.pssOnly)
          throw new TlsError("illegal_parameter", "the server's key cannot decrypt", {
            code: "wrong_certificate_type",
          });
        // The offered version in front is what betrays a rollback.
        const premaster = random(48);
        premaster[0] = tls12 >> 8;
        premaster[1] = tls12 & 255;
        try {
          peer.send(clientEncryptedPremaster, {
            encryptedPremasterSecret: yield* waitFor(provider.rsaEncrypt(publicKey, premaster, random)),
          });
        } catch (error) {
          wipe(premaster);
          throw error;
        }
        return { premaster };
      },
    }),

  server: (peer, { random }, { credential: own, clientVersion }) =>
    waitFor({
      /** Whatever is wrong with the ciphertext, the handshake goes on with random bytes and fails at Finished. */
      *expect() {
        const { encryptedPremasterSecret } = yield* peer.expect(clientEncryptedPremaster);
        const fallback = random(48);
        const publicKey = own?.certificate.publicKey;
        if (publicKey?.type !== "rsa" || !own?.credential.rsaDecryptRaw)
          throw new Error("an RSA suite without an RSA key got past the choice");
        const { length } = publicKey.modulus;
        // A wrong length is public, and so may be told apart; it still goes the same way.
        const ciphertext =
          encryptedPremasterSecret.length === length ? encryptedPremasterSecret : new Uint8Array(length);
        let block: Uint8Array = new Uint8Array(length);
        try {
          block = yield* callHook(() => own.credential.rsaDecryptRaw?.(ciphertext) ?? block);
        } catch {
          // A ciphertext that is not below the modulus; the empty block above is not a valid one.
        }
        try {
          return { premaster: unpadPremaster(block, clientVersion, fallback) };
        } finally {
          wipe(block, fallback);
        }
      },
    }),
};
