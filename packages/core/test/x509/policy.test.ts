import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { TlsError } from "../../src/errors.ts";
import { explain } from "../../src/validation/explain.ts";
import { type TrustOptions, trustPolicy } from "../../src/x509/trust.ts";
import { VerifiedPeer } from "../../src/x509/verify.ts";
import { bytes, ca, clientAuth, dns, ecKey, extKeyUsage, parsed, pemOf, pinOf, server } from "./make.ts";
import { refusal, verdict, verify } from "./verify.ts";

const root = ca("Root");
const intermediate = ca("Intermediate", { issuer: root });
const leaf = server(intermediate);
const foreignRoot = ca("Foreign root");
const foreign = server(foreignRoot);
const pins = (...keys: { key: { publicKey: never } | ReturnType<typeof ecKey> }[]) => ({
  pins: keys.map(({ key }) => pinOf(key as ReturnType<typeof ecKey>)),
});

describe("trustPolicy", () => {
  const error = (options: TrustOptions) => {
    try {
      trustPolicy(options);
    } catch (error) {
      if (TlsError.is(error)) return `${error.code} ${error.fault}: ${error.message}`;
    }
    return undefined;
  };

  it("reads anchors from PEM, DER and parsed certificates, one or many", () => {
    const pem = `first\n${pemOf(root.der)}second\r\n${pemOf(foreignRoot.der).replaceAll("\n", "\r\n")}`;
    expect(trustPolicy({ ca: pem }).anchors).toHaveLength(2);
    expect(trustPolicy({ ca: new TextEncoder().encode(pem) }).anchors).toHaveLength(2);
    expect(trustPolicy({ ca: root.der }).anchors).toHaveLength(1);
    expect(trustPolicy({ ca: [pem, root.der, parsed(root)] }).anchors).toHaveLength(4);
  });

  it("leaves unusable certificates out of a bundle", () => {
    const old = ca("Old", { key: generateKeyPairSync("rsa", { modulusLength: 1024 }) });
    const bundle = [old, root, { der: bytes(0x30, 0) }].map(({ der }) => pemOf(der)).join("");
    expect(trustPolicy({ ca: bundle }).anchors.map(({ subject }) => subject.text)).toEqual(["CN=Root,O=Test"]);
    expect(error({ ca: pemOf(old.der) })).toMatch(/1024 bits/);
  });

  it("parses the same text only once, and a different text separately", () => {
    const [one, other] = [pemOf(root.der), pemOf(foreignRoot.der)];
    const [first] = trustPolicy({ ca: one }).anchors;
    expect(trustPolicy({ ca: Buffer.from(one).toString() }).anchors).toEqual([first]);
    expect(trustPolicy({ ca: one }).anchors[0]).toBe(first);
    expect(trustPolicy({ ca: other }).anchors[0]?.subject.text).toBe("CN=Foreign root,O=Test");
    expect(error({ ca: "no PEM at all" })).toMatch(/no certificate/);
    expect(trustPolicy({ ca: other }).anchors[0]?.subject.text).toBe("CN=Foreign root,O=Test");
    expect(trustPolicy({ ca: one }).anchors[0]?.subject.text).toBe("CN=Root,O=Test");
  });

  it("names the same options in the error and in its advice, and takes each alone", () => {
    const options: TrustOptions = { ca: pemOf(root.der), ...pins(leaf), trust: () => true, insecure: true };
    const message = error({})?.replace("configuration configuration: ", "") ?? "";
    const advice = explain({}, message)?.[1] ?? "";
    expect(message.match(/give (.*)$/)?.[1]?.split(/, | or /)).toEqual(Object.keys(options));
    expect([...advice.matchAll(/(\w+): /g)].map(([, option]) => option)).toEqual(Object.keys(options));
    for (const [option, value] of Object.entries(options)) expect(error({ [option]: value })).toBeUndefined();
  });

  it("refuses options that trust no peer, have more than one root of trust, or are malformed", () => {
    expect(error({})).toMatch(/^configuration configuration: no trust anchor/);
    expect(error({ ca: [] })).toMatch(/no trust anchor/);
    expect(error({ pins: [] })).toMatch(/no trust anchor/);
    expect(error({ ca: "no PEM at all" })).toMatch(/no certificate/);
    expect(error({ ca: bytes(0x30, 1, 2) })).toMatch(/ca: certificate 1 of 1: tbsCertificate: DER/);
    expect(error({ ca: pemOf(root.der).replace("END", "DNE") })).toMatch(/has no end/);
    expect(error({ ca: pemOf(bytes(1, 2, 3)) })).toMatch(/ca: certificate 1 of 1: DER/);
    for (const pin of [
      "",
      "sha256/",
      "sha256/AAAA",
      `sha1/${"A".repeat(43)}=`,
      "A".repeat(43),
      `sha256/${"!".repeat(43)}=`,
    ]) {
      expect(error({ pins: [pin] })).toMatch(/^configuration configuration: pins: /);
    }
    expect(error({ insecure: true, ca: root.der })).toMatch(/more than one root of trust/);
    expect(error({ insecure: true, ...pins(root) })).toMatch(/more than one root of trust/);
    expect(error({ trust: () => true, ca: root.der })).toMatch(/more than one root of trust/);
    for (const minimumRsaBits of [1024, 8193, Number.NaN])
      expect(error({ ca: root.der, minimumRsaBits })).toMatch(/minimumRsaBits/);
    for (const minimumEcBits of [224, 522]) expect(error({ ca: root.der, minimumEcBits })).toMatch(/minimumEcBits/);
  });
});

