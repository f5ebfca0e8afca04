/**
 * A page's identity and a server's issuer: each gets what it may have, refuses the rest, and waits no longer than its
 * limit. Node.js has no IndexedDB, so the page's side runs with a fake one here; e2e has the real ones.
 */
import { createHash, generateKeyPairSync, sign, X509Certificate } from "node:crypto";
import { enrolmentProtocol, Identity } from "@handclasp/browser/enrolment";
import type { Credential, TlsConnection } from "@handclasp/core";
import { connect } from "@handclasp/core/client";
import { accept } from "@handclasp/core/server";
import { derElement, fromHex, toBase64 } from "@handclasp/core/unstable";
import type { TrustOptions } from "@handclasp/core/x509";
import { nodeCredential, nodeCrypto } from "@handclasp/node";
import { type EnrolmentRequest, Issuer, type IssuerOptions } from "@handclasp/node/enrolment";
import { memoryPair, testCa } from "@handclasp/testing";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { FakeIndexedDb } from "./fakeIndexedDb.ts";

const serverCa = await testCa();
const credentials = [nodeCredential(await serverCa.issue({ names: ["device.example"] }))];
const clientCa = await testCa({ commonName: "Clients" });
const authority = nodeCredential({ cert: clientCa.pem, key: clientCa.key });
const day = 24 * 3_600_000;

let database: FakeIndexedDb;
beforeEach(() => {
  database = new FakeIndexedDb();
  vi.stubGlobal("indexedDB", database);
  onTestFinished(() => void vi.unstubAllGlobals());
});

interface Opening {
  readonly alpn?: string;
  /** Which clients the server trusts. */
  readonly trust?: TrustOptions;
}

/** A channel to a server that handles it. */
function openTo(
  handle: (channel: TlsConnection) => Promise<unknown>,
  alpn: string = enrolmentProtocol,
  own: Credential[] = [],
  trust: TrustOptions = { ca: clientCa.pem },
): { channel: Promise<TlsConnection>; served: Promise<unknown> } {
  const { a, b } = memoryPair();
  const provider = nodeCrypto;
  const common = { provider, credentials, alpn: [enrolmentProtocol, "other"] };
  const served = accept(b, { ...common, clientAuth: "request", ...trust }).then(handle);
  const channel = connect(a, {
    provider,
    ca: serverCa.pem,
    serverName: "device.example",
    alpn: [alpn],
    credentials: own,
  });
  served.catch(() => {});
  return { channel, served };
}

/** A channel to a server that reads, and gives this answer, or none. */
const answering = (answer: string | undefined): Promise<TlsConnection> =>
  openTo(async (channel) => {
    await channel.read();
    if (answer === undefined) return channel.closed;
    await channel.write(Buffer.from(answer));
    await channel.close();
  }).channel;

/** An issuer, the requests that it was asked about, and the results of its channels. */
class Service {
  readonly asked: EnrolmentRequest[] = [];
  readonly results: Promise<unknown>[] = [];
  readonly issuer: Issuer;

  constructor(allow: IssuerOptions["allow"] = () => true, options: Partial<IssuerOptions> = {}) {
    this.issuer = new Issuer({
      authority,
      allow: (request) => {
        this.asked.push(request);
        return allow(request);
      },
      ...options,
    });
  }

  /** Opens a channel to the issuer. */
  async open(own: Credential[] = [], options: Opening = {}): Promise<TlsConnection> {
    const { alpn = enrolmentProtocol, trust = { ca: clientCa.pem, verify: this.issuer.verify } } = options;
    const { channel, served } = openTo((channel) => this.issuer.handle(channel), alpn, own, trust);
    this.results.push(
      served.then(
        () => "done",
        (error: unknown) => error,
      ),
    );
    return channel;
  }

  /** Sends a line, and returns the answer. */
  async ask(line: string, own?: Credential[], options?: Opening): Promise<{ chain?: string[]; refused?: string }> {
    const channel = await this.open(own, options);
    await channel.write(Buffer.from(line));
    const parts: Uint8Array[] = [];
    for await (const bytes of channel) parts.push(bytes);
    return JSON.parse(Buffer.concat(parts).toString());
  }

  enrol(request: Uint8Array, proof?: unknown): Promise<{ chain?: string[]; refused?: string }> {
    return this.ask(`${JSON.stringify({ type: "enrol", request: toBase64(request), proof })}\n`);
  }
}

