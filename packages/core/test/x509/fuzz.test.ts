import { generateKeyPairSync, type KeyObject, pbkdf2Sync } from "node:crypto";
import { rootCertificates } from "node:tls";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { concat, equal, toHex } from "../../src/bytes/bytes.ts";
import { noble } from "../../src/crypto/noble.ts";
import type { CryptoProvider } from "../../src/crypto/provider.ts";
import { TlsError } from "../../src/errors.ts";
import { runFlow } from "../../src/flow.ts";
import { loadExplanations } from "../../src/validation/lazy.ts";
import { type Certificate, parseCertificate } from "../../src/x509/certificate.ts";
import { CertificateError, type CertificateFault } from "../../src/x509/errors.ts";
import { loadConstraints } from "../../src/x509/lazy.ts";
import { matchesReference, parseReference } from "../../src/x509/name.ts";
import { verifyOcspResponse } from "../../src/x509/ocsp.ts";
import { parseOcspResponse } from "../../src/x509/ocspResponse.ts";
import { checkCertificate, checkNonAnchor, findPath } from "../../src/x509/path.ts";
import { parsePemCertificates } from "../../src/x509/pem.ts";
import { readPrivateKey } from "../../src/x509/privateKey.ts";
import { verifyPeer } from "../../src/x509/verify.ts";
import { cpu } from "./cpu.ts";
import {
  bytes,
  ca,
  directory,
  dns,
  ecKey,
  email,
  ip,
  name,
  nameConstraints,
  now,
  parsed,
  pemOf,
  server,
  serverAuth,
  signers,
  tlv,
} from "./make.ts";
import { ocspResponse, responder, single } from "./makeOcsp.ts";
import { byteChanges, changeBytes, changeElements, elementChanges } from "./mutate.ts";

/** Each test makes a share of this number of inputs. `pnpm fuzz` sets HANDCLASP_FUZZ to a larger number. */
const total = Number(process.env.HANDCLASP_FUZZ ?? 20_000);
const share = (part: number) => ({ numRuns: Math.ceil(total * part), endOnFailure: true });
const timeout = 180_000 + 10 * total;

const constraints = nameConstraints(
  [dns("example.com"), ip(10, 0, 0, 0, 255, 0, 0, 0)],
  [email("x@example.com"), directory(name("CN=a"))],
);
const root = ca("Root", { extensions: [constraints] });
const middle = ca("Middle", { issuer: root, key: ecKey("P-384") });
const leaf = server(middle, {
  names: [dns("www.example.com"), ip(10, 1, 2, 3), email("y@example.com"), directory(name("CN=b"))],
});
const anchors = [parsed(root)];
const signer = responder(middle);
const stapled = ocspResponse({
  responses: [single({ of: server(middle), by: middle, hash: "sha256" }), single({ of: leaf, by: middle })],
  signedBy: signer,
  certificates: [signer.der],
});

/** The valid signatures, each with its message. `provider` looks signatures up here, which needs no cryptography. */
const signed = new Set(
  [...[leaf, middle, signer].map(parsed), parseOcspResponse(stapled)].map(
    ({ tbs, signature }) => `${toHex(tbs)} ${toHex(signature)}`,
  ),
);
const provider: CryptoProvider = {
  ...noble,
  verify: (_algorithm, _key, message, signature) => signed.has(`${toHex(message)} ${toHex(signature)}`),
};
const originals = [leaf.der, middle.der, root.der];
/** Certificates of real CAs with RSA and EC keys, and of our own with every other type of key. */
const corpus = [
  ...originals,
  ...rootCertificates.map((pem) => parsePemCertificates(pem)[0]!),
  ca("Ed25519", { key: generateKeyPairSync("ed25519") }).der,
  server(ca("PSS", { key: generateKeyPairSync("rsa-pss", { modulusLength: 2048 }), signer: signers.pssSha256 })).der,
];

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;
const memoryUsed = () => {
  gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / 2 ** 20;
};
const measured = { inputs: 0, refused: 0, slowest: 0, rss: 0 };
// The first sample builds a table of characters that is larger than everything measured, so it comes before `before`.
const text = fc.string({ unit: "binary" });
fc.sample(text, 1);
const before = memoryUsed();
// Both are loaded now, so that each verdict below is synchronous.
await Promise.all([loadConstraints(), loadExplanations()]);

