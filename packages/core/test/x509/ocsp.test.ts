import { asyncProvider } from "@handclasp/testing";
import { describe, expect, it, test } from "vitest";
import { concat } from "../../src/bytes/bytes.ts";
import { noble } from "../../src/crypto/noble.ts";
import type { CryptoProvider } from "../../src/crypto/provider.ts";
import { TlsError } from "../../src/errors.ts";
import { runFlow } from "../../src/flow.ts";
import { maxClockSkew, maxStatusAge } from "../../src/limits.ts";
import { parseOcspResponse, ocsp as policies, verifyOcsp } from "../../src/ocsp.ts";
import type { OcspPolicy, OcspPolicyRow } from "../../src/x509/ocsp.ts";

const ocsp = policies as Readonly<Record<OcspPolicy["name"], OcspPolicyRow>>;

import {
  type Authority,
  basicConstraints,
  bytes,
  ca,
  ecKey,
  extension,
  extKeyUsage,
  int,
  issue,
  keyUsage,
  NULL,
  name,
  now,
  parsed,
  pinOf,
  seq,
  server,
  serverAuth,
  signers,
  tlv,
} from "./make.ts";
import {
  basic,
  byKey,
  byName,
  digest,
  generalizedTime,
  keyBitsOf,
  noCheck,
  ocspResponse,
  ocspSigning,
  type Response,
  responder,
  type Single,
  single,
  statuses,
  tlsFeature,
  wrapped,
} from "./makeOcsp.ts";
import { verdict as pathVerdict, verify as verifyPath } from "./verify.ts";

const root = ca("Root");
const middle = ca("Middle", { issuer: root });
const leaf = server(middle);
const other = server(middle);
const stranger = ca("Stranger");
const second = 1000;
const day = 86_400_000;

/** The fields of a response that differ from those of a good response. */
interface Changes extends Partial<Omit<Response, "responses">> {
  single?: Partial<Single>;
  responses?: readonly Uint8Array[];
}
const statusOf = (fields: Partial<Single> = {}): Uint8Array => single({ of: leaf, by: middle, ...fields });
const responseWith = ({ single: fields, ...response }: Changes = {}): Uint8Array =>
  ocspResponse({ responses: [statusOf(fields)], signedBy: middle, ...response });

/** The error for a response, `undefined` if it is good. */
async function fault(response: Uint8Array, provider: CryptoProvider = noble, at = now): Promise<TlsError | undefined> {
  try {
    await verifyOcsp({ response, certificate: parsed(leaf), issuer: parsed(middle), now: at, provider });
    return undefined;
  } catch (error) {
    if (TlsError.is(error)) return error;
    throw error;
  }
}
const verdict = async (changes: Changes = {}, at = now): Promise<string> =>
  (await fault(responseWith(changes), noble, at))?.code ?? "good";

describe("the status of a certificate", () => {
  it("is good if the certificate's issuer states it, with SHA-1 or SHA-256 and any form of ResponderID", async () => {
    for (const hash of ["sha1", "sha256"] as const)
      for (const parameters of [[], [NULL]])
        for (const responder of [byName(middle), byKey(middle)])
          expect(await verdict({ single: { hash, parameters }, responder })).toBe("good");
  });

  it("is refused if it is revoked or unknown, each with its alert", async () => {
    const revoked = await fault(responseWith({ single: { status: statuses.revoked } }));
    expect(revoked).toMatchObject({ code: "revoked", alert: "certificate_revoked", by: "us", fault: "peer" });
    expect(revoked?.message).toContain("revoked on 2025-06-15T11:00:00Z: keyCompromise");
    const withoutReason = tlv(0xa1, generalizedTime(now));
    expect(await verdict({ single: { status: withoutReason } })).toBe("revoked");
    const unknown = await fault(responseWith({ single: { status: statuses.unknown } }));
    expect(unknown).toMatchObject({ code: "ocsp_unknown", alert: "bad_certificate_status_response" });
  });

  it("matches the serial number, the issuer's name and the issuer's key", async () => {
    const mismatches: readonly Partial<Single>[] = [
      { serial: int(7) },
      { nameHash: digest("sha1", stranger.subject) },
      { keyHash: digest("sha1", keyBitsOf(root)) },
      { hash: "sha256", keyHash: digest("sha1", keyBitsOf(middle)) },
      { of: other },
    ];
    for (const mismatch of mismatches) expect(await verdict({ single: mismatch })).toBe("ocsp_unknown");
    // A CertID with an obsolete hash matches no certificate.
    expect(await verdict({ single: { hash: "md5" } })).toBe("ocsp_unknown");
  });

  it("is found among others; if two are about this certificate, the one that is not good counts", async () => {
    const others = [statusOf({ of: other, status: statuses.revoked }), statusOf({ hash: "md5" })];
    expect(await verdict({ responses: [...others, statusOf()] })).toBe("good");
    expect(
      await verdict({ responses: [statusOf(), ...others, statusOf({ status: statuses.revoked, hash: "sha256" })] }),
    ).toBe("revoked");
  });

  it("is not good at a time that is not a number", async () => {
    await expect(fault(responseWith(), noble, Number.NaN)).rejects.toThrow();
  });

  it("is verified with an asynchronous provider", async () => {
    const provider = asyncProvider(noble);
    expect(await fault(responseWith(), provider)).toBeUndefined();
    expect((await fault(responseWith({ forge: true }), provider))?.code).toBe("ocsp_signature");
  });
});

