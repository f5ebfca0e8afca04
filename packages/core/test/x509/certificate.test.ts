import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { rootCertificates } from "node:tls";
import { describe, expect, it } from "vitest";
import { ascii, concat, fromHex, toHex } from "../../src/bytes/bytes.ts";
import { TlsError } from "../../src/errors.ts";
import { parseCertificate } from "../../src/x509/certificate.ts";
import { pemBlocks } from "../../src/x509/pem.ts";
import {
  basicConstraints,
  bits,
  bytes,
  type Content,
  ca,
  clientAuth,
  directory,
  dns,
  ecKey,
  email,
  extension,
  extKeyUsage,
  int,
  ip,
  issue,
  keyUsage,
  NULL,
  name,
  octets,
  oid,
  parsed,
  pemOf,
  seq,
  serverAuth,
  signers,
  spkiOf,
  subjectAltName,
  TRUE,
  time,
  tlv,
  uri,
} from "./make.ts";

/** The code of the error for a certificate; "ok" if it is accepted. */
const fault = (der: Uint8Array): string => {
  try {
    parseCertificate(der);
    return "ok";
  } catch (error) {
    if (!TlsError.is(error)) throw error;
    return error.code;
  }
};
const faultOf = (content: Content): string => fault(issue(content).der);
const withExtension = (id: string, value: Uint8Array): string => faultOf({ extensions: [extension(id, value)] });