/** Enrols an identity, and returns it with its certificate. */
async function enrolled(service: Service, commonName = "tablet"): Promise<[Identity, X509Certificate]> {
  const identity = await Identity.open();
  await identity.enrol(await service.open(), { commonName, proof: "a token" });
  return [identity, certificateOf(identity)];
}

const certificateOf = ({ chain }: Identity): X509Certificate => new X509Certificate(chain?.[0] as Uint8Array);

interface RequestParts {
  readonly name?: Uint8Array;
  readonly version?: string;
  readonly attributes?: Uint8Array;
  readonly type?: "ec" | "rsa";
  readonly bits?: number;
  readonly signature?: (good: Uint8Array) => Uint8Array;
}

const nameOf = (...names: string[]): Uint8Array =>
  derElement(
    0x30,
    ...names.map((name) =>
      derElement(0x31, derElement(0x30, fromHex("0603550403"), derElement(0x0c, Buffer.from(name)))),
    ),
  );

/** A request for a certificate, with a fault. */
function requestWith(parts: RequestParts = {}): Uint8Array {
  const { type = "ec", bits = 2048, name = nameOf("tablet"), version = "020100", signature = (good) => good } = parts;
  const keys =
    type === "ec"
      ? generateKeyPairSync("ec", { namedCurve: "P-256" })
      : generateKeyPairSync("rsa", { modulusLength: bits });
  const spki = keys.publicKey.export({ type: "spki", format: "der" });
  const info = derElement(0x30, fromHex(version), name, spki, derElement(0xa0, parts.attributes ?? new Uint8Array()));
  const oid = type === "ec" ? "06082a8648ce3d040302" : "06092a864886f70d01010b0500";
  const signed = signature(new Uint8Array(sign("sha256", info, keys.privateKey)));
  return derElement(0x30, info, derElement(0x30, fromHex(oid)), derElement(0x03, Uint8Array.of(0), signed));
}

