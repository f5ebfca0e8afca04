import { describe, expect, it } from "vitest";
import {
  ca,
  directory,
  dns,
  email,
  extension,
  ip,
  issue,
  NULL,
  name,
  nameConstraints,
  oid,
  other,
  seq,
  server,
  subjectAltName,
  tlv,
  uri,
} from "./make.ts";
import { refusal, verdict } from "./verify.ts";

type Names = readonly Uint8Array[];

/** The verdict on a certificate with these names under a CA with these constraints. */
const verdictUnder = (permitted: Names, excluded: Names, names: Names, subject?: Uint8Array): Promise<string> => {
  const constrained = ca("Constrained", { extensions: [nameConstraints(permitted, excluded)] });
  return verdict([server(constrained, { names, ...(subject && { subject }) })], [constrained], { reference: null });
};
const permit = (subtree: Uint8Array, ...names: Names) => verdictUnder([subtree], [], names);
const exclude = (subtree: Uint8Array, ...names: Names) => verdictUnder([], [subtree], names);
const ok = "ok";
const refused = "name_constraint";

describe("a constraint on DNS names", () => {
  it("covers a name and all names below it", async () => {
    expect(await permit(dns("example.com"), dns("example.com"))).toBe(ok);
    expect(await permit(dns("example.com"), dns("a.b.EXAMPLE.com"))).toBe(ok);
    expect(await permit(dns("example.com"), dns("notexample.com"))).toBe(refused);
    expect(await permit(dns("example.com"), dns("com"))).toBe(refused);
    expect(await permit(dns("example.com"), dns("www.example.com"), dns("other.test"))).toBe(refused);
    expect(await exclude(dns("example.com"), dns("example.org"), dns("a.example.com"))).toBe(refused);
    expect(await exclude(dns("example.com"), dns("example.org"))).toBe(ok);
    expect(await permit(dns(""), dns("www.example.com"))).toBe(ok);
    expect(await exclude(dns(""), dns("www.example.com"))).toBe(refused);
  });

  it("allows a name in one permitted subtree and in no excluded one", async () => {
    expect(await verdictUnder([dns("a.test"), dns("b.test")], [], [dns("b.test"), dns("x.a.test")])).toBe(ok);
    expect(await verdictUnder([dns("a.test")], [dns("secret.a.test")], [dns("a.test")])).toBe(ok);
    expect(await verdictUnder([dns("a.test")], [dns("secret.a.test")], [dns("x.secret.a.test")])).toBe(refused);
    expect(await verdictUnder([dns("a.test")], [dns("a.test")], [dns("a.test")])).toBe(refused);
  });

  it("does not let a wildcard reach into an excluded subtree", async () => {
    expect(await permit(dns("example.com"), dns("*.example.com"))).toBe(ok);
    expect(await permit(dns("bar.example.com"), dns("*.example.com"))).toBe(refused);
    expect(await exclude(dns("bar.example.com"), dns("*.example.com"))).toBe(refused);
    expect(await exclude(dns("foo.bar.example.com"), dns("*.example.com"))).toBe(ok);
    expect(await exclude(dns("example.com"), dns("*.example.com"))).toBe(refused);
    expect(await exclude(dns("other.test"), dns("*.example.com"))).toBe(ok);
  });

  it("covers only sub-domains if it has a leading dot", async () => {
    expect(await permit(dns(".example.com"), dns("www.EXAMPLE.com"))).toBe(ok);
    expect(await permit(dns(".example.com"), dns("a.b.example.com"))).toBe(ok);
    expect(await permit(dns(".example.com"), dns("*.example.com"))).toBe(ok);
    expect(await permit(dns(".example.com"), dns("example.com"))).toBe(refused);
    expect(await permit(dns(".example.com"), dns("www.notexample.com"))).toBe(refused);
    expect(await permit(dns(".a.example.com"), dns("*.example.com"))).toBe(refused);
    expect(await exclude(dns(".example.com"), dns("www.example.com"))).toBe(refused);
    expect(await exclude(dns(".example.com"), dns("*.example.com"))).toBe(refused);
    expect(await exclude(dns(".example.com"), dns("example.com"))).toBe(ok);
    // The wildcard covers a.example.com, and no name below it.
    expect(await exclude(dns(".a.example.com"), dns("*.example.com"))).toBe(ok);
    expect(await exclude(dns(".example.com"), dns("example.org"))).toBe(ok);
  });

  it("refuses a malformed name or constraint if the name and the constraint are of the same form", async () => {
    for (const constraint of [
      "*.example.com",
      ".",
      "..example.com",
      ".*.example.com",
      "example..com",
      "exa mple.com",
      "example.com.",
    ]) {
      expect(await permit(dns(constraint), dns("www.example.com"))).toBe(refused);
      expect(await exclude(dns(constraint), dns("www.other.test"))).toBe(refused);
      expect(await permit(dns(constraint), ip(127, 0, 0, 1))).toBe(ok);
    }
    for (const bad of [
      "",
      ".",
      "a..example.com",
      "*",
      "*.*.example.com",
      "w*.example.com",
      "www.example.com.",
      " www.example.com",
    ]) {
      expect(await permit(dns("example.com"), dns(bad))).toBe(refused);
      expect(await exclude(dns("other.test"), dns(bad))).toBe(refused);
    }
  });
});

