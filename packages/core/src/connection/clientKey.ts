/**
 * The key that stands for one client among the addresses of a server's peers.
 * @module
 */

/**
 * The key under which the connections of an address count as those of one client: an IPv4 address, or the first 64 bits
 * of an IPv6 address, because a provider gives its customers at least that many addresses (RFC 6177 §2). An unknown
 * address is the empty text.
 */
export function clientKeyOf(address: string | undefined): string {
  if (!address?.includes(":")) return address ?? "";
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? [];
  if (mapped !== undefined) return mapped;
  const [head = "", tail] = address.replace(/%.*$/, "").split("::");
  const groups = groupsOf(head);
  // "::" stands for the groups of zeros that are missing. An IPv4 address at the end takes the place of two groups.
  const last = groupsOf(tail ?? "");
  const missing = tail === undefined ? 0 : 8 - groups.length - last.length - (tail.includes(".") ? 1 : 0);
  return [...groups, ...Array.from({ length: Math.max(missing, 0) }, () => "0"), ...last].slice(0, 4).join(":");
}

const groupsOf = (text: string): string[] =>
  text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16).toString(16));
