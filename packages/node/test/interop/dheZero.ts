import { type Awaitable, type CryptoProvider, type KeyShare, nodeCrypto } from "@handclasp/node";

type FiniteField = NonNullable<CryptoProvider["finiteField"]>;

/** Diffie-Hellman for a client, with new keys until the shared secret begins with a zero byte. Counts such secrets. */
export function withZero(): { finiteField: FiniteField; zeros: () => number } {
  let zeros = 0;
  const finiteField: FiniteField = (prime, exponentLength) => {
    const generate = (nodeCrypto.finiteField as FiniteField)(prime, exponentLength);
    return (random) =>
      shareWithZero(
        () => generate(random),
        () => zeros++,
      );
  };
  return { finiteField, zeros: () => zeros };
}

async function shareWithZero(generate: () => Awaitable<KeyShare>, onZero: () => void): Promise<KeyShare> {
  let share = await generate();
  return {
    // The client sends its public key after it has computed the secret.
    get publicKey() {
      return share.publicKey;
    },
    async agree(peerPublicKey) {
      for (;;) {
        const secret = await share.agree(peerPublicKey);
        if (!secret) return undefined;
        if (secret[0] === 0) {
          onZero();
          return secret;
        }
        share = await generate();
      }
    },
    wipe: () => share.wipe(),
  };
}
