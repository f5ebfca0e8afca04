/**
 * The work that a Certificate message costs before its first signature. It is counted in steps of our code, as V8
 * counts the runs of each block, and in characters that are normalised, not in time: the numbers are the same on a slow
 * machine.
 */
import { Session } from "node:inspector/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { CryptoProvider } from "../../src/crypto/provider.ts";

const session = new Session();
// This must come before the imports, because V8 counts blocks only of code that it compiles after this.
session.connect();
await session.post("Profiler.enable");
await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
const { noble } = await import("../../src/crypto/noble.ts");
const { messages } = await import("./worst.ts");
const { ca, directory, dns, name, nameConstraints, server, subjectAltName, uri } = await import("./make.ts");
const { refusal, verdict } = await import("./verify.ts");

/** The maximum length of a Certificate message, in bytes. */
const maxMessage = 2 ** 17;
/**
 * The limit of steps. An honest message with one certificate takes about 2,000 steps. A step takes up to 10 ns, and
 * 1 ns in the loop over the bytes of two keys.
 */
const maxSteps = 2_500_000;

/** The steps since the last call. */
async function takeSteps(): Promise<number> {
  const { result } = await session.post("Profiler.takePreciseCoverage");
  return result
    .filter(({ url }) => /\/core\/src\/(x509|bytes)\//.test(url))
    .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges.map(({ count }) => count)))
    .reduce((sum, count) => sum + count, 0);
}

/** The cost of a message: its steps, and the length of the longest text that is normalised. */
async function cost(name: string, size: number): Promise<{ steps: number; normalised: number }> {
  const { chain, anchors } = (messages[name] as NonNullable<(typeof messages)[string]>)(size);
  const bytes = chain.reduce((sum, { der }) => sum + 3 + der.length, 3);
  expect(bytes).toBeLessThanOrEqual(maxMessage);
  for (const { der } of chain) expect(der.length).toBeLessThanOrEqual(2 ** 16);
  const provider: CryptoProvider = { ...noble, verify: () => true };
  let normalised = 0;
  const { normalize } = String.prototype;
  const spy = vi.spyOn(String.prototype, "normalize").mockImplementation(function (this: string, form?: string) {
    if (/[\u0080-\uffff]/.test(this)) normalised = Math.max(normalised, this.length);
    return normalize.call(this, form);
  });
  await takeSteps();
  const reference = name.startsWith("constraints") ? null : "www.example.com";
  await verdict(chain, anchors, { provider, reference });
  spy.mockRestore();
  return { steps: await takeSteps(), normalised };
}

beforeAll(async () => void (await cost("honest", maxMessage)));
afterAll(() => session.disconnect());

describe("a Certificate message of 128 KiB", () => {
  it.each(Object.keys(messages))("costs bounded work, which grows no faster than its length: %s", async (name) => {
    const [half, full] = [await cost(name, maxMessage / 2), await cost(name, maxMessage)];
    if (process.env.HANDCLASP_WORK) console.log(name.padEnd(40), half.steps, full.steps, full.normalised);
    expect(full.steps).toBeLessThan(maxSteps);
    // Twice the length costs about twice the work, except for comparisons with constraints, which have a budget.
    if (!name.startsWith("constraints")) expect(full.steps).toBeLessThan(2.5 * half.steps + 20_000);
    expect(full.normalised).toBeLessThanOrEqual(256);
  });
});

describe("the budget of parsing is", () => {
  const root = ca("Root");
  const many = (count: number) => Array.from({ length: count }, () => uri("a:"));

  it("8,192 DER elements in a message, in any certificate", async () => {
    const large = server(root, { names: [dns("www.example.com"), ...many(5000)] });
    const spare = ca("Spare", { issuer: root, extensions: [subjectAltName(...many(5000))] });
    expect(await verdict([large], [root])).toBe("ok");
    expect(await verdict([server(root), spare], [root])).toBe("ok");
    // The second certificate is not part of the path, but parsing it costs the same work.
    expect(await refusal([large, spare], [root])).toMatchObject({
      code: "budget",
      alert: "certificate_unknown",
      position: 1,
    });
  });

  it("not used up by the intermediates that the caller gives", async () => {
    const large = ca("Large", { issuer: root, extensions: [subjectAltName(...many(5000))] });
    const intermediates = [large.der, large.der, large.der];
    expect(await verdict([server(large)], [root], { intermediates })).toBe("ok");
    expect(await verdict([server(large), large, large], [root])).toBe("budget");
  });
});

describe("values that are too long to normalise", () => {
  const long = (text: string) => name("O=Test", `CN=${text.repeat(300)}`);
  const issued = (subject: Uint8Array, issuerName: Uint8Array) => {
    const issuer = ca("x", { subject });
    return verdict([server(issuer, { issuerName })], [issuer]);
  };

  it("equal only the same text; ASCII and shorter values are normalised", async () => {
    expect(await issued(long("ä"), long("ä"))).toBe("ok");
    expect(await issued(long("ä"), long("Ä"))).toBe("unknown_issuer");
    expect(await issued(long("a"), long("A"))).toBe("ok");
    expect(await issued(name("O=Test", `CN=${"ä".repeat(256)}`), name("O=Test", `CN=${"Ä".repeat(256)}`))).toBe("ok");
  });

  it("are refused under a constraint that permits or excludes directory names", async () => {
    const under = (constraints: Uint8Array, subject: Uint8Array) => {
      const only = ca("Only", { extensions: [constraints] });
      return verdict([server(only, { subject })], [only]);
    };
    const subtree = directory(name("O=Test"));
    expect(await under(nameConstraints([subtree]), name("O=Test", "CN=ä"))).toBe("ok");
    expect(await under(nameConstraints([subtree]), long("ä"))).toBe("name_constraint");
    expect(await under(nameConstraints([], [directory(name("O=Other"))]), long("ä"))).toBe("name_constraint");
    expect(await under(nameConstraints([], [directory(long("Ä"))]), long("a"))).toBe("name_constraint");
    expect(await under(nameConstraints([dns("example.com")]), long("ä"))).toBe("ok");
  });
});