describe("the time of a status", () => {
  it("thisUpdate may be at most maxClockSkew ahead of our clock", async () => {
    expect(await verdict({ single: { thisUpdate: maxClockSkew, nextUpdate: day } })).toBe("good");
    expect(await verdict({ single: { thisUpdate: maxClockSkew + second, nextUpdate: day } })).toBe("ocsp_expired");
  });

  it("nextUpdate is inclusive, in whole seconds", async () => {
    expect(await verdict({ single: { nextUpdate: 0 } }, now + 999)).toBe("good");
    expect(await verdict({ single: { nextUpdate: 0 } }, now + second)).toBe("ocsp_expired");
    expect(await verdict({ single: { thisUpdate: maxClockSkew, nextUpdate: second } })).toBe("ocsp_expired");
    const error = await fault(responseWith({ single: { nextUpdate: -second } }));
    expect(error).toMatchObject({ alert: "bad_certificate_status_response" });
    expect(error?.message).toContain("until 2025-06-15T11:59:59Z");
  });

  it("a status without nextUpdate is valid for maxStatusAge", async () => {
    expect(await verdict({ single: { nextUpdate: null, thisUpdate: -maxStatusAge } })).toBe("good");
    expect(await verdict({ single: { nextUpdate: null, thisUpdate: -maxStatusAge - second } })).toBe("ocsp_expired");
  });
});