describe("pins with a CA", () => {
  it("match any certificate of the verified path", async () => {
    for (const pinned of [leaf, intermediate, root]) {
      const peer = await verify([leaf, intermediate], { ca: root.der, ...pins(pinned) });
      expect(peer.verifiedBy).toBe("ca");
      expect(peer.path).toHaveLength(3);
    }
    const {
      pins: [pin],
    } = pins(root);
    expect(await verdict([leaf, intermediate], { ca: root.der, pins: [...pins(foreign).pins, pin!] })).toBe("ok");
  });

  it("never match a certificate outside of the verified path", async () => {
    expect(await refusal([leaf, intermediate, foreignRoot], { ca: root.der, ...pins(foreignRoot) })).toMatchObject({
      code: "pin",
      alert: "certificate_unknown",
    });
  });

  it("replace neither the path nor the name", async () => {
    expect(await verdict([foreign, foreignRoot], { ca: root.der, ...pins(foreign) })).toBe("unknown_issuer");
    const other = server(root, { names: [dns("other.example.com")] });
    expect(await verdict([other], { ca: root.der, ...pins(other) })).toBe("name_mismatch");
  });

  it("choose between paths", async () => {
    const key = ecKey();
    const second = ca("Second root");
    const crossed = [ca("Crossed", { key, issuer: root }), ca("Crossed", { key, issuer: second })];
    const chain = [server(crossed[0]!), ...crossed];
    for (const wanted of [root, second]) {
      const { path } = await verify(chain, { ca: [root.der, second.der], ...pins(wanted) });
      expect(path[2]!.raw).toEqual(wanted.der);
    }
  });
});

