import { describe, expect, it } from "vitest";
import { noble } from "../../src/crypto/noble.ts";
import type { CryptoProvider } from "../../src/crypto/provider.ts";
import {
  type Authority,
  basicConstraints,
  bytes,
  ca,
  clientAuth,
  dns,
  ecKey,
  extension,
  extKeyUsage,
  issue,
  keyUsage,
  name,
  nameConstraints,
  octets,
  seq,
  server,
  serverAuth,
  signers,
  subjectAltName,
  time,
  tlv,
} from "./make.ts";
import { refusal, verdict, verify } from "./verify.ts";

const root = ca("Root");
const intermediate = ca("Intermediate", { issuer: root });
const leaf = server(intermediate);
const unknown = (critical: boolean) => extension("1.3.6.1.4.1.99999.1", octets(bytes()), critical);

describe("a path that is valid", () => {
  it("runs from the end-entity to the anchor", async () => {
    const { path, certificate, verifiedBy } = await verify([leaf, intermediate], [root]);
    expect(path.map(({ subject }) => subject.text)).toEqual([
      "CN=www.example.com",
      "CN=Intermediate,O=Test",
      "CN=Root,O=Test",
    ]);
    expect(certificate).toBe(path[0]);
    expect(verifiedBy).toBe("ca");
  });

  it("is found in any order, among unrelated certificates, the root and malformed bytes", async () => {
    const stranger = ca("Stranger");
    expect(await verdict([leaf, stranger, root, { der: bytes(1, 2, 3) }, intermediate], [stranger, root])).toBe("ok");
  });

  it("ends at the first anchor: an intermediate may be one", async () => {
    const { path } = await verify([leaf], [intermediate]);
    expect(path).toHaveLength(2);
  });

  it("is only the end-entity if that is an anchor itself", async () => {
    const selfSigned = issue({
      subject: name("CN=www.example.com"),
      extensions: [subjectAltName(dns("www.example.com"))],
      signer: signers.ecdsaSha1,
    });
    expect((await verify([selfSigned], [selfSigned])).path).toHaveLength(1);
    expect(await verdict([selfSigned], [selfSigned], { reference: "other.example.com" })).toBe("name_mismatch");
    expect(await verdict([selfSigned], [selfSigned], { now: Date.parse("2026-06-01T00:00:00Z") })).toBe("expired");
    expect(await verdict([selfSigned], [root])).toBe("weak_signature");
  });

  it("may begin with a CA certificate, as `openssl req -x509` makes them", async () => {
    const selfSigned = ca("self", { extensions: [subjectAltName(dns("www.example.com"))] });
    expect(await verdict([selfSigned], [selfSigned])).toBe("ok");
    const issued = ca("as leaf", { issuer: root, extensions: [subjectAltName(dns("www.example.com"))] });
    expect(await verdict([issued], [root])).toBe("ok");
  });

  it("may contain version 1 only as its anchor", async () => {
    const old = issue({ subject: name("CN=Old"), version: 1 });
    expect(await verdict([server(old)], [old])).toBe("ok");
    const middle = issue({ subject: name("CN=Middle"), issuer: root, version: 1 });
    expect(await verdict([server(middle), middle], [root])).toBe("not_a_ca");
    const end = issue({ subject: name("CN=End"), issuer: root, version: 1 });
    expect(await verdict([end], [root], { reference: null })).toBe("malformed");
  });

  it("is found by backtracking to another intermediate of the same name and key", async () => {
    const key = ecKey();
    const bad = [
      ca("Twin", { key, issuer: root, notAfter: "2025-02-01T00:00:00Z" }),
      ca("Twin", { key, issuer: ca("Elsewhere") }),
      ca("Twin", { key, issuer: root, forge: true }),
      ca("Twin", { issuer: root }),
    ];
    const good = ca("Twin", { key, issuer: root });
    expect(await verdict([server(good), ...bad, good], [root])).toBe("ok");
    expect(await verdict([server(good), ...bad.slice(1)], [root])).toBe("bad_signature");
  });

  it("is found among anchors of one name", async () => {
    expect(await verdict([leaf, intermediate], [ca("Root"), root, ca("Root")])).toBe("ok");
  });

  it("compares names as RFC 5280 §7.1 does, not by their bytes", async () => {
    const key = ecKey();
    const printable = { type: "CN", value: tlv(0x13, new TextEncoder().encode("SPACED  out")) };
    const upper = ca("x", { key, subject: name("O=Test", printable) });
    const under: Authority = { ...upper, subject: name("O=TEST", "CN= spaced Out ") };
    expect(await verdict([server(under)], [upper])).toBe("ok");
    expect(await verdict([server({ ...upper, subject: name("O=TEST", "CN=spacedout") })], [upper])).toBe(
      "unknown_issuer",
    );
  });

  it("is verified with an asynchronous provider", async () => {
    const provider: CryptoProvider = { ...noble, verify: async (...parameters) => await noble.verify(...parameters) };
    expect(await verdict([leaf, intermediate], [root], { provider })).toBe("ok");
    expect(await verdict([server(intermediate, { forge: true }), intermediate], [root], { provider })).toBe(
      "bad_signature",
    );
  });
});