describe("the signer of a status", () => {
  it("may be the issuer, but neither another CA nor the server", async () => {
    expect(await verdict({ forge: true })).toBe("ocsp_signature");
    for (const signedBy of [root, stranger, leaf]) {
      expect(await verdict({ signedBy })).toBe("ocsp_signature");
      expect(await verdict({ signedBy, responder: byName(middle) })).toBe("ocsp_signature");
      expect(await verdict({ signedBy, responder: byKey(signedBy), certificates: [signedBy.der] })).toBe(
        "ocsp_signature",
      );
    }
    // The issuer signed, but ResponderID names another CA.
    expect(await verdict({ responder: byName(root) })).toBe("ocsp_signature");
    expect(await verdict({ responder: byKey(root) })).toBe("ocsp_signature");
  });

  it("may be a responder that the issuer certified for it", async () => {
    const signedBy = responder(middle);
    for (const id of [byName(signedBy), byKey(signedBy)]) {
      expect(await verdict({ signedBy, responder: id, certificates: [signedBy.der] })).toBe("good");
      expect(await verdict({ signedBy, responder: id })).toBe("ocsp_signature");
      expect(await verdict({ signedBy, responder: byName(stranger), certificates: [signedBy.der] })).toBe(
        "ocsp_signature",
      );
      expect(await verdict({ signedBy, responder: id, certificates: [signedBy.der], forge: true })).toBe(
        "ocsp_signature",
      );
    }
    const rubbish = seq(bytes(5, 0));
    expect(await verdict({ signedBy, certificates: [rubbish, middle.der, signedBy.der] })).toBe("good");
  });

  it("must, if not the issuer, be certified by it: extendedKeyUsage, dates, keyUsage, signature", async () => {
    const eku = extKeyUsage(ocspSigning);
    const impostor = ca("Middle"); // the right name with another key
    const below = ca("Below", { issuer: middle });
    const wrong: readonly (readonly [string, Authority])[] = [
      ["extendedKeyUsage", responder(middle, { extensions: [noCheck()] })],
      ["extendedKeyUsage", responder(middle, { extensions: [extKeyUsage(serverAuth)] })],
      ["extendedKeyUsage", responder(middle, { extensions: [extKeyUsage("2.5.29.37.0")] })],
      ["expired on", responder(middle, { notAfter: "2025-06-15T11:59:59Z" })],
      ["valid from", responder(middle, { notBefore: "2025-06-15T12:00:01Z" })],
      ["keyUsage", responder(middle, { extensions: [eku, keyUsage(2)] })],
      ["not signed by the issuer", responder(middle, { forge: true })],
      ["not signed by the issuer", responder(impostor)],
      ["another CA than the issuer", responder(root)],
      ["another CA than the issuer", responder(below)],
      ["critical extension 1.2.3", responder(middle, { extensions: [eku, extension("1.2.3", NULL, true)] })],
      ["not accepted", responder(middle, { signer: signers.ecdsaSha1 })],
      ["version 1", responder(middle, { version: 1, extensions: [] })],
    ];
    for (const [reason, signedBy] of wrong) {
      const error = await fault(responseWith({ signedBy, certificates: [signedBy.der] }));
      expect(error, reason).toMatchObject({ code: "ocsp_signature", alert: "bad_certificate_status_response" });
      if (reason !== "version 1") expect(error?.message).toContain(reason);
    }
    for (const extensions of [[eku], [eku, keyUsage(0)], [eku, keyUsage(1)], [eku, noCheck(true)]]) {
      const signedBy = responder(middle, { extensions });
      expect(await verdict({ signedBy, certificates: [signedBy.der] })).toBe("good");
    }
  });

  it("is neither a CA below the issuer nor the server itself", async () => {
    const below = ca("Below", { issuer: middle });
    expect(await verdict({ signedBy: below, certificates: [below.der] })).toBe("ocsp_signature");
    expect(await verdict({ signedBy: leaf, certificates: [leaf.der] })).toBe("ocsp_signature");
  });

  it("may not sign with SHA-1", async () => {
    const error = await fault(responseWith({ signer: signers.ecdsaSha1 }));
    expect(error).toMatchObject({ code: "ocsp_signature" });
    expect(error?.message).toContain("1.2.840.10045.4.1");
  });

  it("has its subject shortened in errors, without control characters, so that it cannot fill a log", async () => {
    const signedBy = responder(middle, {
      subject: name(`CN=\u001b[31m${"x".repeat(5000)}`),
      extensions: [keyUsage(0)],
    });
    const message = (await fault(responseWith({ signedBy, certificates: [signedBy.der] })))?.message ?? "";
    expect(message).toContain("extendedKeyUsage");
    expect(message.length).toBeLessThan(1000);
    expect(message).not.toContain("\u001b");
  });
});

describe("extensions of a response", () => {
  const nonce = extension("1.3.6.1.5.5.7.48.1.2", bytes(4, 1, 7));
  it("are fatal if they are critical and unknown, in the response and in a single status", async () => {
    expect(await verdict({ extensions: [nonce], single: { extensions: [extension("1.2.3", NULL)] } })).toBe("good");
    expect(await verdict({ extensions: [nonce, extension("1.2.3", NULL, true)] })).toBe("ocsp_malformed");
    expect(await verdict({ single: { extensions: [extension("1.2.3", NULL, true)] } })).toBe("ocsp_malformed");
    // keyUsage is known in certificates, but not in responses.
    expect(await verdict({ extensions: [keyUsage(0)] })).toBe("ocsp_malformed");
    expect(await verdict({ single: { extensions: [keyUsage(0)] } })).toBe("ocsp_malformed");
  });
});