describe("a certificate", () => {
  const root = ca("Root");
  const key = ecKey();
  const issued = issue({
    issuer: root,
    key,
    serial: tlv(2, fromHex("00ff01")),
    subject: name("C=DE", "O=Straße, GmbH", "CN=#1 \u0001 <x>"),
    notBefore: "2025-01-02T03:04:05Z",
    notAfter: "2051-06-07T08:09:10Z",
    extensions: [
      basicConstraints(false),
      keyUsage(0, 2),
      extKeyUsage(serverAuth, clientAuth),
      subjectAltName(
        dns("a.test"),
        ip(127, 0, 0, 1),
        email("me@a.test"),
        uri("https://a.test/"),
        directory(name("CN=x")),
        ip(1),
      ),
      extension("1.2.3.4.5", octets(bytes(1, 2)), true),
      extension("2.5.29.14", octets(bytes(7))),
      extension("2.5.29.35", seq(tlv(0x80, bytes(8)), tlv(0xa1, directory(name("CN=y"))), tlv(0x82, bytes(1)))),
    ],
  });
  const certificate = parsed(issued);

  it("is parsed with all its fields", () => {
    expect(certificate).toMatchObject({
      version: 3,
      serialNumber: "00ff01",
      notBefore: Date.parse("2025-01-02T03:04:05Z"),
      notAfter: Date.parse("2051-06-07T08:09:10Z"),
      isCa: false,
      pathLen: undefined,
      extendedKeyUsage: [serverAuth, clientAuth],
      signatureAlgorithm: { type: "ecdsa", hash: "sha256" },
      signatureAlgorithmOid: "1.2.840.10045.4.3.2",
      subjectKeyIdentifier: "07",
      authorityKeyIdentifier: "08",
      nameConstraints: undefined,
    });
    expect([...certificate.keyUsage!]).toEqual(["digitalSignature", "keyEncipherment"]);
    expect(certificate.subjectAltNames).toMatchObject({
      dns: ["a.test"],
      ip: ["127.0.0.1"],
      email: ["me@a.test"],
      uri: ["https://a.test/"],
    });
    expect(certificate.subjectAltNames.all).toHaveLength(6);
    expect(certificate.subject.text).toBe("CN=\\#1 \u0001 \\<x\\>,O=Straße\\, GmbH,C=DE");
    expect(certificate.issuer.text).toBe("CN=Root,O=Test");
    expect(certificate.raw).toEqual(issued.der);
    expect(certificate.spki).toEqual(spkiOf(key));
    expect(certificate.publicKey).toMatchObject({ type: "ec", curve: "secp256r1" });
    expect(certificate.keyBits).toBe(256);
    expect(certificate.extensions.get("1.2.3.4.5")).toEqual({ critical: true, value: octets(bytes(1, 2)) });
    expect(parsed(ca("P", { pathLen: 300 }))).toMatchObject({ isCa: true, pathLen: 300 });
  });

  it("is parsed to the same values as in Node.js", () => {
    const node = new X509Certificate(issued.der);
    expect(certificate.serialNumber.replace(/^00/, "").toUpperCase()).toBe(node.serialNumber);
    expect(certificate.notAfter).toBe(Date.parse(node.validTo));
    expect(certificate.fingerprint).toBe(node.fingerprint256);
    expect(certificate.spki).toEqual(new Uint8Array(node.publicKey.export({ type: "spki", format: "der" })));
  });

  it("may have names of old string types, but no malformed strings and no other types", () => {
    const attribute = (tag: number, value: Uint8Array) => ({ type: "CN", value: tlv(tag, value) });
    const subject = (tag: number, value: Uint8Array) => parsed(issue({ subject: name(attribute(tag, value)) })).subject;
    expect(subject(0x1e, bytes(0, 0x41, 0x20, 0xac)).text).toBe("CN=A€");
    expect(subject(0x1c, bytes(0, 1, 0xf6, 0)).text).toBe("CN=😀");
    expect(subject(0x14, bytes(0xe9)).text).toBe("CN=é");
    expect(subject(0x13, ascii("a")).normalised).toBe(subject(0x1e, bytes(0, 0x41)).normalised);
    expect(subject(0x12, ascii("12 34")).normalised).toBe(subject(0x0c, ascii("12 34")).normalised);
    expect(subject(0x1a, ascii("a")).text).toBe("CN=a");
    for (const [tag, value] of [
      [0x1e, bytes(1)],
      [0x1e, bytes(0xd8, 0)],
      [0x1c, bytes(1, 0, 0, 0)],
      [0x0c, bytes(0xc0, 0x80)],
      [0x0c, bytes(0xff)],
      [0x12, bytes(0xe9)],
      [0x16, bytes(0xe9)],
      [0x1a, bytes(0xe9)],
      // Values that are not strings: BIT STRING, OCTET STRING, GeneralizedTime, a context tag, a constructed string,
      // a SEQUENCE.
      [0x03, bytes(0, 1)],
      [0x04, ascii("a")],
      [0x18, ascii("20250101000000Z")],
      [0x80, ascii("a")],
      [0x2c, tlv(0x0c, ascii("a"))],
      [0x30, bytes()],
    ] as const) {
      expect(faultOf({ subject: name(attribute(tag, value)) })).toBe("malformed");
    }
  });

  it("may have bytes beyond ASCII in a PrintableString, and an x500UniqueIdentifier, which is not a string", () => {
    const subjectOf = (type: string, tag: number, value: Uint8Array) =>
      parsed(issue({ subject: name({ type, value: tlv(tag, value) }) })).subject;
    const latin = subjectOf("CN", 0x13, bytes(0x4d, 0xfc));
    expect(latin).toMatchObject({ text: "CN=#4dfc", hasUnnormalised: true });
    // Such values are compared by their bytes. With another case, encoding or type, the name is another one.
    for (const value of [bytes(0x6d, 0xfc), bytes(0x4d, 0xc3, 0xbc)])
      expect(subjectOf("CN", 0x13, value).normalised).not.toBe(latin.normalised);
    expect(subjectOf("CN", 0x14, bytes(0x4d, 0xfc)).normalised).not.toBe(latin.normalised);
    expect(subjectOf("CN", 0x13, ascii("a*b@c"))).toMatchObject({ text: "CN=a*b@c", hasUnnormalised: false });
    expect(subjectOf("2.5.4.45", 0x03, bytes(0, 1)).text).toBe("2.5.4.45=#0001");
  });

  it("can be read if it is a public root CA", () => {
    for (const pem of rootCertificates) {
      const [block] = pemBlocks(pem);
      const ours = parseCertificate(block!.der);
      expect(ours.notAfter).toBe(Date.parse(new X509Certificate(pem).validTo));
    }
  });

  it("can be read if openssl made it", () => {
    const pem = execFileSync(
      "openssl",
      [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-384",
        "-nodes",
        "-keyout",
        "/dev/null",
        "-subj",
        "/C=DE/CN=openssl",
        "-days",
        "3",
        "-addext",
        "subjectAltName=DNS:a.test,IP:::1",
      ],
      { stdio: ["ignore", "pipe", "ignore"] },
    ).toString();
    const ours = parseCertificate(pemBlocks(pem)[0]!.der);
    expect(ours).toMatchObject({ isCa: true, subjectAltNames: { dns: ["a.test"], ip: ["::1"] } });
    expect(ours.subject.text).toBe("CN=openssl,C=DE");
  });
});