describe("the issuer of a certificate", () => {
  it("must be known to the search", async () => {
    const error = await refusal([leaf], [root]);
    expect(error).toMatchObject({
      code: "unknown_issuer",
      alert: "unknown_ca",
      position: 0,
      subject: "CN=www.example.com",
    });
    expect(error.message).toMatch(/CN=Intermediate,O=Test.*not sent/);
    expect(await refusal([leaf, intermediate], [ca("Other")])).toMatchObject({ code: "unknown_issuer", position: 1 });
    expect(await refusal([leaf, intermediate, root], [ca("Other")])).toMatchObject({
      code: "unknown_issuer",
      position: 2,
    });
  });

  it("must have signed it", async () => {
    const error = await refusal([leaf, intermediate], [ca("Root")]);
    expect(error).toMatchObject({ code: "bad_signature", alert: "bad_certificate", position: 1 });
    expect(await verdict([server(intermediate, { forge: true }), intermediate], [root])).toBe("bad_signature");
  });

  it("must be a CA, in the chain and as an anchor", async () => {
    const forged = server(leaf);
    expect(await refusal([forged, leaf, intermediate], [root])).toMatchObject({
      code: "not_a_ca",
      alert: "bad_certificate",
      position: 1,
    });
    const bare = issue({ subject: name("CN=Bare"), issuer: root });
    expect(await verdict([server(bare), bare], [root])).toBe("not_a_ca");
    const bareRoot = issue({ subject: name("CN=Bare") });
    expect(await verdict([server(bareRoot)], [bareRoot])).toBe("not_a_ca");
  });

  it("must have keyCertSign if it has keyUsage", async () => {
    const key = ecKey();
    for (const issuer of [root, undefined]) {
      const signing = (usage: Uint8Array[]) =>
        issue({
          subject: name("CN=CA"),
          key,
          ...(issuer && { issuer }),
          extensions: [basicConstraints(true), ...usage],
        });
      const chain = (signer: Authority) => [server(signer), signer];
      expect(await verdict(chain(signing([])), [issuer ?? signing([])])).toBe("ok");
      expect(await verdict(chain(signing([keyUsage(5)])), [issuer ?? signing([keyUsage(5)])])).toBe("ok");
      expect(await refusal(chain(signing([keyUsage(0)])), [issuer ?? signing([keyUsage(0)])])).toMatchObject({
        code: "key_usage",
        alert: "unsupported_certificate",
      });
    }
  });

  it("must be a CA; other certificates may have neither keyCertSign nor nameConstraints", async () => {
    const end = issue({ subject: name("CN=End"), issuer: root, extensions: [keyUsage(0, 5)] });
    expect(await verdict([end], [root], { reference: null })).toBe("key_usage");
    const constrains = issue({
      subject: name("CN=End"),
      issuer: root,
      extensions: [nameConstraints([dns("a.example")])],
    });
    expect(await verdict([constrains], [root], { reference: null })).toBe("malformed");
  });

  it("is never chosen by the key identifier alone", async () => {
    const id = (hex: string) => bytes(...Buffer.from(hex, "hex"));
    const ski = (hex: string) => extension("2.5.29.14", octets(id(hex)));
    const aki = (hex: string) => extension("2.5.29.35", seq(tlv(0x80, id(hex))));
    const one = ca("Same", { extensions: [ski("01")] });
    const two = ca("Same", { extensions: [ski("02")] });
    expect(await verdict([server(one, { extensions: [aki("02")] })], [two, one])).toBe("ok");
    expect(await verdict([server(one, { extensions: [aki("01")] })], [two, one])).toBe("ok");
    expect(await verdict([server(one, { extensions: [aki("02")] })], [two])).toBe("bad_signature");
    // Because of the key identifier, the search does not try the wrong issuer.
    let tries = 0;
    const provider: CryptoProvider = {
      ...noble,
      verify: (...parameters) => {
        tries++;
        return noble.verify(...parameters);
      },
    };
    await verify([server(one, { extensions: [aki("01")] })], [two, one], { provider });
    expect(tries).toBe(1);
  });

  it("is not an unusable certificate, and the error of that certificate is reported", async () => {
    const weak = issue({
      subject: name("O=Test", "CN=Weak"),
      issuer: root,
      spki: seq(seq(tlv(6, bytes(0x2a, 3))), tlv(3, bytes(0, 1))),
      extensions: [basicConstraints(true)],
    });
    expect(await refusal([server(weak), weak], [root])).toMatchObject({
      code: "weak_key",
      position: 1,
      subject: "CN=Weak,O=Test",
    });
  });
});

