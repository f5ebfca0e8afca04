/**
 * Certificates of private CAs that a strict reader of RFC 5280 would not expect, and refusals that tell the user what
 * to change.
 */
import { describe, expect, it } from "vitest";
import { ascii } from "../../src/bytes/bytes.ts";
import { TlsError } from "../../src/errors.ts";
import { readOwnChain } from "../../src/x509/chain.ts";
import { trustPolicy } from "../../src/x509/trust.ts";
import {
  type Authority,
  basicConstraints,
  bits,
  bytes,
  ca,
  dns,
  extension,
  int,
  issue,
  keyUsage,
  NULL,
  name,
  octets,
  oid,
  parsed,
  pemOf,
  seq,
  server,
  signers,
  spkiOf,
  subjectAltName,
  tlv,
  uri,
} from "./make.ts";
import { refusal, verdict } from "./verify.ts";

const root = ca("Root");
const anyPolicy = "2.5.29.32.0";
const policies = (critical: boolean, ...ids: string[]) =>
  extension(
    "2.5.29.32",
    seq(...ids.map((id) => seq(oid(id), seq(seq(oid("1.3.6.1.5.5.7.2.1"), ascii("")))))),
    critical,
  );
const mappings = (...pairs: readonly (readonly [string, string])[]) =>
  extension("2.5.29.33", seq(...pairs.map(([from, to]) => seq(oid(from), oid(to)))), true);
const requires = (skip: number, critical = true) =>
  extension("2.5.29.36", seq(tlv(0x80, bytes(skip)), tlv(0x81, bytes(0))), critical);
/** The verdict on a path whose CA has these extensions. */
const inCa = (...extensions: Uint8Array[]) => {
  const issued = ca("Middle", { issuer: root, extensions });
  return verdict([server(issued), issued], [root]);
};
/** The verdict on an end-entity with these extensions. */
const inLeaf = (...extensions: Uint8Array[]) => verdict([server(root, { extensions })], [root]);

describe("policies", () => {
  it("may be critical if no certificate requires an explicit one", async () => {
    for (const extensions of [
      [policies(true, "1.2.3")],
      [policies(true, anyPolicy)],
      [extension("2.5.29.54", int(0), true)],
      [policies(true, "1.2.3"), mappings(["1.2.3", "1.2.4"])],
      [extension("2.5.29.36", seq(tlv(0x81, bytes(0))), true)],
    ]) {
      expect(await inCa(...extensions)).toBe("ok");
      expect(await inLeaf(...extensions)).toBe("ok");
    }
    const top = ca("Top", { extensions: [policies(true, "1.2.3")] });
    expect(await verdict([server(top)], [top])).toBe("ok");
  });

  it("are refused if they are malformed or map anyPolicy", async () => {
    for (const bad of [
      extension("2.5.29.32", seq(), true),
      extension("2.5.29.32", seq(seq()), true),
      extension("2.5.29.54", seq(), true),
      extension("2.5.29.54", tlv(2, bytes(0xff)), true),
      extension("2.5.29.33", seq(seq(oid("1.2.3"))), true),
      mappings(["1.2.3", "1.2.4"], [anyPolicy, "1.2.3"]),
      mappings(["1.2.3", anyPolicy]),
      extension("2.5.29.36", seq(), true),
      extension("2.5.29.36", seq(tlv(0x82, bytes(0))), true),
    ]) {
      expect([bad, await inCa(bad)]).toEqual([bad, "malformed"]);
      expect([bad, await inLeaf(bad)]).toEqual([bad, "malformed"]);
    }
  });

  it("are refused if they must be explicit, critical or not, with advice", async () => {
    expect(await inLeaf(requires(0))).toBe("unknown_critical_extension");
    expect(await inLeaf(requires(1))).toBe("ok");
    for (const critical of [true, false]) {
      const issued = ca("Middle", { issuer: root, extensions: [requires(0, critical)] });
      const error = await refusal([server(issued), issued], [root]);
      expect(error).toMatchObject({ code: "unknown_critical_extension", position: 1, alert: "bad_certificate" });
      expect(error.message).toMatch(/policyConstraints \(2\.5\.29\.36\) requires an explicit policy/);
      expect(error.advice).toMatch(/without requireExplicitPolicy/);
    }
    const top = ca("Top", { extensions: [requires(0)] });
    expect(await verdict([server(top)], [top])).toBe("unknown_critical_extension");
  });

  it("need not be explicit for fewer certificates than the CA states; self-issued ones do not count", async () => {
    // RFC 5280 §6.1.4 (h), (i) and §6.1.5 (a): the end-entity counts.
    expect(await inCa(requires(1))).toBe("unknown_critical_extension");
    expect(await inCa(requires(2))).toBe("ok");
    const upper = ca("Upper", { issuer: root, extensions: [requires(2)] });
    const lower = ca("Lower", { issuer: upper });
    expect(await verdict([server(lower), lower, upper], [root])).toBe("unknown_critical_extension");
    const rolled = ca("Upper", { issuer: upper });
    expect(await verdict([server(rolled), rolled, upper], [root])).toBe("ok");
  });
});