describe("a certificate is malformed", () => {
  const good = issue({ extensions: [basicConstraints(false)] }).der;

  it("if it is cut off, or bytes follow it", () => {
    expect(fault(good)).toBe("ok");
    for (let i = 0; i < good.length; i++) expect(fault(good.subarray(0, i))).toBe("malformed");
    expect(fault(concat(good, bytes(0)))).toBe("malformed");
  });

  it("if a length is indefinite or not minimal", () => {
    const body = good.subarray(4);
    expect(fault(concat(bytes(0x30, 0x83, 0), good.subarray(2, 4), body))).toBe("malformed");
    expect(fault(concat(bytes(0x30, 0x80), body, bytes(0, 0)))).toBe("malformed");
    expect(fault(concat(bytes(0x30, 0x85, 0, 0, 0), good.subarray(2, 4), body))).toBe("malformed");
    expect(fault(bytes(0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0))).toBe("malformed");
  });

  it("if its two signature algorithms differ", () => {
    expect(faultOf({ outerAlgorithm: signers.ecdsaSha384.identifier })).toBe("malformed");
    expect(faultOf({ outerAlgorithm: seq(oid("1.2.840.10045.4.3.2"), NULL) })).toBe("malformed");
  });

  it("if its version is unknown, is an encoded default (v1), or is too old for its extensions", () => {
    expect(faultOf({ version: 2 })).toBe("ok");
    expect(faultOf({ version: 2, extensions: [basicConstraints(false)] })).toBe("malformed");
    expect(faultOf({ version: 4 as 3 })).toBe("malformed");
    // Version 1 is the DEFAULT, so DER must not encode it.
    const tbs = seq(
      tlv(0xa0, int(0)),
      int(1),
      signers.ecdsaSha256.identifier,
      name("CN=x"),
      seq(time("2025-01-01T00:00:00Z"), time("2025-01-01T00:00:00Z")),
      name("CN=x"),
      spkiOf(ecKey()),
    );
    expect(fault(seq(tbs, signers.ecdsaSha256.identifier, bits(bytes(1))))).toBe("malformed");
  });

  it("if its serial number is not minimal; a long, negative or zero one is accepted", () => {
    expect(faultOf({ serial: tlv(2, bytes(0, 1)) })).toBe("malformed");
    expect(faultOf({ serial: tlv(2, bytes(0xff, 0x80)) })).toBe("malformed");
    expect(faultOf({ serial: tlv(2) })).toBe("malformed");
    for (const serial of [bytes(0), bytes(0x80), new Uint8Array(40).fill(1)])
      expect(faultOf({ serial: tlv(2, serial) })).toBe("ok");
  });

  it("if a time does not exist or its syntax is not RFC 5280's; a GeneralizedTime before 2050 is accepted", () => {
    const at = (tag: number, text: string) =>
      faultOf({ validity: [tlv(tag, ascii(text)), time("2099-01-01T00:00:00Z")] });
    expect(at(0x17, "250101000000Z")).toBe("ok");
    expect(at(0x18, "20250101000000Z")).toBe("ok");
    expect(at(0x18, "00010101000000Z")).toBe("ok");
    expect(at(0x17, "240229000000Z")).toBe("ok");
    for (const text of [
      "2501010000Z",
      "250101000000",
      "250101000000+0000",
      "251301000000Z",
      "250001000000Z",
      "250100000000Z",
      "250132000000Z",
      "250229000000Z",
      "250101240000Z",
      "250101006000Z",
      "250101000060Z",
      "25010100000 Z",
      "20250101000000Z",
    ]) {
      expect([text, at(0x17, text)]).toEqual([text, "malformed"]);
    }
    for (const text of ["20250101000000.5Z", "20250101000000", "250101000000Z"])
      expect(at(0x18, text)).toBe("malformed");
    expect(at(0x16, "250101000000Z")).toBe("malformed");
  });

  it("if an extension occurs twice, encodes `critical` as FALSE or has no value", () => {
    expect(faultOf({ extensions: [basicConstraints(false), basicConstraints(false)] })).toBe("malformed");
    expect(faultOf({ extensions: [seq(oid("1.2.3"), bytes(1, 1, 0), octets(NULL))] })).toBe("malformed");
    expect(faultOf({ extensions: [seq(oid("1.2.3"), bytes(1, 1, 1), octets(NULL))] })).toBe("malformed");
    expect(faultOf({ extensions: [seq(oid("1.2.3"), TRUE, octets(NULL))] })).toBe("ok");
    expect(faultOf({ extensions: [seq(oid("1.2.3"), octets(NULL), NULL)] })).toBe("malformed");
    expect(faultOf({ extensions: [seq(oid("1.2.3"))] })).toBe("malformed");
  });

  it("if basicConstraints, keyUsage or extendedKeyUsage is malformed; `cA` encoded as FALSE is accepted", () => {
    // Some libraries encode FALSE, which is accepted. No other value but TRUE is accepted.
    expect(withExtension("2.5.29.19", seq(bytes(1, 1, 0)))).toBe("ok");
    expect(withExtension("2.5.29.19", seq(bytes(1, 1, 0), int(0)))).toBe("ok");
    expect(parsed(issue({ extensions: [extension("2.5.29.19", seq(bytes(1, 1, 0)))] })).isCa).toBe(false);
    for (const value of [bytes(1, 0), bytes(1, 1, 1), bytes(1, 2, 0, 0), bytes(1, 1, 0, 1, 1, 0xff)])
      expect(withExtension("2.5.29.19", seq(value))).toBe("malformed");
    expect(withExtension("2.5.29.19", seq(TRUE, int(0), NULL))).toBe("malformed");
    expect(withExtension("2.5.29.19", seq(TRUE, tlv(2, bytes(0xff))))).toBe("malformed");
    expect(withExtension("2.5.29.19", seq(TRUE, tlv(2, bytes(0, 0xff))))).toBe("ok");
    // CA:FALSE with pathlen:0, as in many tutorials.
    expect(withExtension("2.5.29.19", seq(int(0)))).toBe("ok");
    for (const value of [
      bits(bytes()),
      bits(bytes(0)),
      bits(bytes(0x81), 7),
      bits(bytes(), 1),
      tlv(3),
      bits(bytes(0x80), 8),
      seq(),
    ]) {
      expect(withExtension("2.5.29.15", value)).toBe("malformed");
    }
    expect(withExtension("2.5.29.37", seq())).toBe("malformed");
    expect(withExtension("2.5.29.37", seq(NULL))).toBe("malformed");
  });

  it("if its subjectAltName is malformed", () => {
    for (const value of [
      seq(),
      ascii("example.com"),
      seq(dns("bücher.example")),
      seq(tlv(0x89)),
      seq(tlv(0xa2, dns("a"))),
      seq(directory(bytes())),
      concat(seq(dns("a")), NULL),
    ]) {
      expect(withExtension("2.5.29.17", value)).toBe("malformed");
    }
  });

  it("if its authority information or key identifiers are malformed, even if they are not critical", () => {
    expect(withExtension("1.3.6.1.5.5.7.1.1", seq(seq(oid("1.3.6.1.5.5.7.48.2"), uri("http://a.test/"))))).toBe("ok");
    for (const value of [seq(), seq(seq()), ascii("malformed"), seq(seq(oid("1.2.3")))])
      expect(withExtension("1.3.6.1.5.5.7.1.1", value)).toBe("malformed");
    expect(withExtension("2.5.29.35", seq())).toBe("ok");
    for (const value of [octets(bytes()), seq(int(1)), seq(tlv(0xa1))])
      expect(withExtension("2.5.29.35", value)).toBe("malformed");
    expect(withExtension("2.5.29.14", seq())).toBe("malformed");
    expect(withExtension("1.3.6.1.5.5.7.1.11", ascii("whatever"))).toBe("ok");
  });

  it("if an OID is malformed", () => {
    for (const value of [
      bytes(),
      bytes(0x80, 1),
      bytes(0x2a, 0x80, 1),
      bytes(0x2a, 0x81),
      new Uint8Array(65).fill(1),
    ]) {
      expect(faultOf({ extensions: [seq(tlv(6, value), octets(NULL))] })).toBe("malformed");
    }
    const uuid = parsed(
      issue({ extensions: [seq(tlv(6, fromHex("6983faaba4dbd5bfc2ddb8ffeefbadf3ce9f0f")), octets(NULL))] }),
    );
    expect([...uuid.extensions.keys()][0]).toMatch(/^2\.25\.\d{30,}$/);
  });

  it("and the error names the certificate, the field and the fault", () => {
    try {
      parseCertificate(
        issue({ subject: name("CN=broken\u001b[31m"), extensions: [extension("2.5.29.37", seq())] }).der,
        2,
      );
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({
        code: "malformed",
        alert: "bad_certificate",
        fault: "peer",
        position: 2,
        subject: "CN=broken\u001b[31m",
      });
      expect((error as Error).message).toBe(
        "certificate 2 (CN=broken\ufffd[31m): extKeyUsage: DER: expected tag 6, got the end",
      );
    }
  });
});

