/**
 * RSA: the client generates the premaster secret and encrypts it with the server's key (RFC 5246 §7.4.7.1). There is
 * no forward secrecy.
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
  usesCertificate: true,
  keyUsage: "keyEncipherment",

  client: (link, { provider, random }) =>
    waitFor({
      *send(server) {
        const publicKey = server?.certificate.publicKey;
        if (publicKey?.type !== "rsa" || publicKey.pssOnly)
          throw new TlsError("illegal_parameter", "the server's key cannot decrypt", {
            code: "wrong_certificate_type",
          });
        // The premaster secret begins with the offered version, so that the server detects a version rollback.
        const premaster = random(48);
        premaster[0] = tls12 >> 8;
        premaster[1] = tls12 & 255;
        try {
          link.send(clientEncryptedPremaster, {
            encryptedPremasterSecret: yield* waitFor(provider.rsaEncrypt(publicKey, premaster, random)),
          });
        } catch (error) {
          wipe(premaster);
          throw error;
        }
        return { premaster };
      },
    }),

  server: (link, { random }, { credential: ours, clientVersion }) =>
    waitFor({
      /**
       * If the ciphertext is not valid, the handshake continues with random bytes and fails at Finished (RFC 5246
       * §7.4.7.1).
       */
      *expect() {
        const { encryptedPremasterSecret } = yield* link.expect(clientEncryptedPremaster);
        const fallback = random(48);
        const publicKey = ours?.certificate.publicKey;
        if (publicKey?.type !== "rsa" || !ours?.credential.rsaDecryptRaw)
          throw new Error("RSA chosen without an RSA key");
        const { length } = publicKey.modulus;
        // The length is public, so this branch leaks nothing. A wrong length still takes the same path.
        const ciphertext =
          encryptedPremasterSecret.length === length ? encryptedPremasterSecret : new Uint8Array(length);
        let block: Uint8Array = new Uint8Array(length);
        try {
          block = yield* callHook(() => ours.credential.rsaDecryptRaw?.(ciphertext) ?? block);
        } catch {
          // For example, the ciphertext is not below the modulus. The block stays all zeros, which is no valid padding.
        }
        try {
          return { premaster: unpadPremaster(block, clientVersion, fallback) };
        } finally {
          wipe(block, fallback);
        }
      },
    }),
};
