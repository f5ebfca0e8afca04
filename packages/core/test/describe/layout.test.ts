import {
  ccmSuites,
  dheSuites,
  ecdhePskSuites,
  legacySuites,
  pskSuites,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  type TraceEvent,
} from "@handclasp/core";
import { type Field, layout } from "@handclasp/core/describe";
import { describe, expect, test } from "vitest";
import { connectPair } from "../handshake/extensions/connectPair.ts";

const suites = [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256];
const suite = suites[0]?.name;
const { events } = await connectPair({ suites, alpn: ["echo/1"] }, { suites, alpn: ["echo/1"] });
const messages = events.client.filter((event) => event.type === "handshake");
const message = (name: string): Extract<TraceEvent, { type: "handshake" }> => {
  const found = messages.find((event) => event.name === name);
  if (!found) throw new Error(`no ${name}`);
  return found;
};
const field = (fields: readonly Field[], path: string): Field => {
  const found = fields.find((one) => one.path === path && !one.isLength);
  if (!found) throw new Error(`no ${path} in ${fields.map((one) => one.path).join(", ")}`);
  return found;
};
/** The most exact field of each byte. */
const labels = (bytes: Uint8Array, fields: readonly Field[]): (string | undefined)[] =>
  Array.from(bytes, (_, i) => fields.filter(({ start, end }) => start <= i && i < end).at(-1)?.path);

describe("layout", () => {
  test("labels every byte of every message of a handshake, and gives each field a section", () => {
    expect(messages.map(({ name }) => name)).toContain("server_key_exchange");
    for (const { name, bytes } of messages) {
      const fields = layout(bytes, suite);
      const inBody = labels(bytes, fields).slice(4);
      expect(inBody, name).not.toContain(undefined);
      expect(inBody, name).not.toContain("body"); // every byte belongs to a field of the body
      for (const { section } of fields) expect(section).toMatch(/^RFC \d+ §[\dA]/);
    }
  });

  test("finds the random value, the suite and the server's name in ClientHello", () => {
    const { bytes, body } = message("client_hello");
    const fields = layout(bytes);
    const { random } = body as { random: Uint8Array };
    const found = field(fields, "random");
    expect(bytes.subarray(found.start, found.end)).toEqual(random);
    expect(field(fields, "clientVersion").value).toBe("TLS 1.2 (0x0303)");
    expect(field(fields, "cipherSuites[0]").value).toBe("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 (0xc02b)");
    expect(fields.some(({ value }) => value === "supported_groups (0x000a)")).toBe(true);
    expect(fields.some(({ value }) => value === "x25519 (0x001d)")).toBe(true);
    const groups = fields.find(({ value }) => value === "supported_groups (0x000a)");
    expect(groups?.section).toBe("RFC 8422 §5.1.1");
  });

  test("labels the DER of certificates", () => {
    const { bytes } = message("certificate");
    const fields = layout(bytes, suite);
    expect(field(fields, "certificateList[0].notAfter").value).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect(field(fields, "certificateList[0].subjectPublicKeyInfo").section).toBe("RFC 5280 §4.1.2.7");
    expect(field(fields, "certificateList[0].extensions.subjectAltName").section).toBe("RFC 5280 §4.2.1.6");
    expect(labels(bytes, fields).slice(14)).not.toContain("certificateList[0].certificate");
  });

  test("puts a field before the fields inside it", () => {
    for (const { bytes } of messages) {
      const fields = layout(bytes, suite);
      for (const [i, outer] of fields.entries())
        for (const inner of fields.slice(0, i))
          expect(inner.start < outer.start || inner.end > outer.end || inner.start === outer.start).toBe(true);
    }
  });

  test("labels a malformed body as a whole", () => {
    const bytes = Uint8Array.of(1, 0, 0, 3, 3, 3, 0);
    expect(labels(bytes, layout(bytes))).toEqual(["msg_type", "length", "length", "length", "body", "body", "body"]);
  });

  test("labels the key exchange of an unknown suite as a whole", () => {
    const { bytes } = message("server_key_exchange");
    expect(new Set(labels(bytes, layout(bytes)).slice(4))).toEqual(new Set(["body"]));
  });

  test("knows the key exchange of every suite", () => {
    for (const { name, keyExchange } of [legacySuites, dheSuites, ccmSuites, ecdhePskSuites, pskSuites].flat()) {
      const body = keyExchange.name === "dhe" ? [0, 1, 9] : keyExchange.name === "rsa" ? [0, 1, 9] : undefined;
      const bytes = Uint8Array.of(16, 0, 0, body ? 3 : 2, ...(body ?? [1, 9]));
      if (keyExchange.name.includes("psk")) continue;
      expect(labels(bytes, layout(bytes, name)).slice(4), name).not.toContain("body");
    }
  });
});
