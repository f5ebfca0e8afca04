/** Attacks on verification: names that look alike, endless work, and unrelated certificates in the chain. */
import { describe, expect, it } from "vitest";
import { ascii } from "../../src/bytes/bytes.ts";
import { noble } from "../../src/crypto/noble.ts";
import type { CryptoProvider } from "../../src/crypto/provider.ts";
import { matchesReference, parseReference } from "../../src/x509/name.ts";
import { cpu } from "./cpu.ts";
import {
  basicConstraints,
  bits,
  bytes,
  ca,
  clientAuth,
  dns,
  ecKey,
  email,
  extension,
  extKeyUsage,
  int,
  issue,
  keyUsage,
  name,
  nameConstraints,
  octets,
  oid,
  seq,
  server,
  serverAuth,
  tlv,
} from "./make.ts";
import { verdict } from "./verify.ts";

const root = ca("Root");
const certificate = (...names: string[]) => ({
  subjectAltNames: { all: names.map((value) => ({ type: "dns", value }) as const) },
});
const matches = (presented: string, reference: string) => matchesReference(certificate(presented), reference);

describe("a name", () => {
  it("that only looks like ASCII, or is malformed, is not a reference identifier", () => {
    // First KELVIN SIGN and LONG S, which become k and s in some case mappings, a full stop of another script, a soft
    // hyphen and a fraction.
    for (const reference of [
      "\u212aey.example",
      "te\u017ft.example",
      "www。example.com",
      "a\u00address.example",
      "½.example",
      "bücher.example",
      "example.com\0",
      "example.com\n",
      " example.com",
      "example.com:443",
      "https://example.com",
      "ex ample.com",
      "a..example",
      ".example.com",
      "example.com..",
      "-",
      "",
    ])
      expect([reference, parseReference(reference)]).toEqual([reference, undefined]);
    expect(matches("key.example", "\u212aey.example")).toBeUndefined();
    expect(matches("xn--bcher-kva.example", "XN--BCHER-KVA.example")).toBe("exact");
  });

  it("with a NUL, or with a space or a dot at its end, matches nothing", () => {
    for (const presented of [
      "www.example.com\0.evil.test",
      "www.example.com ",
      "www.example.com.",
      "\0www.example.com",
    ])
      expect([presented, matches(presented, "www.example.com")]).toEqual([presented, undefined]);
  });

  it("with a wildcard that is not the whole first label before two others matches nothing", () => {
    for (const presented of [
      "*",
      "*.com",
      "*.*.com",
      "w*.example.com",
      "*w.example.com",
      "www.*.com",
      "*.example.*",
      "**.example.com",
      "xn--*.example.com",
      "*.",
      "*..example.com",
    ])
      expect([presented, matches(presented, "www.example.com")]).toEqual([presented, undefined]);
    expect(matches("*.example.com", "a.b.example.com")).toBeUndefined();
    expect(matches("*.example.com", "example.com")).toBeUndefined();
    expect(matches("*.example.com", "*.example.com")).toBeUndefined();
    // A wildcard may cover an A-label, because the owner of example.com controls that name too.
    expect(matches("*.example.com", "xn--bcher-kva.example.com")).toBe("wildcard");
  });

  it("that is a number, in any notation, or a malformed IP address is not a reference identifier", () => {
    for (const reference of [
      "1.2.3",
      "0x7f.1",
      "2130706433",
      "127.1",
      "1.2.3.4.5",
      "01.2.3.4",
      "a.0x",
      "::1%eth0",
      "[::1",
      "::ffff:1.2.3.400",
      ":::",
      "1::2::3",
    ])
      expect([reference, parseReference(reference)]).toEqual([reference, undefined]);
    expect(matches("127.0.0.1", "127.0.0.1")).toBeUndefined();
  });
});