describe("PEM", () => {
  const { der } = issue();
  const error = (text: string) => {
    try {
      pemBlocks(text);
    } catch (error) {
      if (TlsError.is(error)) return error.code;
    }
    return undefined;
  };

  it("is read anywhere in a text", () => {
    const pem = pemOf(der);
    expect(
      pemBlocks(`Bag Attributes\n  a: b\n${pem}\n# other\n${pem.replaceAll("CERTIFICATE", "PRIVATE KEY")}`),
    ).toEqual([
      { label: "CERTIFICATE", der },
      { label: "PRIVATE KEY", der },
    ]);
    expect(pemBlocks(pem.replaceAll("\n", "\r\n"))).toEqual([{ label: "CERTIFICATE", der }]);
    expect(pemBlocks("")).toEqual([]);
    expect(toHex(pemBlocks("-----BEGIN X-----\nAAE=\n-----END X-----")[0]!.der)).toBe("0001");
  });

  it("causes a configuration error if it is cut off, empty or not base64, or has headers", () => {
    for (const text of [
      "-----BEGIN X-----\nAAE=\n",
      "-----BEGIN X-----\nAAE=\n-----END Y-----\n",
      "-----BEGIN X-----\nA\n-----END X-----",
      "-----BEGIN X-----\nA*==\n-----END X-----",
      "-----BEGIN X-----\n-----END X-----",
      "-----BEGIN X-----\nProc-Type: 4,ENCRYPTED\n\nAAE=\n-----END X-----",
      "-----BEGIN X-----\n-----BEGIN X-----\nAAE=\n-----END X-----",
    ]) {
      expect([text, error(text)]).toEqual([text, "configuration"]);
    }
  });
});