describe("a constraint on IP addresses", () => {
  const net = ip(192, 0, 2, 0, 255, 255, 255, 0);
  const net6 = ip(
    0x20,
    1,
    0xd,
    0xb8,
    ...Array<number>(12).fill(0),
    ...Array<number>(4).fill(255),
    ...Array<number>(12).fill(0),
  );
  const host6 = ip(0x20, 1, 0xd, 0xb8, ...Array<number>(11).fill(0), 1);

  it("covers a network", async () => {
    expect(await permit(net, ip(192, 0, 2, 77))).toBe(ok);
    expect(await permit(net, ip(192, 0, 3, 77))).toBe(refused);
    expect(await exclude(net, ip(192, 0, 2, 77))).toBe(refused);
    expect(await exclude(net, ip(192, 0, 3, 77))).toBe(ok);
    expect(await permit(net6, host6)).toBe(ok);
    expect(await exclude(net6, host6)).toBe(refused);
    expect(await exclude(ip(0, 0, 0, 0, 0, 0, 0, 0), ip(1, 2, 3, 4))).toBe(refused);
  });

  it("neither permits nor excludes an address of the other family", async () => {
    expect(await permit(net, host6)).toBe(refused);
    expect(await exclude(net, host6)).toBe(ok);
  });

  it("refuses masks with holes and wrong lengths", async () => {
    expect(await permit(ip(192, 0, 2, 0, 255, 0, 255, 0), ip(192, 0, 2, 1))).toBe(refused);
    expect(await exclude(ip(192, 0, 2, 0, 0, 255, 0, 0), ip(10, 0, 2, 1))).toBe(refused);
    expect(await permit(ip(192, 0, 2, 1), ip(192, 0, 2, 1))).toBe(refused);
    expect(await permit(net, ip(192, 0, 2, 0, 255, 255, 255, 0))).toBe(refused);
    expect(await exclude(net, ip(10, 0, 0))).toBe(refused);
    expect(await permit(dns("example.com"), ip(10, 0, 0))).toBe(ok);
  });
});

describe("a constraint on e-mail addresses", () => {
  it("covers a mailbox, a host, or all hosts below a domain", async () => {
    expect(await permit(email("me@example.com"), email("me@EXAMPLE.com"))).toBe(ok);
    expect(await permit(email("me@example.com"), email("Me@example.com"))).toBe(refused);
    expect(await permit(email("*@example.com"), email("me@example.com"))).toBe(refused);
    expect(await permit(email("**@example.com"), email("**@example.com"))).toBe(ok);
    expect(await permit(email("example.com"), email("me@example.com"))).toBe(ok);
    expect(await permit(email("example.com"), email("me@mail.example.com"))).toBe(refused);
    expect(await permit(email(".example.com"), email("me@mail.example.com"))).toBe(ok);
    expect(await permit(email(".example.com"), email("me@example.com"))).toBe(refused);
    expect(await exclude(email("example.com"), email("me@example.com"))).toBe(refused);
    expect(await exclude(email("example.com"), email("me@example.org"))).toBe(ok);
  });

  it("refuses malformed mailboxes and constraints", async () => {
    expect(await permit(email("example.com"), email("a@b@example.com"))).toBe(refused);
    expect(await exclude(email("example.com"), email("nobody"))).toBe(refused);
    expect(await permit(email("a@b@example.com"), email("b@example.com"))).toBe(refused);
    expect(await exclude(email("@example.com"), email("b@other.test"))).toBe(refused);
    expect(await exclude(email("example.com"), email(`${"a".repeat(60_000)}@other.test`))).toBe(refused);
  });

  it("covers addresses in the subject if subjectAltName has no address", async () => {
    const subject = name("CN=x", "E=me@example.org");
    expect(await verdictUnder([email("example.com")], [], [dns("www.example.com")], subject)).toBe(refused);
    expect(await verdictUnder([email("example.org")], [], [dns("www.example.com")], subject)).toBe(ok);
    expect(await verdictUnder([email("example.com")], [], [email("me@example.com")], subject)).toBe(ok);
  });
});