afterAll(() => {
  const growth = memoryUsed() - before;
  const { inputs, refused, slowest, rss } = measured;
  console.log(
    `fuzzing: ${inputs} inputs, ${refused} refused; slowest ${slowest.toFixed(1)} ms of CPU; ` +
      `memory ${growth.toFixed(1)} MiB more than before, ${Math.round(rss)} MiB resident at most`,
  );
  expect(growth).toBeLessThan(32);
  expect(rss).toBeLessThan(1024);
});

/** Runs the code for one input, which may throw only typed errors of bounded length, and takes less than 1 s of CPU. */
function expectTyped<T>(work: () => T): T | undefined {
  const start = cpu();
  try {
    const result = work();
    // If `work` returned a promise, its outcome would not be checked.
    expect(result).not.toBeInstanceOf(Promise);
    return result;
  } catch (error) {
    return expectTypedError(error);
  } finally {
    measure(cpu() - start);
  }
}

async function expectTypedLater<T>(work: () => Promise<T>): Promise<T | undefined> {
  const start = cpu();
  try {
    return await work();
  } catch (error) {
    return expectTypedError(error);
  } finally {
    measure(cpu() - start);
  }
}

/** Rethrows an error that is not typed, and counts one that is. */
function expectTypedError(error: unknown): undefined {
  if (!TlsError.is(error)) throw error;
  expect(error.message.length).toBeLessThan(1500);
  measured.refused++;
}

function measure(ms: number): void {
  measured.slowest = Math.max(measured.slowest, ms);
  if (measured.inputs++ % 256 === 0) measured.rss = Math.max(measured.rss, process.memoryUsage.rss() / 2 ** 20);
  expect(ms).toBeLessThan(1000);
}

const verify = (chain: readonly Uint8Array[]) =>
  expectTyped(() =>
    runFlow(
      verifyPeer({
        chain,
        policy: { anchors, pins: [] },
        purpose: "server",
        reference: "www.example.com",
        now,
        provider,
      }),
    ),
  );

/** Checks the end-entity and searches for a path. The certificates need not be encodable. */
const search = ([end, ...issuers]: readonly Certificate[], provider: CryptoProvider) => {
  const makeError = (_: Certificate, code: CertificateFault, reason: string) => new CertificateError(code, reason);
  const noIssuer = (certificate: Certificate) => makeError(certificate, "unknown_issuer", "no issuer");
  const rules = { now, extendedKeyUsage: serverAuth, minimumRsaBits: 0, minimumEcBits: 0, makeError };
  const error = checkCertificate(rules, end!) ?? checkNonAnchor(rules, end!);
  if (error) throw error;
  const accept = () => undefined;
  const certificates = { leaf: end!, intermediates: issuers.slice(0, -1), anchors: issuers.slice(-1) };
  return runFlow(
    findPath({ ...rules, ...certificates, maxDepth: 8, provider, cache: undefined, noIssuer, checkPath: accept }),
  );
};

/** One of our certificates, changed: the chain must not verify. */
const changed = fc.oneof(
  fc.tuple(fc.nat(1), byteChanges).map(([which, changes]) => ({ which, der: changeBytes(originals[which]!, changes) })),
  fc
    .tuple(fc.nat(1), elementChanges)
    .map(([which, changes]) => ({ which, der: changeElements(originals[which]!, changes) })),
);