describe("a page", () => {
  test("gets a certificate for its own key, and the server sees the request", async () => {
    const service = new Service();
    const [identity, certificate] = await enrolled(service);
    expect(await service.results[0]).toBe("done");
    expect(service.asked).toMatchObject([{ commonName: "tablet", proof: "a token", renews: undefined }]);
    expect(certificate.subject).toBe("CN=tablet");
    expect(certificate.verify(new X509Certificate(clientCa.pem).publicKey)).toBe(true);
    expect(certificate.checkIssued(new X509Certificate(clientCa.pem))).toBe(true);
    expect([certificate.ca, certificate.keyUsage]).toEqual([false, ["1.3.6.1.5.5.7.3.2"]]);
    const spki = certificate.publicKey.export({ type: "spki", format: "der" });
    expect(service.asked[0]?.pin).toBe(`sha256/${createHash("sha256").update(spki).digest("base64")}`);
    const kept = database.tables.get("identities")?.get("default");
    const { key } = kept as { key: CryptoKey };
    expect([key.extractable, key.usages]).toEqual([false, ["sign"]]);
    expect(identity.needsRenewal).toBe(false);
  });

  test("has no credentials before, and keeps them for the next visit", async () => {
    const service = new Service();
    const before = await Identity.open();
    expect([await before.credentials(), before.chain, before.needsRenewal]).toEqual([[], undefined, true]);
    const [, certificate] = await enrolled(service);
    const again = await Identity.open();
    expect(certificateOf(again).raw).toEqual(certificate.raw);
    await again.enrol(await service.open(await again.credentials()), { commonName: "tablet" });
    expect(service.asked[1]?.renews?.certificate.serialNumber).toBe(certificate.serialNumber.toLowerCase());
    expect((await Identity.open({ name: "other" })).chain).toBeUndefined();
  });

  test("renews its certificate with a new key for the same names, and with the old one as its proof", async () => {
    const names = { commonName: "tablet", uri: ["spiffe://example/7"], email: ["a@b.example"], dns: ["t.example"] };
    const service = new Service(({ renews, proof }) => renews ?? (proof === "a token" && names));
    const [identity, first] = await enrolled(service);
    await identity.enrol(await service.open(await identity.credentials()), { commonName: "root" });
    const second = certificateOf(identity);
    expect(second.subject).toBe("CN=tablet");
    expect(second.subjectAltName?.split(", ").sort()).toEqual([
      "DNS:t.example",
      "URI:spiffe://example/7",
      "email:a@b.example",
    ]);
    expect(second.publicKey.equals(first.publicKey)).toBe(false);
    expect(service.asked[1]?.renews).toMatchObject({ certificate: { raw: new Uint8Array(first.raw) } });
  });

  test("has its certificate revoked, and forgets the key", async () => {
    const service = new Service();
    const [identity] = await enrolled(service);
    const own = await identity.credentials();
    await identity.revoke(await service.open(own));
    expect([identity.chain, database.tables.get("identities")?.size]).toEqual([undefined, 0]);
    await expect(service.open(own)).rejects.toMatchObject({ by: "peer" });
    await expect(identity.revoke(await service.open())).rejects.toMatchObject({ code: "enrolment_refused" });
  });

  test("renews when a third of the lifetime is left, and has no credentials after the end", async () => {
    let now = Date.now();
    const service = new Service(() => true, { lifetime: 30 * day });
    await enrolled(service);
    const identity = await Identity.open({ now: () => now });
    now += 19 * day;
    expect(identity.needsRenewal).toBe(false);
    now += 2 * day;
    expect(identity.needsRenewal).toBe(true);
    expect(await identity.credentials()).toHaveLength(1);
    now += 10 * day;
    expect([await identity.credentials(), identity.chain]).toEqual([[], undefined]);
  });

  test("keeps the old certificate if the server refuses, answers with another key, or does not answer", async () => {
    const service = new Service(({ commonName }) => commonName === "tablet");
    const [identity, first] = await enrolled(service);
    const enrolAt = async (channel: TlsConnection, timeout?: number): Promise<unknown> =>
      identity.enrol(channel, { commonName: "root", ...(timeout && { timeout }) }).catch((error) => error);
    expect(await enrolAt(await service.open())).toMatchObject({
      code: "enrolment_refused",
      message: "no certificate: the server does not allow it",
    });
    expect(await service.results[1]).toMatchObject({ code: "enrolment_refused", fault: "peer" });
    const answers = ["", "{", "[]", "7", "null", '{"chain":"a"}', '{"chain":[]}', '{"chain":["AA=="]}'];
    answers.push(JSON.stringify({ chain: [toBase64(first.raw)] }), `{"refused":"${"x".repeat(2 ** 18)}"}`);
    for (const answer of answers)
      expect(await enrolAt(await answering(answer)), answer.slice(0, 20)).toMatchObject({ code: "enrolment_refused" });
    expect(await enrolAt(await answering(undefined), 20)).toMatchObject({
      code: "enrolment_refused",
      message: "no certificate: the server did not answer in time",
    });
    expect(certificateOf(identity).raw).toEqual(first.raw);
    expect(certificateOf(await Identity.open()).raw).toEqual(first.raw);
  });

  test("does not ask on a channel of another protocol", async () => {
    const service = new Service();
    const identity = await Identity.open();
    const channel = await service.open([], { alpn: "other" });
    await expect(identity.enrol(channel)).rejects.toMatchObject({ code: "no_application_protocol" });
    expect(await service.results[0]).toMatchObject({ code: "configuration" });
  });

  test("says that a name is too long, that the browser kept nothing, and that it needs a secure origin", async () => {
    const service = new Service();
    const identity = await Identity.open();
    for (const wrong of [{ commonName: "x".repeat(65) }, { proof: "x".repeat(4097) }, { nmae: "x" }])
      await expect(identity.enrol(await service.open(), wrong)).rejects.toMatchObject({ code: "configuration" });
    database.failure = new Error("the disk is full");
    await expect(identity.enrol(await service.open(), { commonName: "a" })).rejects.toMatchObject({
      code: "storage_failed",
      cause: database.failure,
    });
    vi.stubGlobal("indexedDB", undefined);
    await expect(Identity.open()).rejects.toMatchObject({ code: "configuration" });
  });

  test("waits for a browser's database until its limit, and closes one that opens later", async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    let answer = (): void => {};
    database.opening = new Promise((resolve) => {
      answer = resolve;
    });
    const opening = expect(Identity.open()).rejects.toMatchObject({ code: "storage_failed" });
    await vi.advanceTimersByTimeAsync(30_000);
    await opening;
    answer();
    await vi.advanceTimersByTimeAsync(1);
    expect(database.openCount).toBe(0);
  });
});

