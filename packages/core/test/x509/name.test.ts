import { describe, expect, it } from "vitest";
import { formatIp, matchesReference, parseIp, parseReference } from "../../src/x509/name.ts";
import { ca, dns, email, ip, issue, name, parsed, server, tlv, uri } from "./make.ts";

const root = ca("Root");
const matchOf = (names: readonly Uint8Array[], reference: string) =>
  matchesReference(parsed(server(root, { names })), reference);
const match = (presented: string, reference: string) => matchOf([dns(presented)], reference);

describe("DNS names", () => {
  it("match label by label, in upper and lower case; a trailing dot of the reference is ignored", () => {
    expect(match("www.example.com", "www.example.com")).toBe("exact");
    expect(match("WWW.Example.com", "www.eXample.COM.")).toBe("exact");
    expect(match("foo_bar.example.com", "foo_bar.example.com")).toBe("exact");
    expect(match("xn--bcher-kva.example", "xn--bcher-kva.example")).toBe("exact");
    expect(match("localhost", "localhost")).toBe("exact");
    for (const other of [
      "example.com",
      "a.www.example.com",
      "wwww.example.com",
      "www.example.co",
      "www.example.com.evil.test",
    ]) {
      expect(match("www.example.com", other)).toBeUndefined();
    }
    expect(match("www.example.com.", "www.example.com")).toBeUndefined();
  });

  it("may have one * as the whole left-most label, before two or more other labels", () => {
    expect(match("*.example.com", "www.example.com")).toBe("wildcard");
    expect(match("*.EXAMPLE.com", "xn--bcher-kva.example.com")).toBe("wildcard");
    expect(match("*.example.com", "example.com")).toBeUndefined();
    expect(match("*.example.com", "a.b.example.com")).toBeUndefined();
    expect(match("*.com", "example.com")).toBeUndefined();
    expect(match("*", "localhost")).toBeUndefined();
    expect(match("*.localhost", "a.localhost")).toBeUndefined();
    expect(match("w*.example.com", "www.example.com")).toBeUndefined();
    expect(match("*w.example.com", "www.example.com")).toBeUndefined();
    expect(match("*.*.example.com", "a.b.example.com")).toBeUndefined();
    expect(match("www.*.com", "www.example.com")).toBeUndefined();
    expect(match("xn--*-1b3c148a.example.com", "xn--bliss-1b3c148a.example.com")).toBeUndefined();
    expect(matchOf([dns("*.example.com"), dns("www.example.com")], "www.example.com")).toBe("exact");
  });

  it("count only as a dNSName in subjectAltName, not in the common name, a URI or an email address", () => {
    expect(matchesReference(parsed(issue({ subject: name("CN=www.example.com") })), "www.example.com")).toBeUndefined();
    expect(matchOf([uri("www.example.com"), email("www.example.com")], "www.example.com")).toBeUndefined();
  });

  it("are refused if they are malformed", () => {
    for (const bad of [
      "",
      ".",
      "a..b",
      "-a.test",
      "a b",
      "bücher.example",
      "*.example.com",
      "a.test..",
      `${"a".repeat(64)}.test`,
      `${"a.".repeat(127)}test`,
      "example.123",
      "0x7f.1",
      "1.2.3.0x4",
      "127.1",
      "user@host",
      "host:80",
    ]) {
      expect(parseReference(bad)).toBeUndefined();
      expect(match("*.example.com", bad)).toBeUndefined();
    }
  });
});

describe("IP addresses", () => {
  it("match only iPAddress, byte by byte", () => {
    expect(matchOf([ip(127, 0, 0, 1)], "127.0.0.1")).toBe("exact");
    expect(matchOf([ip(127, 0, 0, 1)], "127.0.0.2")).toBeUndefined();
    expect(matchOf([dns("127.0.0.1")], "127.0.0.1")).toBeUndefined();
    expect(matchOf([dns("*.0.0.1")], "127.0.0.1")).toBeUndefined();
    expect(matchOf([ip(...Array<number>(15).fill(0), 1)], "::1")).toBe("exact");
    expect(matchOf([ip(...Array<number>(15).fill(0), 1)], "[0:0:0:0:0:0:0:1]")).toBe("exact");
    expect(matchOf([ip(127, 0, 0, 1)], "::ffff:127.0.0.1")).toBeUndefined();
    expect(matchOf([tlv(0x87)], "0.0.0.0")).toBeUndefined();
  });

  it("are read and written", () => {
    const good: Record<string, string> = {
      "1.2.3.4": "1.2.3.4",
      "2001:DB8::1": "2001:db8::1",
      "::": "::",
      "1::": "1::",
      "::ffff:1.2.3.4": "::ffff:102:304",
      "1:2:3:4:5:6:7:8": "1:2:3:4:5:6:7:8",
      "1:2:3:4:5:6:7::": "1:2:3:4:5:6:7:0",
      "0:0:1:0:0:0:1:0": "0:0:1::1:0",
      "1:2:3:4:5:6:1.2.3.4": "1:2:3:4:5:6:102:304",
    };
    for (const [text, canonical] of Object.entries(good)) expect(formatIp(parseIp(text)!)).toBe(canonical);
    for (const bad of [
      "",
      "1.2.3",
      "1.2.3.4.5",
      "256.1.1.1",
      "01.2.3.4",
      "1.2.3.4 ",
      ":",
      ":::",
      "1::2::3",
      "1:2:3:4:5:6:7",
      "1:2:3:4:5:6:7:8:9",
      "::1%eth0",
      "12345::",
      "g::",
      "1.2.3.4::",
      "::1.2.3.4:1",
      "1:2:3:4:5:6:7::8",
      "[::1]",
    ]) {
      expect([bad, parseIp(bad)]).toEqual([bad, undefined]);
    }
    expect(formatIp(new Uint8Array(5))).toBeUndefined();
  });
});