describe("extendedKeyUsage", () => {
  const any = "2.5.29.37.0";
  it("anyExtendedKeyUsage of a CA allows the purposes of the certificates below it, and no others", async () => {
    const open = ca("Open", { issuer: root, extensions: [extKeyUsage(any)] });
    expect(await verdict([server(open), open], [root])).toBe("ok");
    expect(await verdict([server(open, { extensions: [extKeyUsage(clientAuth)] }), open], [root])).toBe(
      "extended_key_usage",
    );
    const closed = ca("Closed", { issuer: open, extensions: [extKeyUsage(clientAuth)] });
    expect(await verdict([server(closed, { extensions: [extKeyUsage(any, serverAuth)] }), closed, open], [root])).toBe(
      "extended_key_usage",
    );
  });
});

describe("path length", () => {
  it("still applies if a CA issues a certificate for its own name and another key", async () => {
    const limited = ca("Limited", { issuer: root, pathLen: 0 });
    // `again` is self-issued and does not count; `below` counts.
    const again = ca("Limited", { issuer: limited, key: ecKey() });
    const below = ca("Below", { issuer: again });
    expect(await verdict([server(again), again, limited], [root])).toBe("ok");
    expect(await verdict([server(below), below, again, limited], [root])).toBe("path_length");
    // A self-issued certificate cannot raise the limit either.
    const wide = ca("Limited", { issuer: limited, key: ecKey(), pathLen: 5 });
    const child = ca("Child", { issuer: wide });
    expect(await verdict([server(child), child, wide, limited], [root])).toBe("path_length");
  });
});

describe("name constraints", () => {
  it("apply to every name, in upper and lower case", async () => {
    const only = ca("Only", {
      issuer: root,
      extensions: [nameConstraints([dns("good.example")], [dns("bad.good.example")])],
    });
    const verdictOn = (...names: string[]) =>
      verdict([server(only, { names: names.map(dns) }), only], [root], { reference: null });
    expect(await verdictOn("www.good.example")).toBe("ok");
    for (const names of [
      ["evil.example"],
      ["www.good.example", "evil.example"],
      ["BAD.good.example"],
      ["a.b.bad.GOOD.example"],
      ["good.example.evil"],
      ["*.good.example"],
      ["xgood.example"],
      ["www.good.example\0.evil"],
      [".good.example"],
    ])
      expect([names, await verdictOn(...names)]).toEqual([names, "name_constraint"]);
  });

  it("are checked quickly for very long names", async () => {
    const mails = Array.from({ length: 900 }, (_, i) => email(`m${i}@example.com`));
    const only = ca("Only", { extensions: [nameConstraints(mails)] });
    const start = cpu();
    expect(await verdict([server(only, { names: [dns("www.example.com"), email("@".repeat(50_000))] })], [only])).toBe(
      "name_constraint",
    );
    expect(cpu() - start).toBeLessThan(500);
  });
});

describe("the search for a path", () => {
  it("does bounded work for sixteen certificates that could all be issuers of each other", async () => {
    // By name, each certificate could be the issuer of each other one, and each signature would have to be checked.
    const key = ecKey();
    const maze = Array.from({ length: 15 }, () =>
      ca("Maze", { key: ecKey(), issuer: { ...root, subject: name("O=Test", "CN=Maze") } }),
    );
    const anchors = Array.from({ length: 3 }, () => ca("Maze"));
    let checked = 0;
    const provider: CryptoProvider = {
      ...noble,
      verify: () => {
        checked++;
        return false;
      },
    };
    const start = cpu();
    const code = await verdict([server({ ...maze[0]!, key }), ...maze], anchors, { provider });
    expect(["budget", "bad_signature"]).toContain(code);
    expect(checked).toBeLessThanOrEqual(100);
    expect(cpu() - start).toBeLessThan(2000);
  });
});

