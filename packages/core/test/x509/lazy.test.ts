/**
 * The rules of name constraints are loaded only when a CA has constraints. If the rules do not load, a chain under that
 * CA is refused.
 */
import { expect, it, vi } from "vitest";
import { ca, dns, nameConstraints, server } from "./make.ts";
import { verify } from "./verify.ts";

const rules = vi.hoisted(() => ({ loads: 0 }));
vi.mock("../../src/x509/lazy.ts", () => ({
  loadConstraints: () => {
    rules.loads++;
    return Promise.reject(new Error("no network"));
  },
}));

it("a chain under a CA with constraints is refused if the rules do not load", async () => {
  const root = ca("Constrained", { extensions: [nameConstraints([dns("example.test")])] });
  await expect(verify([server(root)], { ca: root.der })).rejects.toThrow("no network");
});

it("a chain without constraints does not load the rules", async () => {
  rules.loads = 0;
  const root = ca("Root");
  await verify([server(root)], { ca: root.der });
  expect(rules.loads).toBe(0);
});