describe("validity", () => {
  const at = (iso: string) => ({ now: Date.parse(iso) });

  it("is inclusive at both ends, in whole seconds", async () => {
    const short = server(root, { notBefore: "2025-03-01T00:00:00Z", notAfter: "2025-04-01T00:00:00Z" });
    expect(await verdict([short], [root], at("2025-02-28T23:59:59.999Z"))).toBe("not_yet_valid");
    expect(await verdict([short], [root], at("2025-03-01T00:00:00Z"))).toBe("ok");
    expect(await verdict([short], [root], at("2025-04-01T00:00:00.999Z"))).toBe("ok");
    expect(await verdict([short], [root], at("2025-04-01T00:00:01Z"))).toBe("expired");
    expect(await refusal([short], [root], at("2025-05-01T00:00:00Z"))).toMatchObject({
      alert: "certificate_expired",
      position: 0,
    });
    expect(await refusal([short], [root], at("2025-02-01T00:00:00Z"))).toMatchObject({ alert: "certificate_expired" });
  });

  it("applies to intermediates and anchors", async () => {
    const old = ca("Old", { issuer: root, notAfter: "2025-05-01T00:00:00Z" });
    expect(await refusal([server(old), old], [root])).toMatchObject({ code: "expired", position: 1 });
    const oldRoot = ca("Old root", { notAfter: "2025-05-01T00:00:00Z" });
    const error = await refusal([server(oldRoot)], [oldRoot]);
    expect(error).toMatchObject({ code: "expired", position: undefined, subject: "CN=Old root,O=Test" });
    const young = ca("Young", { notBefore: "2025-07-01T00:00:00Z" });
    expect(await verdict([server(young)], [young])).toBe("not_yet_valid");
  });

  it("may be anywhere from 1950 to 9999", async () => {
    const long = server(root, {
      validity: [tlv(0x17, new TextEncoder().encode("500101000000Z")), time("9999-12-31T23:59:59Z")],
    });
    expect(await verdict([long], [root])).toBe("ok");
  });
});