describe("a constraint on directory names", () => {
  const unit = directory(name("C=DE", "O=Test"));

  it("covers a name and all names below it, in the subject and in subjectAltName, normalised", async () => {
    const withSubject = (subject: Uint8Array) => verdictUnder([unit], [], [dns("x.test")], subject);
    expect(await withSubject(name("C=DE", "O=Test", "CN=x"))).toBe(ok);
    expect(await withSubject(name("C=de", "O= TEST ", "CN=x"))).toBe(ok);
    expect(await withSubject(name("C=DE", "O=Tests", "CN=x"))).toBe(refused);
    expect(await withSubject(name("O=Test", "C=DE", "CN=x"))).toBe(refused);
    expect(await withSubject(name("C=DE"))).toBe(refused);
    const unnamed = extension("2.5.29.17", seq(dns("x.test")), true);
    const only = ca("Only", { extensions: [nameConstraints([unit])] });
    const issued = issue({ issuer: only, subject: name(), extensions: [unnamed] });
    expect(await verdict([issued], [only], { reference: null })).toBe(ok);
    expect(await verdictUnder([], [unit], [dns("x.test")], name("C=DE", "O=test", "CN=x"))).toBe(refused);
    // RFC 4518 §2.2: invisible characters are mapped to nothing.
    expect(await verdictUnder([], [unit], [dns("x.test")], name("C=DE", "O=Te\u200bst", "CN=x"))).toBe(refused);
    expect(await verdictUnder([unit], [], [directory(name("C=FR"))], name("C=DE", "O=Test"))).toBe(refused);
    expect(await verdictUnder([], [unit], [directory(name("C=DE", "O=Test"))])).toBe(refused);
  });
});

describe("a constraint on URIs", () => {
  const u = (text: string) => uri(text);

  it("covers one host, or all hosts below a domain, with any scheme", async () => {
    expect(await permit(u("example.com"), u("https://EXAMPLE.com/a?b#c"))).toBe(ok);
    expect(await permit(u("example.com"), u("https://me:x@example.com:8443"))).toBe(ok);
    expect(await permit(u("example.com"), u("https://www.example.com/"))).toBe(refused);
    expect(await permit(u(".example.com"), u("https://www.example.com/"))).toBe(ok);
    expect(await permit(u(".example.com"), u("https://example.com/"))).toBe(refused);
    expect(await exclude(u("example.com"), u("https://example.com/"))).toBe(refused);
    expect(await exclude(u("example.com"), u("https://example.org/"))).toBe(ok);
    expect(await permit(u(""), u("https://example.com/"))).toBe(ok);
    expect(await exclude(u(""), u("https://example.com/"))).toBe(refused);
  });

  it("limits SPIFFE identities to a trust domain", async () => {
    expect(await permit(u("prod.example"), u("spiffe://prod.example/ns/default/sa/web"))).toBe(ok);
    expect(await permit(u("prod.example"), u("spiffe://test.example/ns/default/sa/web"))).toBe(refused);
    expect(await permit(u("prod.example"), u("spiffe://evil.test/prod.example"))).toBe(refused);
  });

  it("refuses a URI without a host, or whose host is not a domain name", async () => {
    for (const bad of [
      "urn:uuid:1",
      "mailto:me@example.com",
      "https:example.com",
      "https:///example.com",
      "https://example.com.",
      "https://127.0.0.1/",
      "https://[::1]/",
      "https://example.com\\@other.test/",
      "https://other.test\\@example.com/",
      "https://exa%6dple.com/",
      "https://a@b@example.com/",
      "https://example.com:port/",
      "//example.com/",
      " https://example.com/",
      "",
    ]) {
      expect([bad, await permit(u("example.com"), u(bad))]).toEqual([bad, refused]);
      expect([bad, await exclude(u("other.test"), u(bad))]).toEqual([bad, refused]);
    }
    for (const constraint of ["https://example.com", "me@example.com", "example.com:443", "*.example.com", "a..b"]) {
      expect(await permit(u(constraint), u("https://example.com/"))).toBe(refused);
      expect(await exclude(u(constraint), u("https://other.test/"))).toBe(refused);
    }
  });
});

