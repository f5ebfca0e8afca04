import { describe, expect, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { testCa } from "../../../testing/src/certificates.ts";
import { memoryPair } from "../../../testing/src/memoryPair.ts";
import { type AcceptOptions, accept, acceptWith, serverHandshakeConfig } from "../../src/connection/accept.ts";
import { type ConnectOptions, connect } from "../../src/connection/connect.ts";
import { keepSessions } from "../../src/connection/sessions.ts";
import { ecdhePskSuites, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 } from "../../src/handshake/suites.ts";
import { trustPolicy } from "../../src/x509/verify.ts";

const ca = await testCa();
const own = nodeCredential(await ca.issue({ names: ["localhost"] }));
const client = nodeCredential(await ca.issue({ client: true }));

/** None of these is a documented value of any option, unless `fits` says so. */
const strange: readonly unknown[] = [null, "yes", "true", "false", "", 1, 0, Number.NaN, 1n, true, false, {}, []];
const wrongFor = (...fits: readonly unknown[]): readonly unknown[] =>
  strange.filter((value) => !fits.some((fit) => (typeof fit === "function" ? fit(value) : Object.is(fit, value))));
const empty = (value: unknown): boolean => Array.isArray(value);
const flag = wrongFor(true, false);
const any = wrongFor();

const shown = (value: unknown): string =>
  typeof value === "bigint" ? "1n" : Number.isNaN(value) ? "NaN" : JSON.stringify(value);
const rows = (table: Readonly<Record<string, readonly unknown[]>>): [string, string, unknown][] =>
  Object.entries(table).flatMap(([option, values]) =>
    values.map((value): [string, string, unknown] => [option, shown(value), value]),
  );
/** Where the error has another word for the option. */
const words: Readonly<Record<string, string>> = {
  signatureSchemes: "signature ?scheme",
  suites: "suite",
  groups: "group",
  pins: "pin",
  ca: "ca",
  credentials: "credential",
  sessions: "session",
  sessionStore: "session",
};
const refusal = (option: string) => ({
  name: "TlsError",
  code: "configuration",
  message: expect.stringMatching(new RegExp(words[option] ?? option.replace(/^psk\.?/, "psk|pre-shared key|"), "i")),
});

const common = {
  provider: any,
  suites: [...any, [null], ["TLS_AES_128_GCM_SHA256"]],
  groups: [...any, [null], ["x25519"]],
  signatureSchemes: [...any, [null], ["ed25519"]],
  alpn: [...wrongFor(empty), "h2", [null], [""]],
  trace: [...any, { listener: "log" }, { listener: () => {}, secrets: "yes" }, { listener: () => {}, secrets: null }],
  certificateCache: [...any, { parse: () => {} }],
  keyLog: any,
  signal: [...any, { aborted: false }, { addEventListener: () => {} }],
  handshakeTimeout: [...wrongFor(1), "5s", "5000", -1, 2 ** 31, [5000], Number.POSITIVE_INFINITY],
  allowHalfOpen: flag,
  maxFragment: [...any, "512"],
  recordSizeLimit: [...any, "512"],
  renegotiation: any,
  requireExtendedMasterSecret: flag,
  now: any,
  random: any,
};
const trust = {
  ca: [...any, [null], [1], [{}], { raw: "der" }],
  pins: [...wrongFor(empty), [null], [1], "sha256/AAAA"],
  verify: any,
  minimumRsaBits: [...any, "2048", [2048]],
  minimumEcBits: [...any, "256", [256]],
};

async function refuses(option: string, options: object): Promise<void> {
  const open = () => {
    throw new Error("a transport was opened");
  };
  await expect(connect(open, options as ConnectOptions)).rejects.toMatchObject(refusal(option));
}

describe("connect refuses, before it opens anything,", () => {
  const table = {
    ...common,
    ...trust,
    serverName: [...wrongFor("yes", "true", "false"), "a b"],
    maxFragmentLength: [...any, "512"],
    requireSecureRenegotiation: flag,
    fallbackScsv: flag,
    grease: any,
    ocsp: [...any, "require", { check: () => {} }],
    signedCertificateTimestamps: flag,
    credentials: [...wrongFor(empty), [null], [{}], ["pem"]],
    sessions: any,
    sessionScope: wrongFor("yes", "true", "false", ""),
  };
  test.each(rows(table))("%s: %s", async (option, _, value) => {
    await refuses(option, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost", [option]: value });
  });

  test.each(rows({ insecure: flag, trust: any }))("as the only root of trust, %s: %s", async (option, _, value) => {
    await refuses(option, { provider: nodeCrypto, [option]: value });
  });

  test.each(rows({ psk: any, insecure: flag, verify: any }))(
    "without certificates, %s: %s",
    async (option, _, value) => {
      const psk = { identity: "device", key: new Uint8Array(16) };
      await refuses(option, { provider: nodeCrypto, suites: ecdhePskSuites, psk, [option]: value });
    },
  );

  test.each(rows({ allowShortKey: flag }))("psk.%s: %s", async (option, _, value) => {
    const psk = { identity: "device", key: new Uint8Array(16), [option]: value };
    await refuses(option, { provider: nodeCrypto, suites: ecdhePskSuites, psk });
  });

  test("psk: null, without a suite for it", async () => {
    await refuses("psk", { provider: nodeCrypto, ca: ca.pem, serverName: "localhost", psk: null });
  });

  test.each(rows({ tickets: flag, store: any }))("keepSessions({ %s: %s })", (option, _, value) => {
    expect(() => keepSessions({ [option]: value })).toThrow(expect.objectContaining({ code: "configuration" }));
  });

  test("no option that is undefined", async () => {
    const undefinedOptions = Object.fromEntries(Object.keys(table).map((option) => [option, undefined]));
    const { a, b } = memoryPair();
    const given = { ...undefinedOptions, provider: nodeCrypto, ca: ca.pem, serverName: "localhost" };
    const accepting = accept(b, { provider: nodeCrypto, credentials: [own] });
    const channel = await connect(a, given);
    await Promise.all([channel.close(), (await accepting).close()]);
  });
});

describe("serverHandshakeConfig refuses", () => {
  const table = {
    ...common,
    credentials: [...wrongFor(empty), [null], [{}]],
    clientAuth: [...any, "required", "Require", "REQUEST", ["require"]],
    ca: [...any, [null]],
    certificateAuthorities: [...wrongFor(false, empty), [null], ["CN=CA"]],
    equalSuites: [...wrongFor(empty), [null], [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256], ["yes"]],
    strictSni: flag,
    requireAlpn: flag,
    tickets: flag,
    ticketKeys: [...any, [null], [new Uint8Array(47)]],
    sessionStore: wrongFor(false),
    sessionLifetime: [...wrongFor(1), "7200"],
  };
  test.each(rows(table))("%s: %s", (option, _, value) => {
    const clientOptions = /^ca$|^certificateA/.test(option) ? { clientAuth: "require" } : {};
    const authority = option === "certificateAuthorities" ? { ca: ca.pem } : {};
    const options = { provider: nodeCrypto, credentials: [own], ...clientOptions, ...authority, [option]: value };
    expect(() => serverHandshakeConfig(options as unknown as AcceptOptions)).toThrow(
      expect.objectContaining(refusal(option)),
    );
  });

  test.each([...rows({ ...trust, insecure: flag, trust: any })])("for clients, %s: %s", (option, _, value) => {
    const root = option === "insecure" || option === "trust" ? {} : { ca: ca.pem };
    const options = { provider: nodeCrypto, credentials: [own], clientAuth: "require" };
    const given = { ...options, ...root, [option]: value } as unknown as AcceptOptions;
    expect(() => serverHandshakeConfig(given)).toThrow(expect.objectContaining(refusal(option)));
    expect(() => trustPolicy({ ...root, [option]: value })).toThrow(expect.objectContaining(refusal(option)));
  });

  test.each(
    rows({ psk: any, "psk.lookup": any, "psk.allowShortKeys": flag, "psk.hint": wrongFor("", "yes", "true", "false") }),
  )("%s: %s", (option, _, value) => {
    const [, inner] = option.split(".");
    const psk = inner ? { lookup: () => undefined, [inner]: value } : value;
    const options = { provider: nodeCrypto, suites: ecdhePskSuites, psk } as unknown as AcceptOptions;
    expect(() => serverHandshakeConfig(options)).toThrow(expect.objectContaining(refusal(option)));
  });

  test("psk: null, without a suite for it", () => {
    const options = { provider: nodeCrypto, credentials: [own], psk: null } as unknown as AcceptOptions;
    expect(() => serverHandshakeConfig(options)).toThrow(expect.objectContaining(refusal("psk")));
  });

  test("no option that is undefined", () => {
    const undefinedOptions = Object.fromEntries(Object.keys(table).map((option) => [option, undefined]));
    serverHandshakeConfig({ ...undefinedOptions, credentials: [own] });
  });
});

type Options<T> = { readonly [Option in keyof T]?: unknown };

/** What becomes of both sides: "in", or the code of what ended it. */
async function ends(clientOptions: Options<ConnectOptions>, serverOptions: Options<AcceptOptions> = {}) {
  const { a, b } = memoryPair();
  const server = { provider: nodeCrypto, credentials: [own], ...serverOptions } as AcceptOptions;
  const accepted = acceptWith(serverHandshakeConfig(server), b, server);
  const options = { provider: nodeCrypto, serverName: "localhost", ca: ca.pem, ...clientOptions } as ConnectOptions;
  const [near, far] = await Promise.allSettled([connect(a, options), accepted.opened]);
  const code = (end: PromiseSettledResult<unknown>) => (end.status === "rejected" ? end.reason.code : "in");
  accepted.abort(undefined);
  return { client: code(near), server: code(far) };
}

describe("nobody gets in by a value that is not understood", () => {
  test.each(rows({ clientAuth: ["required", "Require", true, 1, {}, [], null] }))(
    "an anonymous client, %s: %s",
    async (_, __, clientAuth) => {
      await expect(ends({}, { clientAuth, ca: ca.pem })).rejects.toMatchObject({ code: "configuration" });
    },
  );

  const answers = [undefined, null, 0, "yes", "true", 1, {}, [], false];
  const hooks = (answer: unknown) => [() => answer, async () => answer];

  test.each(rows({ server: answers }))("verify answers about a %s: %s", async (_, __, answer) => {
    for (const verify of hooks(answer))
      expect(await ends({ verify })).toMatchObject({ client: "untrusted", server: "certificate_unknown" });
    for (const verify of hooks(answer))
      expect(await ends({ verify, ca: undefined, insecure: true })).toMatchObject({ client: "untrusted" });
  });

  test.each(rows({ client: answers }))("verify answers about a %s: %s", async (_, __, answer) => {
    for (const verify of hooks(answer)) {
      const trusting = { ca: ca.pem, verify };
      expect(await ends({ credentials: client }, { clientAuth: "require", ...trusting })).toMatchObject({
        server: "untrusted",
      });
    }
  });

  test.each(rows({ server: answers }))("trust answers about a %s: %s", async (_, __, answer) => {
    for (const trusts of hooks(answer))
      expect(await ends({ trust: trusts, ca: undefined })).toMatchObject({ client: "untrusted" });
  });

  test("true alone lets in, awaited or not", async () => {
    for (const verify of hooks(true)) expect(await ends({ verify })).toMatchObject({ client: "in", server: "in" });
    const trusting = { ca: ca.pem, verify: async () => true };
    expect(await ends({ credentials: client }, { clientAuth: "require", ...trusting })).toMatchObject({ server: "in" });
  });

  test("a provider, or a cache, that answers yes in other words", async () => {
    for (const answer of [1, "yes", {}, null, undefined])
      expect((await ends({ provider: { ...nodeCrypto, verify: () => answer } })).client).not.toBe("in");
    const stranger = await testCa();
    const certificateCache = {
      ...(await import("../../src/x509/cache.ts")).certificateCache(),
      knows: async () => true,
    };
    const impostor = { ...own, chain: nodeCredential(await stranger.issue({ names: ["localhost"] })).chain };
    expect((await ends({ certificateCache }, { credentials: [impostor] })).client).not.toBe("in");
  });

  test("a clock that does not say the time", async () => {
    for (const now of [() => Number.NaN, async () => Date.now(), () => undefined, () => "today"])
      expect((await ends({ now, certificateCache: undefined })).client).not.toBe("in");
  });
});

test("a configuration that was taken fails at no connection for what it says", () => {
  for (const options of [{ handshakeTimeout: "5s" }, { handshakeTimeout: 0 }, { signal: {} }] as object[]) {
    const given = { provider: nodeCrypto, credentials: [own], ...options } as AcceptOptions;
    const all = () => acceptWith(serverHandshakeConfig(given), memoryPair().b, given);
    expect(() => serverHandshakeConfig(given)).toThrow(expect.objectContaining({ code: "configuration" }));
    expect(all).toThrow(expect.objectContaining({ code: "configuration" }));
  }
});
