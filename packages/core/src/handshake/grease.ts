/**
 * GREASE, RFC 8701: numbers in a ClientHello that mean nothing, so that servers stay able to bear new ones. None of them is a row of ours: a server
 * that chooses one is refused like any that chooses what was not offered.
 * @module
 */
import { concat } from "../bytes/bytes.ts";
import type { Random } from "../crypto/provider.ts";
import type { ClientHello } from "../wire/messages.ts";
import { signatureAlgorithmsClient } from "./extensions/signatureAlgorithms.ts";
import { supportedGroupsClient } from "./extensions/supportedGroups.ts";

/** What `grease` is, and `connect` takes. */
export type Grease = (...hello: never[]) => unknown;

/**
 * One number that means nothing in front of each list, an empty extension first and one of a byte last.
 * @example
 * const channel = await connect(url, { ca, grease });
 */
export const grease: Grease = (hello: ClientHello, random: Random): ClientHello => {
  // 0x0a0a, 0x1a1a … 0xfafa.
  const [suite, group, scheme, first, last] = Array.from(random(5), (byte) => ((byte & 0xf0) | 0x0a) * 0x101) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const inFront: Readonly<Record<number, number>> = {
    [supportedGroupsClient.id]: group,
    [signatureAlgorithmsClient.id]: scheme,
  };
  const extensions = (hello.extensions ?? []).map(({ type, data }) => {
    const value = inFront[type];
    return { type, data: value === undefined ? data : longer(data, value) };
  });
  return {
    ...hello,
    cipherSuites: [suite, ...hello.cipherSuites],
    extensions: [
      { type: first, data: new Uint8Array(0) },
      ...extensions,
      // No number may stand twice.
      { type: last === first ? last ^ 0x1010 : last, data: new Uint8Array(1) },
    ],
  };
};

/** A `uint16 x<2..2^16-1>` with one more in front. */
function longer(data: Uint8Array, value: number): Uint8Array {
  const length = data.length;
  return concat(Uint8Array.of(length >> 8, length & 255, value >> 8, value & 255), data.subarray(2));
}