describe("pins alone", () => {
  it("on the end-entity's key replace the checks of path and name", async () => {
    const peer = await verify([leaf], pins(leaf), { reference: "anything.test" });
    expect(peer).toMatchObject({ verifiedBy: "pin" });
    expect(peer.path).toHaveLength(1);
    expect(await verdict([server(leaf)], pins(leaf))).toBe("pin");
  });

  it("on the end-entity's key do not replace the checks of dates and extendedKeyUsage", async () => {
    const old = server(root, { notAfter: "2025-02-01T00:00:00Z" });
    expect(await verdict([old], pins(old))).toBe("expired");
    const young = server(root, { notBefore: "2025-08-01T00:00:00Z" });
    expect(await verdict([young], pins(young))).toBe("not_yet_valid");
    const client = server(root, { extensions: [extKeyUsage(clientAuth)] });
    expect(await verdict([client], pins(client))).toBe("extended_key_usage");
    expect(await verdict([client], pins(client), { purpose: "client", reference: null })).toBe("ok");
  });

  it("on a CA in the chain make it the anchor of a fully verified path", async () => {
    const peer = await verify([leaf, intermediate], pins(intermediate));
    expect(peer.verifiedBy).toBe("pin");
    expect(peer.path).toHaveLength(2);
    expect((await verify([leaf, intermediate, root], pins(root))).path).toHaveLength(3);
    expect(await verdict([leaf, intermediate], pins(intermediate), { reference: "other.test" })).toBe("name_mismatch");
    expect(await verdict([server(intermediate, { forge: true }), intermediate], pins(intermediate))).toBe(
      "bad_signature",
    );
    const old = ca("Old", { notAfter: "2025-02-01T00:00:00Z" });
    expect(await verdict([server(old), old], pins(old))).toBe("expired");
  });

  it("never accept a certificate that is appended to a foreign chain", async () => {
    expect(await verdict([foreign, foreignRoot, root], pins(root))).toBe("unknown_issuer");
    expect(await verdict([foreign, leaf], pins(leaf))).toBe("pin");
    // A forged CA with the pinned CA's name does not help: the signature does not fit the pinned key.
    const fake = ca("Intermediate");
    expect(await verdict([server(fake), intermediate], pins(intermediate))).toBe("bad_signature");
  });

  it("accept neither a CA that was not sent nor an ordinary certificate as a CA", async () => {
    expect(await refusal([leaf, intermediate], pins(root))).toMatchObject({
      code: "pin",
      alert: "certificate_unknown",
      position: 0,
    });
    expect(await verdict([server(leaf), leaf], pins(leaf))).toBe("pin");
  });
});

describe("insecure", () => {
  it("accepts any certificate that can be read, and says so in verifiedBy", async () => {
    const old = server(foreignRoot, { notAfter: "2025-02-01T00:00:00Z", forge: true });
    const peer = await verify([old], { insecure: true });
    expect(peer.verifiedBy).toBe("insecure");
    expect(peer.path).toHaveLength(1);
    expect(await verdict([{ der: bytes(1) }], { insecure: true })).toBe("malformed");
  });
});

describe("hooks", () => {
  it("verify gets the verified path and can only refuse", async () => {
    const seen: string[] = [];
    const look = (peer: VerifiedPeer) => seen.push(`${peer.verifiedBy} ${peer.path.length}`) > 0;
    expect(await verdict([leaf, intermediate], { ca: root.der, verify: look })).toBe("ok");
    expect(await verdict([foreign], { ca: root.der, verify: look })).toBe("unknown_issuer");
    expect(seen).toEqual(["ca 3"]);
    expect(await verdict([leaf, intermediate], { ca: root.der, verify: async () => false })).toBe("untrusted");
    const broken = await refusal([leaf, intermediate], {
      ca: root.der,
      verify: () => {
        throw new Error("revoked");
      },
    });
    expect(broken).toMatchObject({ code: "untrusted", alert: "certificate_unknown", cause: new Error("revoked") });
    expect(broken.message).toMatch(/revoked/);
    expect(await verdict([leaf], { insecure: true, verify: () => false })).toBe("untrusted");
  });

  it("trust replaces the anchors; dates are still checked", async () => {
    const peer = await verify([foreign, foreignRoot], { trust: async (chain) => chain.length === 2 });
    expect(peer.verifiedBy).toBe("trust");
    expect(await verdict([foreign], { trust: () => false })).toBe("untrusted");
    expect(await verdict([foreign], { trust: () => Promise.reject(new Error("no")) })).toBe("untrusted");
    expect(await verdict([foreign], { trust: () => 1 as unknown as boolean })).toBe("untrusted");
    const old = server(root, { notAfter: "2025-02-01T00:00:00Z" });
    expect(await verdict([old], { trust: () => true })).toBe("expired");
  });
});

it("the constructor of VerifiedPeer is private", () => {
  // @ts-expect-error its constructor is private
  const forge = () => new VerifiedPeer(parsed(leaf), [], "ca");
  expect(forge).toBeTypeOf("function");
});

it("a chain without a certificate is malformed", async () => {
  expect(await verdict([], [root])).toBe("malformed");
});

it("pins and fingerprints equal those that Node.js computes", () => {
  const certificate = parsed(leaf);
  expect(certificate.pin).toBe(pinOf(leaf.key));
  expect(certificate.fingerprint).toBe(new X509Certificate(leaf.der).fingerprint256);
});
