import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { clientAddressOf } from "../../src/admission/clientAddress.ts";

const requestWith = (header: string | undefined): IncomingMessage =>
  ({ headers: { "x-forwarded-for": header }, socket: { remoteAddress: "10.0.0.1" } }) as unknown as IncomingMessage;

test.each([
  ["192.0.2.1", undefined, "10.0.0.1"],
  ["192.0.2.1", 1, "192.0.2.1"],
  // The client has written the first address itself.
  ["203.0.113.9, 192.0.2.1", 1, "192.0.2.1"],
  ["203.0.113.9, 192.0.2.1, 198.51.100.2", 2, "192.0.2.1"],
  ["192.0.2.1", 2, "10.0.0.1"],
  ["192.0.2.1:4711", 1, "192.0.2.1"],
  ["[2001:db8::1]:4711", 1, "2001:db8::1"],
  ["2001:db8::1", 1, "2001:db8::1"],
  ["[2001:db8::1]", 1, "2001:db8::1"],
  ["[::ffff:192.0.2.1]:80", 1, "::ffff:192.0.2.1"],
  ["fe80::1%eth0", 1, "fe80::1"],
  ["[fe80::1%eth0]:80", 1, "fe80::1"],
  ["[192.0.2.1]:80", 1, "192.0.2.1"],
  ["2001:db8::1]:80", 1, "10.0.0.1"],
  ["[2001:db8::1]:http", 1, "10.0.0.1"],
  ["2001:db8::1:4711:1:2:3:4:5", 1, "10.0.0.1"],
  ["192.0.2.1:", 1, "10.0.0.1"],
  ["01.2.3.4", 1, "10.0.0.1"],
  ['"192.0.2.1"', 1, "10.0.0.1"],
  ["192.0.2.1, ", 1, "10.0.0.1"],
  ["unknown", 1, "10.0.0.1"],
  ["", 1, "10.0.0.1"],
  [undefined, 1, "10.0.0.1"],
])("X-Forwarded-For: %s behind %s proxies is from %s", (header, proxies, address) => {
  expect(clientAddressOf(requestWith(header), proxies)).toBe(address);
});

test("a function of the application finds the address, and what is no address does not count", () => {
  const request = requestWith(undefined);
  expect(clientAddressOf(request, () => "192.0.2.7")).toBe("192.0.2.7");
  expect(clientAddressOf(request, () => "evil")).toBe("10.0.0.1");
  expect(clientAddressOf(request, () => undefined)).toBe("10.0.0.1");
});