describe("extensions and names", () => {
  it("critical cRLDistributionPoints are accepted, and must be well-formed", async () => {
    const point = seq(tlv(0xa0, tlv(0xa0, uri("http://ca.test/crl"))));
    expect(await inLeaf(extension("2.5.29.31", seq(point), true))).toBe("ok");
    expect(await inCa(extension("2.5.29.31", seq(point, point), true))).toBe("ok");
    for (const bad of [seq(), seq(NULL), point.subarray(2), octets(bytes())])
      expect(await inLeaf(extension("2.5.29.31", bad, true))).toBe("malformed");
  });

  it("subjectAltName must be critical if the subject is empty", async () => {
    const issued = (critical: boolean, subject = name()) =>
      issue({ issuer: root, subject, extensions: [extension("2.5.29.17", seq(dns("www.example.com")), critical)] });
    expect(await verdict([issued(true)], [root])).toBe("ok");
    expect(await verdict([issued(false, name("CN=x"))], [root])).toBe("ok");
    const error = await refusal([issued(false)], [root]);
    expect(error).toMatchObject({ code: "malformed", position: 0 });
    expect(error.message).toContain("no subject, and subjectAltName not critical");
    expect(error.advice).toBe("issue it with a subject or a critical subjectAltName");
    expect(await verdict([issue({ issuer: root, subject: name() })], [root], { reference: null })).toBe("ok");
  });

  it("issuer names in a PrintableString beyond ASCII are equal if their bytes are equal", async () => {
    const printable = (...value: number[]) => name("O=Test", { type: "CN", value: tlv(0x13, bytes(...value)) });
    const issued = ca("x", { subject: printable(0x4d, 0xfc) });
    const under = (issuerName: Uint8Array) => verdict([server(issued, { issuerName })], [issued]);
    expect(await under(issued.subject)).toBe("ok");
    expect(await under(printable(0x6d, 0xfc))).toBe("unknown_issuer");
    expect(await under(name("O=Test", "CN=Mü"))).toBe("unknown_issuer");
  });

  it("a PrintableString beyond ASCII is refused under a constraint on directory names", async () => {
    const subject = name("O=Test", { type: "CN", value: tlv(0x13, bytes(0x4d, 0xfc)) });
    const excluding = (dn: Uint8Array) => {
      const subtree = tlv(0xa1, seq(tlv(0xa4, dn)));
      const only = ca("Only", { extensions: [extension("2.5.29.30", seq(subtree), true)] });
      return verdict([server(only, { subject })], [only]);
    };
    expect(await excluding(name("O=Test", "CN=Mü"))).toBe("name_constraint");
    expect(await excluding(name("O=Other"))).toBe("name_constraint");
  });
});

