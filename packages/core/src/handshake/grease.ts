/**
 * GREASE, RFC 8701: reserved values in a ClientHello, so that servers keep tolerating unknown values. The client
 * refuses a server that chooses one of them, because it implements none.
 * @module
 */
import { concat } from "../bytes/bytes.ts";
import type { Random } from "../crypto/provider.ts";
import type { ClientHello } from "../wire/messages.ts";
import { signatureAlgorithmsClient } from "./extensions/signatureAlgorithms.ts";
import { supportedGroupsClient } from "./extensions/supportedGroups.ts";

/** The type of the `grease` option of `connect`. */
export type Grease = (...hello: never[]) => unknown;

/**
 * Puts one reserved value at the start of the lists of suites, groups and signature schemes, an empty reserved
 * extension before the other extensions, and a reserved extension of one byte after them.
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
  const values: Readonly<Record<number, number>> = {
    [supportedGroupsClient.id]: group,
    [signatureAlgorithmsClient.id]: scheme,
  };
  const extensions = (hello.extensions ?? []).map(({ type, data }) => {
    const value = values[type];
    return { type, data: value === undefined ? data : prepend(data, value) };
  });
  return {
    ...hello,
    cipherSuites: [suite, ...hello.cipherSuites],
    extensions: [
      { type: first, data: new Uint8Array(0) },
      ...extensions,
      // An extension type must not occur twice (RFC 5246 §7.4.1.4).
      { type: last === first ? last ^ 0x1010 : last, data: new Uint8Array(1) },
    ],
  };
};

/** Adds a value at the start of a `uint16 x<2..2^16-1>`. */
function prepend(data: Uint8Array, value: number): Uint8Array {
  const length = data.length;
  return concat(Uint8Array.of(length >> 8, length & 255, value >> 8, value & 255), data.subarray(2));
}