describe("the form of a response", () => {
  const inner = basic({ responses: [statusOf()], signedBy: middle });
  const malformed: readonly (readonly [string, Uint8Array])[] = [
    ["empty", bytes()],
    ["no SEQUENCE", bytes(4, 0)],
    ["a truncated response", responseWith().slice(0, -1)],
    ["a response with bytes after it", concat(responseWith(), bytes(0))],
    ["tryLater", seq(bytes(0x0a, 1, 3))],
    ["unauthorized", seq(bytes(0x0a, 1, 6))],
    ["an unknown responseStatus", wrapped(inner, bytes(0x0a, 1, 4))],
    ["a responseStatus of two bytes", wrapped(inner, bytes(0x0a, 2, 0, 0))],
    ["a responseStatus of no bytes", wrapped(inner, bytes(0x0a, 0))],
    ["the status successful without a response", seq(bytes(0x0a, 1, 0))],
    ["another type", wrapped(inner, undefined, "1.3.6.1.5.5.7.48.1.2")],
    ["version 1 encoded", responseWith({ version: tlv(0xa0, int(0)) })],
    ["version 2", responseWith({ version: tlv(0xa0, int(1)) })],
    ["a ResponderID of neither form", responseWith({ responder: tlv(0xa3, bytes(4, 0)) })],
    ["UTCTime", responseWith({ producedAt: tlv(0x17, new TextEncoder().encode("250615120000Z")) })],
    ["fractions of a second", responseWith({ producedAt: tlv(0x18, new TextEncoder().encode("20250615120000.5Z")) })],
    ["no status at all", responseWith({ responses: [] })],
    ["an unknown CertStatus", responseWith({ single: { status: bytes(0x83, 0) } })],
    ["a good with contents", responseWith({ single: { status: bytes(0x80, 1, 0) } })],
    [
      "an unknown reason",
      responseWith({ single: { status: tlv(0xa1, generalizedTime(now), tlv(0xa0, bytes(10, 1, 11))) } }),
    ],
    ["parameters of SHA-1", responseWith({ single: { parameters: [int(1)] } })],
    ["a serial number that is not minimal", responseWith({ single: { serial: bytes(2, 2, 0, 1) } })],
    ["an extension twice", responseWith({ extensions: [noCheck(), noCheck()] })],
    ["five certificates", responseWith({ certificates: Array<Uint8Array>(5).fill(middle.der) })],
  ];
  test.each(malformed)("%s: ocsp_malformed", async (_, response) => {
    const error = await fault(response);
    expect(error).toMatchObject({ code: "ocsp_malformed", alert: "bad_certificate_status_response", fault: "peer" });
  });

  it("an error of the responder names its status", async () => {
    expect((await fault(seq(bytes(0x0a, 1, 3))))?.message).toContain("tryLater");
  });

  it("is read into an OcspResponse", () => {
    const read = parseOcspResponse(responseWith({ single: { status: statuses.revoked, nextUpdate: null } }));
    expect(read).toMatchObject({
      responder: { text: "CN=Middle,O=Test" },
      producedAt: now - 3_600_000,
      responses: [
        {
          hash: "sha1",
          serialNumber: parsed(leaf).serialNumber,
          status: "revoked",
          revocationTime: now - 3_600_000,
          revocationReason: 1,
          nextUpdate: undefined,
        },
      ],
      certificates: [],
    });
    expect(parseOcspResponse(responseWith({ certificates: [] })).certificates).toEqual([]);
  });
});