describe("a refusal says", () => {
  const describeRefusal = async (chain: readonly Authority[], trust: Parameters<typeof refusal>[1] = [root]) => {
    const { code, position, message, advice } = await refusal(chain, trust);
    return `${code} ${position} ${message} | ${advice}`;
  };

  it("how to issue version 3 with -extfile, if a certificate is of version 1", async () => {
    const old = issue({ subject: name("CN=old"), issuer: root, version: 1 });
    expect(await describeRefusal([old])).toMatch(
      /^malformed 0 certificate 0 \(CN=old\): version 1.*\| issue it as version 3, .*subjectAltName.*-extfile/,
    );
  });

  it("how to issue subjectAltName with -extfile, if a certificate has no name", async () => {
    const unnamed = issue({ subject: name("CN=www.example.com"), issuer: root, extensions: [basicConstraints(false)] });
    expect(await describeRefusal([unnamed])).toMatch(
      /^name_mismatch 0 .*no name at all.*\| .*subjectAltName.*-extfile/,
    );
  });

  it("the right length of the salt, for signatures and for keys", async () => {
    const key = (await import("node:crypto")).generateKeyPairSync("rsa", { modulusLength: 2048 });
    const signed = { ...ca("PSS", { key, issuer: root }), signer: signers.pssSha256Salt20 };
    expect(await describeRefusal([server(signed), signed])).toMatch(
      /^weak_signature 0 .*\| .*salt length.*rsa_pss_saltlen:digest/,
    );
    const salt20 = signers.pssSha256Salt20.identifier;
    const restricted = seq(salt20, bits(spkiOf(key).subarray(-270)));
    expect(await describeRefusal([server(root, { spki: restricted })])).toMatch(
      /^weak_key 0 .*subjectPublicKeyInfo: .*salt length/,
    );
    // A signature with SHA-1 gets other advice.
    const sha1 = { ...ca("SHA-1", { key, issuer: root }), signer: signers.rsaSha1 };
    expect(await describeRefusal([server(sha1), sha1])).toMatch(/^weak_signature 0 .*\| use SHA-256 or better/);
  });

  it.each([
    ["2.5.29.18", "issuerAltName: "],
    ["1.3.6.1.4.1.11129.2.4.3", "precertificate poison: "],
    ["2.16.840.1.113730.1.1", "netscapeCertType: "],
    ["1.3.6.1.4.1.99999.1", ""],
  ])("the OID and, if known, the name of an unsupported critical extension, %s", async (id, name) => {
    const issued = server(root, { extensions: [extension(id, octets(bytes()), true)] });
    const text = await describeRefusal([issued]);
    expect(text).toContain(`the critical extension ${id} is unknown`);
    expect(text.split(" | ")[1]).toBe(`${name}issue it without, or not critical`);
  });

  it.each([
    ["serialNumber", { serial: tlv(2, bytes(0, 1)) }],
    ["signature", { outerAlgorithm: signers.ecdsaSha384.identifier }],
    ["issuer", { issuerName: seq(tlv(0x31)) }],
    ["validity", { validity: [tlv(0x17, ascii("2501010000Z")), tlv(0x17, ascii("2501010000Z"))] as const }],
    ["subject", { subject: name({ type: "CN", value: tlv(0x0c, bytes(0xff)) }) }],
    ["subjectPublicKeyInfo", { spki: seq(signers.rsaSha256.identifier) }],
    ["extensions", { extensions: [keyUsage(0), keyUsage(0)] }],
    ["subjectAltName", { extensions: [subjectAltName()] }],
    ["keyUsage", { extensions: [extension("2.5.29.15", bits(bytes()))] }],
    ["extKeyUsage", { extensions: [extension("2.5.29.37", seq())] }],
    ["basicConstraints", { extensions: [extension("2.5.29.19", NULL)] }],
    ["nameConstraints", { extensions: [extension("2.5.29.30", seq())] }],
    ["certificatePolicies", { extensions: [extension("2.5.29.32", seq())] }],
    ["authorityKeyIdentifier", { extensions: [extension("2.5.29.35", NULL)] }],
    ["authorityInfoAccess", { extensions: [extension("1.3.6.1.5.5.7.1.1", seq())] }],
  ])("the field of a DER fault, %s", async (field, content) => {
    const error = await refusal([issue({ issuer: root, ...content })], [root]);
    expect(error.code).toMatch(/malformed|weak_key/);
    expect(error.message).toMatch(new RegExp(`: ${field}: (DER: )?`));
  });

  it("no field if a fault is outside of all fields", async () => {
    const error = await refusal([{ der: bytes(0x30, 0x80) }], [root]);
    expect(error.message).toBe("certificate 0: DER: length indefinite or above 4 bytes");
  });

  const configurationError = (task: () => unknown): string => {
    try {
      task();
    } catch (error) {
      if (TlsError.is(error) && error.fault === "configuration") return error.message;
      throw error;
    }
    throw new Error("it was accepted");
  };
  const broken = issue({ subject: name("CN=broken"), extensions: [extension("2.5.29.37", seq())] });

  it("which certificate of ca has a fault", () => {
    expect(configurationError(() => trustPolicy({ ca: pemOf(broken.der) }))).toBe(
      "ca: certificate 1 of 1 (CN=broken): extKeyUsage: DER: expected tag 6, got the end",
    );
    const two = pemOf(bytes(0x30, 0)) + pemOf(broken.der);
    expect(configurationError(() => trustPolicy({ ca: two }))).toMatch(/^ca: certificate 1 of 2: tbsCertificate: /);
    const cut = pemOf(root.der) + pemOf(root.der).replace("MII", "M*I");
    expect(configurationError(() => trustPolicy({ ca: cut }))).toMatch(/^PEM: CERTIFICATE \(block 2\) /);
  });

  it("that the issuer was left out of ca, and why", async () => {
    const bad = ca("Left out", { extensions: [extension("2.5.29.37", seq())] });
    const { anchors } = trustPolicy({ ca: pemOf(root.der) + pemOf(bad.der) });
    expect(anchors).toHaveLength(1);
    const error = await refusal([server(bad)], { ca: pemOf(root.der) + pemOf(bad.der) });
    expect(error).toMatchObject({ code: "unknown_issuer", alert: "unknown_ca" });
    expect(error.reason).toContain(
      "ca: certificate 2 of 2 (CN=Left out,O=Test): extKeyUsage: DER: expected tag 6, got the end",
    );
    expect(error.advice).toBe("replace that certificate in ca");
  });

  it("which certificate of our own chain has a fault", () => {
    expect(configurationError(() => readOwnChain(pemOf(server(root).der) + pemOf(broken.der)))).toMatch(
      /certificate 1 \(CN=broken\): extKeyUsage: DER/,
    );
  });
});

it("the application can read the URI names of a certificate", () => {
  const spiffe = "spiffe://prod.example/ns/default/sa/web";
  expect(parsed(server(root, { names: [uri(spiffe)] })).subjectAltNames.uri).toEqual([spiffe]);
});
