import { expect, test } from "vitest";
import { clientKeyOf } from "../../src/connection/clientKey.ts";

test.each([
  ["192.0.2.1", "192.0.2.1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["::FFFF:192.0.2.1", "192.0.2.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["2001:0DB8:0001:0002::7", "2001:db8:1:2"],
  ["2001:db8::7", "2001:db8:0:0"],
  ["fe80::1%eth0", "fe80:0:0:0"],
  ["::1", "0:0:0:0"],
  ["::", "0:0:0:0"],
  ["1::2:3:4:5:6:7", "1:0:2:3"],
  ["64:ff9b::192.0.2.1", "64:ff9b:0:0"],
  ["1:2:3::192.0.2.1", "1:2:3:0"],
  [undefined, ""],
])("%s counts as %s", (address, key) => expect(clientKeyOf(address)).toBe(key));
