import { readdirSync, readFileSync } from "node:fs";
import { alertDescriptions, type TlsConnection } from "@handclasp/core";
import { expect, test } from "vitest";

const reserved = Object.keys(alertDescriptions).filter((name) => name.endsWith("_RESERVED"));

test("the reserved alerts are known by name, and never sent (RFC 5246 §7.2.2)", () => {
  expect(reserved).toEqual(["decryption_failed_RESERVED", "no_certificate_RESERVED", "export_restriction_RESERVED"]);
  const source = new URL("../src/", import.meta.url);
  const filesWithThem = readdirSync(source, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .filter((file) => reserved.some((name) => readFileSync(new URL(file, source), "utf8").includes(name)));
  expect(filesWithThem).toEqual(["errors.ts"]);
  // The type does not let an application send such an alert either.
  type Sent = NonNullable<Parameters<TlsConnection["abort"]>[1]>;
  // @ts-expect-error: a reserved alert is not in the type
  const alert: Sent = "no_certificate_RESERVED";
  expect(alert).toContain("RESERVED");
});