describe("an issuer", () => {
  test("accepts requests for keys on P-256 and RSA keys, with attributes", async () => {
    const attributes = derElement(0x30, fromHex("06092a864886f70d01090e"), derElement(0x31, nameOf("root")));
    for (const parts of [{}, { attributes }, { type: "rsa" } as const, { name: derElement(0x30) }]) {
      const { chain } = await new Service(() => ({ commonName: "tablet" })).enrol(requestWith(parts));
      const certificate = new X509Certificate(Buffer.from(chain?.[0] ?? "", "base64"));
      expect([certificate.subject, certificate.subjectAltName]).toEqual(["CN=tablet", undefined]);
    }
  });

  test.each<[string, RequestParts, RegExp]>([
    [
      "a signature of other bytes",
      { signature: (good) => good.map((byte, i) => (i === 20 ? byte ^ 1 : byte)) },
      /signature/,
    ],
    ["no signature", { signature: () => new Uint8Array() }, /signature/],
    ["a short RSA key", { type: "rsa", bits: 1024 }, /RSA key/],
    ["another version", { version: "020101" }, /version/],
    ["two common names", { name: nameOf("a", "b") }, /twice/],
    ["a long common name", { name: nameOf("x".repeat(65)) }, /64/],
    ["a line in its name", { name: nameOf("tablet\nroot") }, /cannot be seen/],
    ["a name that turns the direction of text", { name: nameOf("a\u202eb") }, /cannot be seen/],
    ["a name of a hundred parts", { name: nameOf(...Array<string>(100).fill("a")) }, /malformed/],
  ])("refuses a request with %s, and does not ask allow", async (_, parts, reason) => {
    const service = new Service();
    expect((await service.enrol(requestWith(parts))).refused).toMatch(reason);
    expect(service.asked).toEqual([]);
    expect(await service.results[0]).toMatchObject({ code: "enrolment_refused", fault: "peer" });
  });

  test("refuses each request that is cut or altered, and each question that is no question", async () => {
    const service = new Service();
    const good = requestWith();
    const cuts = [0, 1, 30, good.length - 1].map((length) => good.subarray(0, length));
    const altered = [2, 30, 60, 100, 150].map((at) => good.map((byte, i) => (i === at ? byte ^ 0x15 : byte)));
    for (const request of [...cuts, ...altered, Buffer.concat([good, Buffer.of(0)])])
      expect((await service.enrol(request)).refused).toBeDefined();
    const type = "enrol";
    const request = toBase64(good);
    const wrong = [{}, { type }, { type, request: 7 }, { type, request: "!" }, { type: "sign", request }, [], null, 7];
    for (const one of [...wrong, { type, request, proof: 7 }, { type, request, proof: "x".repeat(4097) }])
      expect((await service.ask(`${JSON.stringify(one)}\n`)).refused, JSON.stringify(one).slice(0, 40)).toBeDefined();
    for (const line of ["\n", "{\n", `{}\n{}`, `"${"x".repeat(2 ** 14)}`])
      expect((await service.ask(line)).refused).toBeDefined();
    expect(service.asked).toEqual([]);
  });

  test.each([false, undefined, null, 0, 1, "true", Number.NaN])("refuses if allow returns %s", async (decision) => {
    const service = new Service(() => decision as boolean);
    expect(await service.enrol(requestWith())).toEqual({ refused: "the server does not allow it" });
  });

  test.each<[string, () => unknown]>([
    [
      "throws",
      () => {
        throw new Error("no database");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no database"))],
    ["returns an object without names", () => ({})],
    ["returns too long a name", () => ({ commonName: "x".repeat(65) })],
    ["returns an address with a space", () => ({ commonName: "a", email: ["a b"] })],
    ["returns too many names", () => ({ commonName: "a", dns: Array<string>(33).fill("a.example") })],
    ["returns a text instead of a list", () => ({ commonName: "a", uri: "spiffe://a" })],
  ])("gives no certificate if allow %s, and does not tell the client why", async (_, allow) => {
    const service = new Service(allow as IssuerOptions["allow"]);
    expect(await service.enrol(requestWith())).toEqual({ refused: "the request failed" });
    expect(await service.results[0]).toMatchObject({ code: "hook_failed", fault: "application" });
  });

  test("waits for a question and for allow only until its limit", async () => {
    const late = new Service(() => new Promise(() => {}), { timeout: 20 });
    expect(await late.enrol(requestWith())).toEqual({ refused: "the request took too long" });
    expect(await late.ask("{")).toEqual({ refused: "the request took too long" });
  });

  test("asks for a common name if allow leaves the name to the client", async () => {
    const { refused } = await new Service().enrol(requestWith({ name: derElement(0x30) }));
    expect(refused).toBe("the request has no common name");
  });

  test("renews only certificates of its own CA, which the server verified", async () => {
    const service = new Service(({ renews }) => renews);
    const foreignCa = await testCa({ commonName: "Clients" }); // of the same name, with another key
    const own = nodeCredential(await clientCa.issue({ client: true, commonName: "tablet" }));
    const foreign = nodeCredential(await foreignCa.issue({ client: true, commonName: "tablet" }));
    const line = `${JSON.stringify({ type: "enrol", request: toBase64(requestWith()) })}\n`;
    const both = { ca: [clientCa.pem, foreignCa.pem] };
    expect((await service.ask(line, [own], { trust: both })).chain).toHaveLength(1);
    expect((await service.ask(line, [foreign], { trust: both })).refused).toBeDefined();
    expect((await service.ask(line, [own], { trust: { insecure: true } })).refused).toBeDefined();
    // Without `verify`, the server accepts a revoked certificate, but the issuer does not renew it.
    await service.issuer.revoke(service.asked[0]?.renews?.certificate.serialNumber ?? "");
    expect(await service.ask(line, [own], { trust: both })).toEqual({
      refused: "the certificate of the channel is revoked",
    });
    expect(await service.ask('{"type":"revoke"}\n', [foreign], { trust: both })).toMatchObject({
      refused: expect.stringContaining("no certificate"),
    });
  });

  test("asks its store, and gives nothing if the store fails", async () => {
    const revoked = new Set<string>();
    const revocations = { add: (one: string) => void revoked.add(one), has: async (one: string) => revoked.has(one) };
    const service = new Service(() => true, { revocations });
    const [identity] = await enrolled(service);
    const own = await identity.credentials();
    await identity.revoke(await service.open(own));
    expect([...revoked]).toHaveLength(1);
    const broken = new Service(() => true, { revocations: { ...revocations, has: () => "no" as never } });
    await expect(broken.open(own)).rejects.toMatchObject({ by: "peer" });
  });

  test("signs with CAs of each kind, below a root or as a root, and not beyond their end", async () => {
    const request = requestWith();
    const soon = new Date(Date.now() + day);
    for (const algorithm of ["ecdsa-p384", "ecdsa-p521", "ed25519", "rsa-2048"] as const) {
      const root = await testCa();
      const ca = await root.intermediate({ algorithm, notAfter: soon });
      const service = new Service(() => true, { authority: nodeCredential({ cert: ca.pem, key: ca.key }) });
      const { chain = [] } = await service.enrol(request);
      const [own, above] = chain.map((one) => new X509Certificate(Buffer.from(one, "base64")));
      expect(own?.verify((above as X509Certificate).publicKey), algorithm).toBe(true);
      expect(above?.verify(new X509Certificate(root.pem).publicKey)).toBe(true);
      expect(Date.parse(own?.validTo ?? "")).toBeLessThanOrEqual(soon.getTime());
    }
    const later = new Service(() => true, { now: () => Date.now() + 400 * day });
    expect(await later.enrol(request)).toEqual({ refused: "the request failed" });
  });

  test("does not start with what is no CA, and with wrong options", async () => {
    const allow = () => true;
    const leaf = nodeCredential(await clientCa.issue({ client: true }));
    for (const wrong of [
      { authority: leaf, allow },
      { authority, allow: true },
      { authority: clientCa.pem, allow },
      { authority, allow, lifetime: 1000 },
      { authority, allow, timeout: 0 },
      { authority, allow, revocations: {} },
      { authority, alow: allow },
    ])
      expect(() => new Issuer(wrong as unknown as IssuerOptions)).toThrow(
        expect.objectContaining({ code: "configuration" }) as Error,
      );
  });
});

describe("against hostile and careless use, an issuer", () => {
  test("revokes a serial number in each usual form, and refuses other values", async () => {
    const service = new Service();
    const [identity, certificate] = await enrolled(service);
    const own = await identity.credentials();
    await service.issuer.revoke(certificate.serialNumber.replace(/..(?=.)/g, "$&:")); // capitals, with colons
    await expect(service.open(own)).rejects.toMatchObject({ alert: "certificate_unknown" });
    for (const wrong of ["", "0x12", "zz", ":", undefined, 5] as string[])
      await expect(service.issuer.revoke(wrong)).rejects.toMatchObject({ code: "configuration" });
    for (const wrong of [Number.NaN, -1, Infinity, "soon" as unknown as number])
      await expect(service.issuer.revoke("12", wrong)).rejects.toMatchObject({ code: "configuration" });
  });

  test("tells the serial number of each certificate, and gives no certificate if onIssue fails", async () => {
    const issued: string[] = [];
    const service = new Service(({ renews }) => renews ?? true, {
      onIssue: ({ certificate, renews, request }) => {
        expect(request.commonName).toBe("tablet");
        issued.push(`${certificate.serialNumber} for ${renews?.serialNumber}`);
        if (issued.length > 2) throw new Error("the disk is full");
      },
    });
    const [identity, first] = await enrolled(service);
    const again = async (): Promise<void> =>
      identity.enrol(await service.open(await identity.credentials()), { commonName: "tablet" });
    await again();
    const second = certificateOf(identity);
    expect(issued).toEqual([
      `${first.serialNumber.toLowerCase()} for undefined`,
      `${second.serialNumber.toLowerCase()} for ${first.serialNumber.toLowerCase()}`,
    ]);
    await expect(again()).rejects.toMatchObject({ code: "enrolment_refused" });
    expect(await service.results.at(-1)).toMatchObject({ code: "hook_failed" });
    expect(certificateOf(identity).serialNumber).toBe(second.serialNumber);
  });

  test("renews nothing that allow itself revokes", async () => {
    const service: Service = new Service(async ({ renews }) => {
      if (renews) await service.issuer.revoke(renews.certificate.serialNumber);
      return renews ?? true;
    });
    const [identity] = await enrolled(service);
    const channel = await service.open(await identity.credentials());
    await expect(identity.enrol(channel)).rejects.toThrow("revoked");
  });

  test("signs nothing after its limit", async () => {
    const sign = vi.fn(authority.sign);
    let decide = (_: boolean): void => {};
    const decision = new Promise<boolean>((resolve) => {
      decide = resolve;
    });
    const service = new Service(() => decision, { timeout: 20, authority: { ...authority, sign } });
    expect(await service.enrol(requestWith())).toEqual({ refused: "the request took too long" });
    decide(true);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(sign).not.toHaveBeenCalled();
  });

  test("gives no certificate that its signer did not sign", async () => {
    for (const wrong of ["text", new Uint8Array(), new Uint8Array(70), undefined]) {
      const sign = (): Uint8Array => wrong as Uint8Array;
      const service = new Service(() => true, { authority: { ...authority, sign } });
      expect(await service.enrol(requestWith())).toEqual({ refused: "the request failed" });
      expect(await service.results[0]).toMatchObject({ code: "hook_failed" });
    }
  });

  test("refuses names that look like others, and fields that it does not know", async () => {
    for (const blank of ["\u3164", "\u00a0", "\ufe0f", "\u034f", "\u115f", "\u2800"]) {
      const service = new Service();
      expect(await service.enrol(requestWith({ name: nameOf(`admin${blank}`) }))).toHaveProperty("refused");
    }
    for (const name of [" admin", "admin ", "   ", "e\u0301"])
      expect(await new Service().enrol(requestWith({ name: nameOf(name) }))).toHaveProperty("refused");
    for (const decision of [
      { commonName: "a", emails: ["a@b.example"] },
      { commonName: 5 },
      { commonName: "a", dns: "b" },
    ]) {
      const service = new Service(() => decision as never);
      expect(await service.enrol(requestWith())).toEqual({ refused: "the request failed" });
      expect(await service.results[0]).toMatchObject({
        code: "hook_failed",
        message: expect.stringContaining("allow"),
      });
    }
    expect(() => new Service(() => true, { revocations: { has: () => false } as never })).toThrow("revocations.add");
  });

  test("says that a clock failed, and a page keeps no certificate that is not valid now", async () => {
    const failing = new Service(() => true, {
      now: () => {
        throw new Error("no clock");
      },
    });
    expect(await failing.enrol(requestWith())).toEqual({ refused: "the request failed" });
    expect(await failing.results[0]).toMatchObject({ code: "hook_failed" });
    const inSeconds = new Service(() => true, { now: () => Date.now() - 400 * day });
    const identity = await Identity.open();
    await expect(identity.enrol(await inSeconds.open(), { commonName: "tablet" })).rejects.toMatchObject({
      code: "enrolment_refused",
    });
    expect(identity.chain).toBeUndefined();
  });
});
