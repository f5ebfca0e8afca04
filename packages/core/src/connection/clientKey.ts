/**
 * The key that stands for one client among the addresses of a server's peers.
 * @module
 */

/**
 * The key under which the connections of an address count as those of one client: an IPv4 address, or the first 64 bits
 * of an IPv6 address, because a provider gives its customers at least that many addresses (RFC 6177 §2). An IPv4
 * address that is mapped into IPv6 (RFC 4291 §2.5.5.2) is an IPv4 address, however it is written. An unknown address is
 * the empty text.
 */
export function clientKeyOf(address: string | undefined): string {
  if (!address?.includes(":")) return address ?? "";
  const [head = "", tail] = address.replace(/%.*$/s, "").split("::");
  const groups = groupsOf(head);
  // "::" stands for the groups of zeros that are missing.
  const last = groupsOf(tail ?? "");
  const missing = tail === undefined ? 0 : Math.max(8 - groups.length - last.length, 0);
  const all = [...groups, ...Array.from({ length: missing }, () => 0), ...last];
  const [high = 0, low = 0] = all.slice(6);
  const isMapped = all.slice(0, 6).join() === "0,0,0,0,0,65535";
  if (isMapped) return [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".");
  return all
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(":");
}

/** The numbers of a part of an IPv6 address. An IPv4 address at its end has two. */
function groupsOf(text: string): readonly number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (!group.includes(".")) return Number.parseInt(group, 16);
    const [a = 0, b = 0, c = 0, d = 0] = group.split(".").map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}