describe("DER", () => {
  const verdictWith = (...extensions: Uint8Array[]) =>
    verdict([issue({ issuer: root, extensions })], [root], { reference: null });
  it("has one encoding for each value", async () => {
    expect(await verdictWith(keyUsage(0))).toBe("ok");
    const cases: [string, Uint8Array][] = [
      ["a long form of a short length", seq(oid("1.2.3"), Uint8Array.of(4, 0x81, 1, 0))],
      ["a BOOLEAN of two bytes", seq(oid("1.2.3"), bytes(1, 2, 0xff, 0xff), octets(bytes()))],
      ["a BOOLEAN of no bytes", seq(oid("1.2.3"), bytes(1, 0), octets(bytes()))],
      ["an OID that starts with zeros", seq(tlv(6, bytes(0x80, 1)), octets(bytes()))],
      ["an OID without an end", seq(tlv(6, bytes(0x2a, 0x81)), octets(bytes()))],
      ["an empty OID", seq(tlv(6), octets(bytes()))],
      ["a constructed OCTET STRING", seq(oid("1.2.3"), tlv(0x24, octets(bytes())))],
      ["a BIT STRING whose unused bits are set", extension("2.5.29.15", bits(bytes(0xc1), 6))],
      ["a pathLen that is negative", extension("2.5.29.19", seq(bytes(1, 1, 255), tlv(2, bytes(0x80))))],
      ["a pathLen of five bytes", extension("2.5.29.19", seq(bytes(1, 1, 255), tlv(2, bytes(1, 0, 0, 0, 0))))],
      ["an INTEGER with nine leading zero bits", extension("2.5.29.19", seq(bytes(1, 1, 255), tlv(2, bytes(0, 1))))],
      ["UTF-8 in an IA5String", extension("2.5.29.17", seq(tlv(0x82, new TextEncoder().encode("é.example"))))],
    ];
    for (const [fault, extra] of cases) expect([fault, await verdictWith(extra)]).toEqual([fault, "malformed"]);
  });

  it("has one form for times, and not every form that Date reads", async () => {
    const at = (text: string, tag = 0x18) =>
      verdict([issue({ issuer: root, validity: [tlv(0x17, ascii("250101000000Z")), tlv(tag, ascii(text))] })], [root], {
        reference: null,
      });
    expect(await at("20251231235959Z")).toBe("ok");
    for (const text of [
      "2025-12-31T23:59:59Z",
      "2025-12-31T23:59:59.000Z",
      "2025",
      "20251231235959+0000",
      "20251231235959.000Z",
      "20251231240000Z",
      "20251231235960Z",
      "20250229000000Z",
      "20251301000000Z",
      "20250001000000Z",
      "20251200000000Z",
      "020251231235959Z",
      "20251231235959Z ",
      "2025123123595٣Z",
    ].map((text) => text.replace("٣", "x")))
      expect([text, await at(text)]).toEqual([text, "malformed"]);
    for (const text of ["2512312359Z", "251231235959", "20251231235959Z", "-51231235959Z", "5-1231235959Z"])
      expect([text, await at(text, 0x17)]).toEqual([text, "malformed"]);
  });
});

describe("an unrelated certificate in the chain", () => {
  it("is not part of the path: its constraints, dates and critical extensions change nothing", async () => {
    const stranger = [
      ca("Old", { notAfter: "2025-02-01T00:00:00Z" }),
      issue({ extensions: [basicConstraints(true), extension("1.2.3.4", seq(int(1)), true)] }),
      ca("Narrow", { extensions: [nameConstraints([dns("other.test")])] }),
    ];
    expect(await verdict([server(root), ...stranger], [root])).toBe("ok");
    expect(await verdict([server(stranger[0]!), stranger[0]!, root], [root])).toBe("expired");
  });
});

describe("an end-entity", () => {
  it("cannot issue a certificate, even for its own name", async () => {
    const key = ecKey();
    const end = server(root, { key });
    const twice = server(end, { key, subject: name("CN=www.example.com") });
    // Both certificates have the same name and the same key, which is a loop.
    expect(await verdict([twice, end], [root])).toBe("unknown_issuer");
    expect(await verdict([server(end, { subject: name("CN=other") }), end], [root])).toBe("not_a_ca");
  });
});