describe("names of other forms", () => {
  it("are refused if they are constrained, and otherwise ignored", async () => {
    expect(await exclude(other("x"), other("y"))).toBe(refused);
    expect(await permit(other("x"), other("x"))).toBe(refused);
    expect(await exclude(other("x"), dns("www.example.com"))).toBe(ok);
    expect(await permit(dns("example.com"), uri("https://other.test/"), other("x"))).toBe(ok);
    expect(await permit(tlv(0x88, new Uint8Array([42])), other("x"))).toBe(ok);
  });
});

describe("on a path", () => {
  const root = ca("Root", { extensions: [nameConstraints([dns("a.test"), dns("b.test")])] });

  it("the constraints of every CA apply: a CA can narrow those above it, but not widen them", async () => {
    const narrow = ca("Narrow", { issuer: root, extensions: [nameConstraints([dns("b.test"), dns("c.test")])] });
    const end = (host: string) =>
      verdict([server(narrow, { names: [dns(host)] }), narrow], [root], { reference: null });
    expect(await end("x.b.test")).toBe(ok);
    expect(await end("x.a.test")).toBe(refused);
    expect(await end("x.c.test")).toBe(refused);
    expect(
      await refusal([server(narrow, { names: [dns("c.test")] }), narrow], [root], { reference: null }),
    ).toMatchObject({
      alert: "bad_certificate",
      position: 0,
    });
  });

  it("constraints bind intermediates except self-issued ones, and always the end-entity", async () => {
    const strange = [subjectAltName(dns("other.test"))];
    const bound = ca("Bound", { issuer: root, extensions: strange });
    expect(await verdict([server(bound, { names: [dns("a.test")] }), bound], [root], { reference: null })).toBe(
      refused,
    );
    const rolled = ca("Root", { issuer: root, extensions: strange });
    expect(await verdict([server(rolled, { names: [dns("a.test")] }), rolled], [root], { reference: null })).toBe(ok);
    expect(await verdict([rolled], [root], { reference: null })).toBe(refused);
  });

  it("a CA with malformed constraints is not used", async () => {
    const caWith = (der: Uint8Array) => ca("Bad", { issuer: root, extensions: [extension("2.5.29.30", der, true)] });
    const minimum = seq(tlv(0xa0, seq(dns("a.test"), tlv(0x80, new Uint8Array([0])))));
    for (const bad of [
      seq(),
      seq(tlv(0xa0)),
      seq(tlv(0xa0), tlv(0xa1)),
      minimum,
      seq(tlv(0xa1, seq(dns("x"))), tlv(0xa0, seq(dns("a")))),
      // An otherName must have a type-id and one value.
      ...[
        tlv(0xa0),
        tlv(0xa0, oid("1.2.3")),
        tlv(0xa0, oid("1.2.3"), tlv(0xa0)),
        tlv(0xa0, oid("1.2.3"), tlv(0x0c)),
        tlv(0xa0, oid("1.2.3"), tlv(0xa0, NULL, NULL)),
        tlv(0xa0, oid("1.2.3"), tlv(0xa0, NULL), NULL),
      ].map((broken) => seq(tlv(0xa0, seq(broken)))),
    ]) {
      const issuer = caWith(bad);
      expect(await refusal([issue({ issuer }), issuer], [root], { reference: null })).toMatchObject({
        code: "malformed",
        position: 1,
      });
    }
  });
});
