import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat, toHex } from "../../src/bytes/bytes.ts";
import { noble } from "../../src/crypto/noble.ts";
import type { CryptoProvider } from "../../src/crypto/provider.ts";
import { TlsError } from "../../src/errors.ts";
import { run } from "../../src/flow.ts";
import { parseCertificate } from "../../src/x509/certificate.ts";
import { matchesReference, parseReference } from "../../src/x509/name.ts";
import { parsePemCertificates } from "../../src/x509/pem.ts";
import { verifyPeer } from "../../src/x509/verify.ts";
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
  tlv,
} from "./make.ts";

/** HANDCLASP_FUZZ=200000 for the long run. */
const total = Number(process.env.HANDCLASP_FUZZ ?? 20_000);
const share = (part: number) => ({ numRuns: Math.ceil(total * part), endOnFailure: true });
const timeout = Math.max(30_000, total);

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

/** Signatures that cannot be forged, at no cost: they hold for what was signed and nothing else. */
const signed = new Set([leaf, middle].map(parsed).map(({ tbs, signature }) => `${toHex(tbs)} ${toHex(signature)}`));
const provider: CryptoProvider = {
  ...noble,
  verify: (_algorithm, _key, message, signature) => signed.has(`${toHex(message)} ${toHex(signature)}`),
};
const originals = [leaf.der, middle.der, root.der];

/** Only typed errors, each within a second. */
function only<T>(work: () => T): T | undefined {
  const start = performance.now();
  try {
    return work();
  } catch (error) {
    if (!TlsError.is(error)) throw error;
    expect(error.message.length).toBeLessThan(1500);
    return undefined;
  } finally {
    expect(performance.now() - start).toBeLessThan(1000);
  }
}

const verify = (chain: readonly Uint8Array[]) =>
  only(() =>
    run(
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

/** A certificate with some bytes changed, taken out, put in, or cut off. */
const mutated = fc
  .tuple(
    fc.nat(originals.length - 1),
    fc.array(fc.tuple(fc.nat(), fc.constantFrom("set", "drop", "insert", "cut", "flip"), fc.nat(255)), {
      minLength: 1,
      maxLength: 4,
    }),
  )
  .map(([which, changes]) => {
    let der: Uint8Array = originals[which]!.slice();
    for (const [where, how, value] of changes) {
      const at = der.length ? where % der.length : 0;
      if (how === "set") der[at] = value;
      else if (how === "flip") der[at]! ^= 1 << (value & 7);
      else if (how === "cut") der = der.slice(0, at);
      else if (how === "drop") der = concat(der.slice(0, at), der.slice(at + 1 + (value & 15)));
      else der = concat(der.slice(0, at), bytes(value), der.slice(at));
    }
    return { which, der };
  });

describe(`fuzzing, ${total} inputs (HANDCLASP_FUZZ)`, () => {
  it("mutated certificates are read or refused, and never verified", { timeout }, () => {
    fc.assert(
      fc.property(mutated, ({ which, der }) => {
        const changed = der.length !== originals[which]!.length || der.some((byte, i) => byte !== originals[which]![i]);
        const certificate = only(() => parseCertificate(der));
        if (certificate) matchesReference(certificate, "www.example.com");
        if (which === 2 || !changed) return;
        const chain = which === 0 ? [der, middle.der] : [leaf.der, der];
        expect(verify(chain)).toBeUndefined();
      }),
      share(0.7),
    );
  });

  it("rubbish of any kind", { timeout }, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (der) => {
        only(() => parseCertificate(der));
        only(() => parseCertificate(tlv(0x30, der)));
      }),
      share(0.1),
    );
  });

  it("nested to any depth, with lengths that lie", { timeout }, () => {
    fc.assert(
      fc.property(
        fc.nat(3000),
        fc.constantFrom(0x30, 0x31, 0xa0, 0xa3, 0x04),
        fc.uint8Array({ maxLength: 8 }),
        (depth, tag, tail) => {
          let der: Uint8Array = tail;
          for (let i = 0; i < Math.min(depth, 60); i++) der = tlv(tag, der);
          only(() => parseCertificate(der));
          only(() => parseCertificate(concat(new Uint8Array(2 * depth).fill(tag), tail)));
          only(() => parseCertificate(concat(bytes(0x30, 0x84, ...tail.slice(0, 4)), der)));
          only(() => verify([leaf.der, tlv(0x30, der), middle.der]));
        },
      ),
      share(0.05),
    );
  });

  it("PEM that is nearly PEM", { timeout }, () => {
    const pem = pemOf(leaf.der);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(pem.length), fc.string({ maxLength: 4, unit: "binary" })), { maxLength: 4 }),
        fc.boolean(),
        (changes, drop) => {
          let text = pem;
          for (const [at, put] of changes) text = text.slice(0, at) + put + text.slice(at + (drop ? 1 : 0));
          for (const der of only(() => parsePemCertificates(text)) ?? []) only(() => parseCertificate(der));
        },
      ),
      share(0.1),
    );
    only(() => parsePemCertificates("-----BEGIN CERTIFICATE-----\n".repeat(50_000)));
    only(() => parsePemCertificates(`-----BEGIN CERTIFICATE-----${" ".repeat(1_000_000)}`));
    only(() => parsePemCertificates(pem.repeat(200)));
  });

  it("references of any kind", { timeout }, () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          fc.ipV6(),
          fc.ipV4(),
          fc.domain(),
          fc.stringMatching(/^[0-9a-f:.[\]%*-]{0,50}$/),
        ),
        (text) => {
          parseReference(text);
          matchesReference(parsed(leaf), text);
        },
      ),
      share(0.05),
    );
    fc.assert(fc.property(fc.oneof(fc.ipV6(), fc.ipV4()), (text) => parseReference(text)?.type === "ip"));
  });

  it("the largest certificates", { timeout }, () => {
    const names = (n: number, make: (i: number) => Uint8Array) => Array.from({ length: n }, (_, i) => make(i));
    for (const many of [
      names(16_000, () => dns("")),
      names(6000, () => ip(10, 1, 2, 3)),
      names(3000, (i) => directory(name(`CN=${i}`))),
    ]) {
      verify([server(middle, { names: many }).der, middle.der]);
    }
    const long = name(...names(4000, () => bytes()).map((_, i) => `CN=${i}`));
    verify([server(middle, { subject: long }).der, middle.der]);
    verify([server(middle, { subject: name(`CN=${"\ufdfa".repeat(20_000)}`) }).der, middle.der]);
    verify([server(middle, { names: [email(`${"a".repeat(60_000)}@${"b.".repeat(200)}`)] }).der, middle.der]);
  });
});