describe("path length", () => {
  it("counts the intermediates below, without self-issued ones and the end-entity", async () => {
    const zero = ca("Zero", { issuer: root, pathLen: 0 });
    expect(await verdict([server(zero), zero], [root])).toBe("ok");
    const below = ca("Below", { issuer: zero });
    expect(await refusal([server(below), below, zero], [root])).toMatchObject({
      code: "path_length",
      alert: "bad_certificate",
      position: 2,
    });
    const end = ca("End", { issuer: zero, extensions: [subjectAltName(dns("www.example.com"))] });
    expect(await verdict([end, zero], [root])).toBe("ok");
    const rolled = ca("Zero", { issuer: zero });
    expect(await verdict([server(rolled), rolled, zero], [root])).toBe("ok");
    const deep = ca("Deep", { issuer: rolled });
    expect(await verdict([server(deep), deep, rolled, zero], [root])).toBe("path_length");
  });

  it("limits an anchor too", async () => {
    const short = ca("Short", { pathLen: 0 });
    const below = ca("Below", { issuer: short });
    expect(await verdict([server(short)], [short])).toBe("ok");
    expect(await verdict([server(below), below], [short])).toBe("path_length");
  });

  it("is at most 8 intermediates, or maxDepth", async () => {
    const chain = [root];
    for (let i = 0; i < 9; i++) chain.unshift(ca(`CA ${i}`, { issuer: chain[0]! }));
    const chainOf = (depth: number) => [server(chain[9 - depth]!), ...chain.slice(9 - depth, 9)];
    expect(await verdict(chainOf(8), [root])).toBe("ok");
    expect(await verdict(chainOf(9), [root])).toBe("path_length");
    expect(await verdict(chainOf(9), [root], { maxDepth: 9 })).toBe("ok");
    expect(await verdict(chainOf(1), [root], { maxDepth: 1 })).toBe("ok");
    expect(await verdict(chainOf(2), [root], { maxDepth: 1 })).toBe("path_length");
    expect(await verdict(chainOf(1), [root], { maxDepth: 0 })).toBe("path_length");
    expect(await verdict(chainOf(0), [root], { maxDepth: 0 })).toBe("ok");
  });

  it("in maxDepth does not count self-issued intermediates either", async () => {
    const chain = [ca("Same", { issuer: root })];
    for (let i = 0; i < 3; i++) chain.unshift(ca("Same", { issuer: chain[0]! }));
    expect(await verdict([server(chain[0]!), ...chain], [root], { maxDepth: 1 })).toBe("ok");
    expect(await verdict([server(chain[0]!), ...chain], [root], { maxDepth: 0 })).toBe("path_length");
    const rolled = ca("Root", { issuer: root });
    expect(await verdict([server(rolled), rolled], [root], { maxDepth: 0 })).toBe("ok");
    const below = ca("Below", { issuer: chain[0]! });
    expect(await verdict([server(below), below, ...chain], [root], { maxDepth: 1 })).toBe("path_length");
  });
});

describe("extensions", () => {
  it("are fatal on the path if they are critical and unknown, also in the anchor", async () => {
    const critical = { extensions: [unknown(true)] };
    expect(await refusal([server(root, critical)], [root])).toMatchObject({
      code: "unknown_critical_extension",
      alert: "bad_certificate",
    });
    const middle = ca("Middle", { issuer: root, ...critical });
    expect(await refusal([server(middle), middle], [root])).toMatchObject({
      code: "unknown_critical_extension",
      position: 1,
    });
    const top = ca("Top", critical);
    expect(await verdict([server(top)], [top])).toBe("unknown_critical_extension");
  });

  it("are not fatal outside of the path, and are ignored if they are not critical", async () => {
    const key = ecKey();
    const critical = ca("Middle", { key, issuer: root, extensions: [unknown(true)] });
    const good = ca("Middle", { key, issuer: root, extensions: [unknown(false)] });
    expect(await verdict([server(good, { extensions: [unknown(false)] }), critical, good], [root])).toBe("ok");
    // The contents of Subject Information Access are not read.
    expect(
      await verdict([server(root, { extensions: [extension("1.3.6.1.5.5.7.1.11", octets(bytes(1)))] })], [root]),
    ).toBe("ok");
  });
});

describe("extendedKeyUsage", () => {
  const usage = (...ids: string[]) => ({ extensions: [extKeyUsage(...ids)] });

  it("of the end-entity must allow the role of the peer", async () => {
    expect(await verdict([server(root, usage(serverAuth))], [root])).toBe("ok");
    expect(await verdict([server(root, usage(clientAuth, serverAuth))], [root])).toBe("ok");
    expect(await verdict([server(root, usage("2.5.29.37.0"))], [root])).toBe("ok");
    expect(await verdict([server(root, { extensions: [] })], [root])).toBe("ok");
    expect(await refusal([server(root, usage(clientAuth))], [root])).toMatchObject({
      code: "extended_key_usage",
      alert: "unsupported_certificate",
    });
    expect(await verdict([server(root, usage(clientAuth))], [root], { purpose: "client", reference: null })).toBe("ok");
    expect(await verdict([server(root, usage(serverAuth))], [root], { purpose: "client", reference: null })).toBe(
      "extended_key_usage",
    );
    expect(await verdict([server(root, usage("1.2.3"))], [root], { extendedKeyUsage: "1.2.3" })).toBe("ok");
  });

  it("of intermediates and anchors limits the certificates below", async () => {
    const clients = ca("Clients", { issuer: root, ...usage(clientAuth) });
    expect(await refusal([server(clients), clients], [root])).toMatchObject({
      code: "extended_key_usage",
      position: 1,
    });
    const top = ca("Clients root", usage(clientAuth));
    expect(await verdict([server(top)], [top])).toBe("extended_key_usage");
    const servers = ca("Servers", { issuer: root, ...usage(serverAuth) });
    expect(await verdict([server(servers), servers], [root])).toBe("ok");
  });
});

