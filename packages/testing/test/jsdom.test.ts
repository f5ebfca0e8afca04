// @vitest-environment jsdom
import { X509Certificate } from "node:crypto";
import { afterEach, expect, test, vi } from "vitest";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

/** A new copy of the module, which looks for WebCrypto anew. */
const fresh = (): Promise<typeof import("../src/certificates.ts")> => import("../src/certificates.ts");

async function issues(): Promise<void> {
  const { testCa } = await fresh();
  const ca = await testCa();
  const { cert } = await (await ca.intermediate()).issue({ names: ["localhost"] });
  const root = new X509Certificate(ca.pem);
  expect(root.verify(root.publicKey)).toBe(true);
  expect(new X509Certificate(cert).checkHost("localhost")).toBe("localhost");
}

test("in vitest's jsdom, which has an ArrayBuffer of its own, testCa issues certificates", async () => {
  expect((globalThis as unknown as { navigator: { userAgent: string } }).navigator.userAgent).toContain("jsdom");
  expect(Object.getPrototypeOf(ArrayBuffer)).not.toBe(Object.getPrototypeOf(Buffer));
  await issues();
});

test("with the crypto of jsdom, which has no subtle, testCa issues certificates", async () => {
  const { crypto } = (globalThis as unknown as { jsdom: { window: { crypto: { subtle?: unknown } } } }).jsdom.window;
  expect(crypto.subtle).toBeUndefined();
  vi.stubGlobal("crypto", crypto);
  await issues();
});

test("without any crypto.subtle, testCa says what it needs", async () => {
  const { testCa } = await fresh();
  vi.stubGlobal("crypto", {});
  vi.stubGlobal("process", {});
  await expect(testCa()).rejects.toThrow("testCa needs crypto.subtle (a page has it on https: and on localhost)");
});