describe("a client's policy", () => {
  const mustStaple = server(middle, { extensions: [extKeyUsage(serverAuth), tlsFeature()] });
  async function resultOf(
    policy: OcspPolicyRow,
    response: Uint8Array | undefined,
    end: Authority = leaf,
    trust: Parameters<typeof verifyPath>[1] = [root],
  ): Promise<string | undefined> {
    const peer = await verifyPath([end, middle], trust);
    try {
      return await runFlow(policy.check({ response, peer, now, provider: noble }));
    } catch (error) {
      if (!TlsError.is(error)) throw error;
      expect(["certificate_revoked", "bad_certificate_status_response"]).toContain(error.alert);
      return error.code;
    }
  }
  const good = (of = leaf): Uint8Array => responseWith({ single: { of } });
  const revoked = responseWith({ single: { status: statuses.revoked } });

  it("request checks no response, check checks one, require also needs one", async () => {
    expect(await resultOf(ocsp.request, undefined)).toBeUndefined();
    expect(await resultOf(ocsp.request, bytes(1))).toBeUndefined();
    expect(await resultOf(ocsp.check, undefined)).toBeUndefined();
    expect(await resultOf(ocsp.check, good())).toBe("good");
    expect(await resultOf(ocsp.check, revoked)).toBe("revoked");
    expect(await resultOf(ocsp.check, bytes(1))).toBe("ocsp_malformed");
    expect(await resultOf(ocsp.require, undefined)).toBe("ocsp_missing");
    expect(await resultOf(ocsp.require, good())).toBe("good");
    expect(await resultOf(ocsp.require, revoked)).toBe("revoked");
  });

  it("every policy refuses a must-staple certificate without a response", async () => {
    for (const policy of [ocsp.request, ocsp.check, ocsp.require]) {
      expect(await resultOf(policy, undefined, mustStaple)).toBe("ocsp_missing");
      expect(await resultOf(policy, good(mustStaple), mustStaple)).toBe(policy === ocsp.request ? undefined : "good");
    }
    // Other features do not matter.
    const features = server(middle, { extensions: [extKeyUsage(serverAuth), tlsFeature(false, 17, 23)] });
    expect(await resultOf(ocsp.check, undefined, features)).toBeUndefined();
  });

  it("must-staple of a CA applies to the certificates below it", async () => {
    const strict = ca("Strict", { issuer: root, extensions: [tlsFeature()] });
    const peer = await verifyPath([server(strict), strict], [root]);
    const check = (policy: OcspPolicyRow) => runFlow(policy.check({ response: undefined, peer, now, provider: noble }));
    expect(() => check(ocsp.check)).toThrow(/must-staple/);
  });

  it("must-staple may be critical, and must be well-formed", async () => {
    const critical = server(middle, { extensions: [extKeyUsage(serverAuth), tlsFeature(true)] });
    expect(parsed(critical).tlsFeatures).toEqual([5]);
    expect(await pathVerdict([critical, middle], [root])).toBe("ok");
    const broken = server(middle, { extensions: [extension("1.3.6.1.5.5.7.1.24", NULL)] });
    expect(await pathVerdict([broken, middle], [root])).toBe("malformed");
  });

  it("a certificate that is trusted by itself has no verified issuer: check passes, require refuses", async () => {
    const key = ecKey();
    const pinned = server(middle, { key });
    const pins = { pins: [pinOf(key)] };
    expect(await resultOf(ocsp.check, bytes(1), pinned, pins)).toBeUndefined();
    expect(await resultOf(ocsp.require, good(pinned), pinned, pins)).toBe("ocsp_issuer");
    // The same holds for a certificate that is an anchor itself.
    const selfSigned = issue({ subject: name("CN=own"), extensions: [basicConstraints(false), tlsFeature()] });
    const peer = await verifyPath([selfSigned], [selfSigned], { reference: null });
    const check = (policy: OcspPolicyRow, response?: Uint8Array) =>
      runFlow(policy.check({ response, peer, now, provider: noble }));
    expect(() => check(ocsp.require, good())).toThrow(/trusted by itself/);
    // Must-staple applies without a verified issuer too.
    expect(() => check(ocsp.check)).toThrow(/must-staple/);
    expect(await check(ocsp.check, bytes(1))).toBeUndefined();
  });

  it("the pin of a CA makes it a verified issuer", async () => {
    const key = ecKey();
    const pinnedCa = ca("Pinned", { key });
    const end = server(pinnedCa);
    const peer = await verifyPath([end, pinnedCa], { pins: [pinOf(key)] });
    const response = ocspResponse({ responses: [single({ of: end, by: pinnedCa })], signedBy: pinnedCa });
    expect(await runFlow(ocsp.require.check({ response, peer, now, provider: noble }))).toBe("good");
  });
});