describe("the search for a path is limited to", () => {
  const countingProvider = (limit = Number.POSITIVE_INFINITY): { provider: CryptoProvider; verified: () => number } => {
    let verified = 0;
    const provider: CryptoProvider = {
      ...noble,
      verify: (...parameters) => {
        verified++;
        return verified <= limit && noble.verify(...parameters);
      },
    };
    return { provider, verified: () => verified };
  };

  it("16 certificates in a chain", async () => {
    const spare = Array.from({ length: 16 }, () => intermediate);
    expect(await verdict([leaf, ...spare.slice(1)], [root])).toBe("ok");
    expect(await refusal([leaf, ...spare], [root])).toMatchObject({ code: "budget", alert: "certificate_unknown" });
  });

  it("64 KiB for each certificate: a larger end-entity is refused, other larger ones are ignored", async () => {
    const fat = { extensions: [extension("1.2.3.4", new Uint8Array(70_000))] };
    expect(await verdict([server(root, fat)], [root])).toBe("malformed");
    expect(await verdict([leaf, ca("Fat", fat), intermediate], [root])).toBe("ok");
  });

  it("1,000 steps, and checks no signature with a key that no anchor certifies", async () => {
    const key = ecKey();
    const maze = Array.from({ length: 40 }, () =>
      ca("Maze", { key: ecKey(), issuer: { ...root, subject: name("O=Test", "CN=Maze") } }),
    );
    const { provider, verified } = countingProvider();
    const code = await verdict([server({ ...maze[0]!, key })], [root], {
      intermediates: maze.map(({ der }) => der),
      provider,
    });
    expect(code).toBe("budget");
    expect(verified()).toBe(0);
  });

  it("100 signatures, of which those of P-521 keys count as four", async () => {
    const { provider, verified } = countingProvider(0);
    const same = Array.from({ length: 120 }, () => ca("Root"));
    expect(await verdict([server(root)], same, { provider })).toBe("budget");
    expect(verified()).toBe(100);
    const heavy = countingProvider(0);
    const large = Array.from({ length: 40 }, () => ca("Root", { key: ecKey("P-521") }));
    expect(await verdict([server(root)], large, { provider: heavy.provider })).toBe("budget");
    expect(heavy.verified()).toBe(25);
  });

  it("250,000 comparisons of names with constraints, counted before the work", async () => {
    const many = (n: number, suffix: string) => Array.from({ length: n }, (_, i) => dns(`n${i}.${suffix}`));
    const constrained = ca("Constrained", {
      extensions: [nameConstraints([dns("example.com"), ...many(500, "a.test")], many(50, "b.test"))],
    });
    const names = (n: number) => [dns("www.example.com"), ...many(n, "example.com")];
    expect(await verdict([server(constrained, { names: names(400) })], [constrained])).toBe("ok");
    // The last name is excluded: code that compares before it counts would refuse it with `name_constraint`.
    const tooMany = [...names(500), dns("x.n1.b.test")];
    expect(await verdict([server(constrained, { names: tooMany })], [constrained])).toBe("budget");
    expect(
      await verdict([server(constrained, { names: tooMany.slice(-100) })], [constrained], { reference: null }),
    ).toBe("name_constraint");
  });

  it("one occurrence of each CA on a path, so that a loop ends", async () => {
    const [a, b] = [ecKey(), ecKey()];
    const nowhere = ca("Nowhere");
    const asB: Authority = { ...ca("B", { key: b, issuer: nowhere }), key: b };
    const aByB = ca("A", { key: a, issuer: asB });
    const bByA = ca("B", { key: b, issuer: aByB });
    expect(await verdict([server(aByB), aByB, bByA], [root])).toBe("unknown_issuer");
  });
});