describe(`fuzzing, HANDCLASP_FUZZ=${total}`, () => {
  it("changed certificates are never verified", { timeout }, () => {
    fc.assert(
      fc.property(changed, ({ which, der }) => {
        if (equal(der, originals[which]!)) return;
        expect(verify(which === 0 ? [der, middle.der] : [leaf.der, der])).toBeUndefined();
      }),
      share(0.3),
    );
  });

  it("changed real certificates are read or refused, in every place of a chain whose signatures all verify", {
    timeout,
  }, () => {
    const acceptingProvider: CryptoProvider = { ...provider, verify: () => true };
    const chain = originals.map((der) => parseCertificate(der));
    const which = fc.oneof(fc.nat(originals.length - 1), fc.nat(corpus.length - 1));
    const input = fc.oneof(
      fc.tuple(which, byteChanges).map(([i, changes]) => changeBytes(corpus[i]!, changes)),
      fc.tuple(which, elementChanges).map(([i, changes]) => changeElements(corpus[i]!, changes)),
    );
    fc.assert(
      fc.property(input, fc.nat(2), (der, place) => {
        const certificate = expectTyped(() => parseCertificate(der));
        if (!certificate) return;
        matchesReference(certificate, "www.example.com");
        // The names are made to match, so that the search reaches the rest of the certificate.
        const { subject, issuer } = chain[place]!;
        const fitted = chain.map((other, i) => (i === place ? { ...certificate, subject, issuer } : other));
        expectTyped(() => search(fitted, acceptingProvider));
      }),
      share(0.3),
    );
  });

  it("a changed OCSP response is good only if its signed part is unchanged", { timeout }, () => {
    const original = parseOcspResponse(stapled);
    const about = { certificate: parsed(leaf), issuer: parsed(middle), now };
    const acceptingProvider: CryptoProvider = { ...provider, verify: () => true };
    expect(expectTyped(() => runFlow(verifyOcspResponse({ ...about, response: stapled, provider })))).toBeDefined();
    fc.assert(
      fc.property(
        fc.oneof(
          byteChanges.map((changes) => changeBytes(stapled, changes)),
          elementChanges.map((changes) => changeElements(stapled, changes)),
          fc.uint8Array({ maxLength: 200 }).map((rubbish) => tlv(0x30, rubbish)),
        ),
        (response) => {
          const good = expectTyped(() => runFlow(verifyOcspResponse({ ...about, response, provider })));
          // The signature does not cover the certificates in the response, so a change may repeat them.
          if (good) expect(equal(parseOcspResponse(response).tbs, original.tbs)).toBe(true);
          expectTyped(() => runFlow(verifyOcspResponse({ ...about, response, provider: acceptingProvider })));
        },
      ),
      share(0.15),
    );
  });

  it("random bytes are read or refused", { timeout }, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (der) => {
        expectTyped(() => parseCertificate(der));
        expectTyped(() => parseCertificate(tlv(0x30, der)));
      }),
      share(0.05),
    );
  });

  it("DER of any depth, with wrong lengths, is read or refused", { timeout }, () => {
    fc.assert(
      fc.property(
        fc.nat(3000),
        fc.constantFrom(0x30, 0x31, 0xa0, 0xa3, 0x04),
        fc.uint8Array({ maxLength: 8 }),
        (depth, tag, tail) => {
          let der: Uint8Array = tail;
          for (let i = 0; i < Math.min(depth, 60); i++) der = tlv(tag, der);
          expectTyped(() => parseCertificate(der));
          expectTyped(() => parseCertificate(concat(new Uint8Array(2 * depth).fill(tag), tail)));
          expectTyped(() => parseCertificate(concat(bytes(0x30, 0x84, ...tail.slice(0, 4)), der)));
          expectTyped(() => verify([leaf.der, tlv(0x30, der), middle.der]));
        },
      ),
      share(0.05),
    );
  });

  it("damaged PEM is read or refused", { timeout }, () => {
    const pem = pemOf(leaf.der);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(pem.length), fc.string({ maxLength: 4, unit: "binary" })), { maxLength: 4 }),
        fc.boolean(),
        (changes, drop) => {
          let text = pem;
          for (const [at, put] of changes) text = text.slice(0, at) + put + text.slice(at + (drop ? 1 : 0));
          for (const der of expectTyped(() => parsePemCertificates(text)) ?? [])
            expectTyped(() => parseCertificate(der));
        },
      ),
      share(0.1),
    );
    expectTyped(() => parsePemCertificates("-----BEGIN CERTIFICATE-----\n".repeat(50_000)));
    expectTyped(() => parsePemCertificates(`-----BEGIN CERTIFICATE-----${" ".repeat(1_000_000)}`));
    expectTyped(() => parsePemCertificates(pem.repeat(200)));
  });

  it("any text is accepted as a reference identifier or is refused", { timeout }, () => {
    const certificate = parsed(leaf);
    fc.assert(
      fc.property(
        fc.oneof(text, fc.ipV6(), fc.ipV4(), fc.domain(), fc.stringMatching(/^[0-9a-f:.[\]%*-]{0,50}$/)),
        (reference) =>
          expectTyped(() => {
            parseReference(reference);
            matchesReference(certificate, reference);
          }),
      ),
      share(0.05),
    );
    fc.assert(fc.property(fc.oneof(fc.ipV6(), fc.ipV4()), (text) => parseReference(text)?.type === "ip"));
  });

  it("changed private keys of every form are read or refused", { timeout }, async () => {
    const { privateKey: ec } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const { privateKey: rsa } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const { privateKey: ed25519 } = generateKeyPairSync("ed25519");
    const { privateKey: pss } = generateKeyPairSync("rsa-pss", { modulusLength: 2048 });
    const lock = { cipher: "aes-256-cbc", passphrase: "open" };
    const out = (key: KeyObject, type: string, more: object = {}) =>
      new Uint8Array(key.export({ type, format: "der", ...more } as never) as unknown as Buffer);
    const keys = [
      ...[ec, rsa, ed25519, pss].map((key) => out(key, "pkcs8")),
      out(ec, "sec1"),
      out(rsa, "pkcs1"),
      out(ec, "pkcs8", lock),
    ];
    const options = {
      passphrase: "open",
      // The host's PBKDF2 with at most 2048 of the iterations that the file states. Another test checks the limit
      // of iterations.
      pbkdf2: (hash: string, password: Uint8Array, salt: Uint8Array, iterations: number, length: number) =>
        new Uint8Array(pbkdf2Sync(password, salt, Math.min(iterations, 2048), length, hash)),
    };
    const which = fc.nat(keys.length - 1);
    const input = fc.oneof(
      fc.tuple(which, byteChanges).map(([i, changes]) => changeBytes(keys[i]!, changes)),
      fc.tuple(which, elementChanges).map(([i, changes]) => changeElements(keys[i]!, changes)),
    );
    const jwk = fc.record(
      {
        kty: fc.constantFrom("EC", "OKP", "RSA", ""),
        crv: fc.constantFrom("P-256", "Ed25519", "x"),
        d: fc.base64String(),
        n: fc.base64String(),
      },
      { requiredKeys: ["kty"] },
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof({ weight: 9, arbitrary: input }, { weight: 1, arbitrary: jwk }), async (source) => {
        await expectTypedLater(() => readPrivateKey(source, options));
      }),
      share(0.15),
    );
  });

  it("the largest certificates need bounded memory", { timeout }, () => {
    const expectBoundedMemory = (work: () => unknown): void => {
      const start = memoryUsed();
      work();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      expect((heapUsed + arrayBuffers) / 2 ** 20 - start).toBeLessThan(128);
    };
    const names = (n: number, make: (i: number) => Uint8Array) => Array.from({ length: n }, (_, i) => make(i));
    for (const some of [
      names(16_000, () => dns("")),
      names(6000, () => ip(10, 1, 2, 3)),
      names(3000, (i) => directory(name(`CN=${i}`))),
      [email(`${"a".repeat(60_000)}@${"b.".repeat(200)}`)],
    ]) {
      const { der } = server(middle, { names: some });
      expectBoundedMemory(() => verify([der, middle.der]));
    }
    for (const subject of [
      name(...names(4000, () => bytes()).map((_, i) => `CN=${i}`)),
      name(`CN=${"\ufdfa".repeat(20_000)}`),
    ]) {
      const { der } = server(middle, { subject });
      expectBoundedMemory(() => verify([der, middle.der]));
    }
  });
});
