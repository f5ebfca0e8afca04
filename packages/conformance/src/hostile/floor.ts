/**
 * The lower bound of the costs: the calls of node:crypto that open a record, without TLS, in a separate process. Prints
 * the CPU time per record in µs.
 * @module
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

const [suite, size = "1", count = "1"] = process.argv.slice(2);
const [cipher, keyLength] = suite === "gcm" ? (["aes-128-gcm", 16] as const) : (["chacha20-poly1305", 32] as const);
const [key, nonce, additionalData] = [randomBytes(keyLength), randomBytes(12), randomBytes(13)];
const plaintext = randomBytes(Number(size));

const options = { authTagLength: 16 };
const sealer = createCipheriv(cipher as "aes-128-gcm", key, nonce, options);
sealer.setAAD(additionalData, { plaintextLength: plaintext.length });
const sealed = Buffer.concat([sealer.update(plaintext), sealer.final()]);
const tag = sealer.getAuthTag();

let least = Number.POSITIVE_INFINITY;
for (let round = 0; round < 5; round++) {
  const before = process.cpuUsage();
  for (let i = 0; i < Number(count); i++) open();
  const { user, system } = process.cpuUsage(before);
  least = Math.min(least, (user + system) / Number(count));
}
console.log(least);

function open(): void {
  const opener = createDecipheriv(cipher as "aes-128-gcm", key, nonce, options);
  opener.setAAD(additionalData, { plaintextLength: sealed.length });
  opener.setAuthTag(tag);
  opener.update(sealed);
  opener.final();
}
