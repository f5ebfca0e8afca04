import { memoryPair, testCa } from "@handclasp/testing";
import { describe, expect, expectTypeOf, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { type AcceptOptions, accept } from "../../src/connection/accept.ts";
import type { ConnectOptions } from "../../src/connection/connect.ts";
import { explain } from "../../src/validation/explain.ts";
import { faults, optionsOf } from "../../src/validation/options.ts";
import { serverOptions } from "../../src/validation/serverTable.ts";
import { clientOptions } from "../../src/validation/tables.ts";
import {
  clientOnlyOptions,
  expectedValues,
  foreignOptionRemedies,
  serverOnlyOptions,
} from "../../src/validation/words.ts";
import { certificateDers } from "../../src/x509/pem.ts";

const credentials = nodeCredential(await (await testCa()).issue());
const namesIn = (rows: readonly string[]): string[] => [
  ...new Set(rows.flatMap((row) => row.split(" ").slice(1)).map((path) => path.replace(/\..*/, ""))),
];
const client = namesIn(clientOptions());
const server = namesIn(serverOptions());

/** Every option of `ConnectOptions`. A test compares its keys with those of the type. */
const connectOptions = {
  allowHalfOpen: 1,
  alpn: 1,
  ca: 1,
  certificateCache: 1,
  closeTimeout: 1,
  credentials: 1,
  fallbackScsv: 1,
  grease: 1,
  groups: 1,
  handshakeTimeout: 1,
  insecure: 1,
  keyLog: 1,
  maxFragment: 1,
  maxFragmentLength: 1,
  minimumEcBits: 1,
  minimumRsaBits: 1,
  now: 1,
  ocsp: 1,
  pins: 1,
  provider: 1,
  psk: 1,
  random: 1,
  recordSizeLimit: 1,
  renegotiation: 1,
  requireExtendedMasterSecret: 1,
  requireSecureRenegotiation: 1,
  serverName: 1,
  sessions: 1,
  sessionScope: 1,
  signal: 1,
  signatureSchemes: 1,
  signedCertificateTimestamps: 1,
  suites: 1,
  trace: 1,
  trust: 1,
  verify: 1,
} as const;
const acceptOptions = {
  allowHalfOpen: 1,
  alpn: 1,
  ca: 1,
  certificateAuthorities: 1,
  certificateCache: 1,
  clientAuth: 1,
  closeTimeout: 1,
  credentials: 1,
  equalSuites: 1,
  groups: 1,
  handshakeTimeout: 1,
  insecure: 1,
  keyLog: 1,
  maxFragment: 1,
  minimumEcBits: 1,
  minimumRsaBits: 1,
  now: 1,
  pins: 1,
  provider: 1,
  psk: 1,
  random: 1,
  recordSizeLimit: 1,
  renegotiation: 1,
  requireAlpn: 1,
  requireExtendedMasterSecret: 1,
  sessionLifetime: 1,
  sessionStore: 1,
  signal: 1,
  signatureSchemes: 1,
  strictSni: 1,
  suites: 1,
  textbook: 1,
  ticketKeys: 1,
  tickets: 1,
  trace: 1,
  trust: 1,
  verify: 1,
  virtualHosts: 1,
} as const;

describe("the tables", () => {
  test("have the options of the types, and no others", () => {
    expectTypeOf<keyof typeof connectOptions>().toEqualTypeOf<keyof ConnectOptions>();
    expectTypeOf<keyof typeof acceptOptions>().toEqualTypeOf<keyof AcceptOptions>();
    expect(client.sort()).toEqual(Object.keys(connectOptions).sort());
    expect(server.sort()).toEqual(Object.keys(acceptOptions).sort());
  });

  test("explain every option, and list the options that only one role has", () => {
    for (const option of [...client, ...server]) expect(expectedValues, option).toHaveProperty(option);
    expect(Object.keys(serverOnlyOptions).sort()).toEqual(server.filter((option) => !client.includes(option)).sort());
    expect(Object.keys(clientOnlyOptions).sort()).toEqual(client.filter((option) => !server.includes(option)).sort());
    // The options of other libraries are looked up in lower case.
    for (const name of Object.keys(foreignOptionRemedies)) expect(name).toBe(name.toLowerCase());
  });
});

describe("options", () => {
  const rows = ["boolean insecure", "string name", "any ca"];

  test("may be inherited, or be getters of a class", () => {
    class Settings {
      readonly ca = "pem";
      get name() {
        return "device";
      }
      method() {}
    }
    expect(optionsOf(new Settings(), rows)).toEqual({ ca: "pem", name: "device", insecure: undefined });
    expect(optionsOf(Object.create({ ca: "pem" }), rows)).toMatchObject({ ca: "pem" });
    expect(() => optionsOf(Object.create({ insecur: true }), rows)).toThrow("insecur");
  });

  test("are read only once", () => {
    let reads = 0;
    const changing = {
      get insecure() {
        reads++;
        return reads > 1;
      },
    };
    expect(optionsOf(changing, rows).insecure).toBe(false);
    expect(reads).toBe(1);
  });

  test("are not read from Object.prototype, which cannot turn insecure on", () => {
    Object.defineProperty(Object.prototype, "insecure", {
      value: true,
      configurable: true,
      enumerable: true,
      writable: true,
    });
    try {
      expect((optionsOf({ ca: "pem" }, rows) as { insecure?: boolean }).insecure).toBeUndefined();
      expect(optionsOf({ ca: "pem" }, ["any ca"])).toMatchObject({ ca: "pem" });
    } finally {
      Reflect.deleteProperty(Object.prototype, "insecure");
    }
  });

  test("are not read from Object.prototype for a server of one connection either", async () => {
    const options = { credentials, clientAuth: "require", verify: () => true } as const;
    Object.defineProperty(Object.prototype, "insecure", { value: true, enumerable: true, configurable: true });
    const accepting = accept(memoryPair().a, options);
    Reflect.deleteProperty(Object.prototype, "insecure");
    await expect(accepting).rejects.toMatchObject({ code: "configuration" });
  });

  test("count as absent if they are undefined, even with an unknown name", () => {
    expect(optionsOf({ insecure: undefined, other: undefined }, rows)).not.toHaveProperty("other");
  });

  test("do not have their values in properties of the error", () => {
    const secret = { key: "secret" };
    try {
      optionsOf({ name: secret }, rows);
      expect.unreachable();
    } catch (error) {
      expect(Object.values(error as object)).not.toContain(secret);
      expect(explain(faults.get(error as object) ?? {}, "")).toEqual(["name: object", "give string"]);
    }
  });
});

describe("PEM", () => {
  const pem = `-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`;
  const indented = pem.replace(/^(?=.)/gm, "    ");

  test.each([
    ["after a byte order mark", `\uFEFF${pem}`],
    ["after a byte order mark, as bytes", new TextEncoder().encode(`\uFEFF${pem}`)],
    ["indented", indented],
    ["indented by tabs (two certificates)", (indented + indented).replaceAll("    ", "\t")],
    ["with the line ends of Windows", pem.replaceAll("\n", "\r\n")],
  ])("is read %s", (_, source) => {
    expect(certificateDers(source, "ca")[0]).toEqual(new Uint8Array(3));
  });
});
