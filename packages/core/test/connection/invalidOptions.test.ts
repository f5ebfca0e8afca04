import { describe, expect, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { testCa } from "../../../testing/src/certificates.ts";
import { memoryPair } from "../../../testing/src/memoryPair.ts";
import { type AcceptOptions, accept, acceptWith, serverHandshakeConfig } from "../../src/connection/accept.ts";
import { type ConnectOptions, connect } from "../../src/connection/connect.ts";
import { keepSessions } from "../../src/connection/sessions.ts";
import { ecdhePskSuites, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 } from "../../src/handshake/suites.ts";
import { trustPolicy } from "../../src/x509/trust.ts";

const ca = await testCa();
const serverCredential = nodeCredential(await ca.issue({ names: ["localhost"] }));
const client = nodeCredential(await ca.issue({ client: true }));

/** Values that most options do not allow. `valuesExcept` leaves out those that an option does allow. */
const undocumentedValues: readonly unknown[] = [
  null,
  "yes",
  "true",
  "false",
  "",
  1,
  0,
  Number.NaN,
  1n,
  true,
  false,
  {},
  [],
];
const valuesExcept = (...allowed: readonly unknown[]): readonly unknown[] =>
  undocumentedValues.filter(
    (value) => !allowed.some((item) => (typeof item === "function" ? item(value) : Object.is(item, value))),
  );
const isArray = (value: unknown): boolean => Array.isArray(value);
const notBoolean = valuesExcept(true, false);
const anyValue = valuesExcept();

const textOf = (value: unknown): string =>
  typeof value === "bigint" ? "1n" : Number.isNaN(value) ? "NaN" : JSON.stringify(value);
const rows = (table: Readonly<Record<string, readonly unknown[]>>): [string, string, unknown][] =>
  Object.entries(table).flatMap(([option, values]) =>
    values.map((value): [string, string, unknown] => [option, textOf(value), value]),
  );
/** The pattern of what the error says in place of the option's name. */
const errorWords: Readonly<Record<string, string>> = {
  signatureSchemes: "signature ?scheme",
  suites: "suite",
  groups: "group",
  pins: "pin",
  ca: "ca",
  credentials: "credential",
  sessions: "session",
  sessionStore: "session",
};
const configErrorAbout = (option: string) => ({
  name: "TlsError",
  code: "configuration",
  message: expect.stringMatching(
    new RegExp(errorWords[option] ?? option.replace(/^psk\.?/, "psk|pre-shared key|"), "i"),
  ),
});

const common = {
  provider: anyValue,
  suites: [...anyValue, [null], ["TLS_AES_128_GCM_SHA256"]],
  groups: [...anyValue, [null], ["x25519"]],
  signatureSchemes: [...anyValue, [null], ["ed25519"]],
  alpn: [...valuesExcept(isArray), "h2", [null], [""]],
  trace: [
    ...anyValue,
    { listener: "log" },
    { listener: () => {}, secrets: "yes" },
    { listener: () => {}, secrets: null },
  ],
  certificateCache: [...anyValue, { parse: () => {} }],
  keyLog: anyValue,
  signal: [...anyValue, { aborted: false }, { addEventListener: () => {} }],
  handshakeTimeout: [...valuesExcept(1), "5s", "5000", -1, 2 ** 31, [5000], Number.POSITIVE_INFINITY],
  allowHalfOpen: notBoolean,
  maxFragment: [...anyValue, "512"],
  recordSizeLimit: [...anyValue, "512"],
  renegotiation: anyValue,
  requireExtendedMasterSecret: notBoolean,
  now: anyValue,
  random: anyValue,
};
const trust = {
  ca: [...anyValue, [null], [1], [{}], { raw: "der" }],
  pins: [...valuesExcept(isArray), [null], [1], "sha256/AAAA"],
  verify: anyValue,
  minimumRsaBits: [...anyValue, "2048", [2048]],
  minimumEcBits: [...anyValue, "256", [256]],
};

async function expectRefusal(option: string, options: object): Promise<void> {
  const open = () => {
    throw new Error("a transport was opened");
  };
  await expect(connect(open, options as ConnectOptions)).rejects.toMatchObject(configErrorAbout(option));
}

describe("connect refuses, before it opens the transport,", () => {
  const table = {
    ...common,
    ...trust,
    serverName: [...valuesExcept("yes", "true", "false"), "a b"],
    maxFragmentLength: [...anyValue, "512"],
    requireSecureRenegotiation: notBoolean,
    fallbackScsv: notBoolean,
    grease: anyValue,
    ocsp: [...anyValue, "require", { check: () => {} }],
    signedCertificateTimestamps: notBoolean,
    credentials: [...valuesExcept(isArray), [null], [{}], ["pem"]],
    sessions: anyValue,
    sessionScope: valuesExcept("yes", "true", "false", ""),
  };
  test.each(rows(table))("%s: %s", async (option, _, value) => {
    await expectRefusal(option, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost", [option]: value });
  });

  test.each(rows({ insecure: notBoolean, trust: anyValue }))(
    "as the only root of trust, %s: %s",
    async (option, _, value) => {
      await expectRefusal(option, { provider: nodeCrypto, [option]: value });
    },
  );

  test.each(rows({ psk: anyValue, insecure: notBoolean, verify: anyValue }))(
    "without certificates, %s: %s",
    async (option, _, value) => {
      const psk = { identity: "device", key: new Uint8Array(16) };
      await expectRefusal(option, { provider: nodeCrypto, suites: ecdhePskSuites, psk, [option]: value });
    },
  );

  test.each(rows({ allowShortKey: notBoolean }))("psk.%s: %s", async (option, _, value) => {
    const psk = { identity: "device", key: new Uint8Array(16), [option]: value };
    await expectRefusal(option, { provider: nodeCrypto, suites: ecdhePskSuites, psk });
  });

  test("psk: null without a suite that uses it", async () => {
    await expectRefusal("psk", { provider: nodeCrypto, ca: ca.pem, serverName: "localhost", psk: null });
  });

  test.each(rows({ tickets: notBoolean, store: anyValue }))("as keepSessions does, { %s: %s }", (option, _, value) => {
    expect(() => keepSessions({ [option]: value })).toThrow(expect.objectContaining({ code: "configuration" }));
  });

  test("no option only because it is undefined", async () => {
    const undefinedOptions = Object.fromEntries(Object.keys(table).map((option) => [option, undefined]));
    const { a, b } = memoryPair();
    const connectOptions = { ...undefinedOptions, provider: nodeCrypto, ca: ca.pem, serverName: "localhost" };
    const accepting = accept(b, { provider: nodeCrypto, credentials: [serverCredential] });
    const channel = await connect(a, connectOptions);
    await Promise.all([channel.close(), (await accepting).close()]);
  });
});

describe("serverHandshakeConfig refuses", () => {
  const table = {
    ...common,
    credentials: [...valuesExcept(isArray), [null], [{}]],
    clientAuth: [...anyValue, "required", "Require", "REQUEST", ["require"]],
    ca: [...anyValue, [null]],
    certificateAuthorities: [...valuesExcept(false, isArray), [null], ["CN=CA"]],
    equalSuites: [...valuesExcept(isArray), [null], [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256], ["yes"]],
    strictSni: notBoolean,
    requireAlpn: notBoolean,
    tickets: notBoolean,
    ticketKeys: [...anyValue, [null], [new Uint8Array(47)]],
    sessionStore: valuesExcept(false),
    sessionLifetime: [...valuesExcept(1), "7200"],
  };
  test.each(rows(table))("%s: %s", (option, _, value) => {
    const clientOptions = /^ca$|^certificateA/.test(option) ? { clientAuth: "require" } : {};
    const authority = option === "certificateAuthorities" ? { ca: ca.pem } : {};
    const options = {
      provider: nodeCrypto,
      credentials: [serverCredential],
      ...clientOptions,
      ...authority,
      [option]: value,
    };
    expect(() => serverHandshakeConfig(options as unknown as AcceptOptions)).toThrow(
      expect.objectContaining(configErrorAbout(option)),
    );
  });

  test.each([...rows({ ...trust, insecure: notBoolean, trust: anyValue })])(
    "for clients, %s: %s",
    (option, _, value) => {
      const root = option === "insecure" || option === "trust" ? {} : { ca: ca.pem };
      const options = { provider: nodeCrypto, credentials: [serverCredential], clientAuth: "require" };
      const acceptOptions = { ...options, ...root, [option]: value } as unknown as AcceptOptions;
      expect(() => serverHandshakeConfig(acceptOptions)).toThrow(expect.objectContaining(configErrorAbout(option)));
      expect(() => trustPolicy({ ...root, [option]: value })).toThrow(
        expect.objectContaining(configErrorAbout(option)),
      );
    },
  );

  test.each(
    rows({
      psk: anyValue,
      "psk.lookup": anyValue,
      "psk.allowShortKeys": notBoolean,
      "psk.hint": valuesExcept("", "yes", "true", "false"),
    }),
  )("%s: %s", (option, _, value) => {
    const [, inner] = option.split(".");
    const psk = inner ? { lookup: () => undefined, [inner]: value } : value;
    const options = { provider: nodeCrypto, suites: ecdhePskSuites, psk } as unknown as AcceptOptions;
    expect(() => serverHandshakeConfig(options)).toThrow(expect.objectContaining(configErrorAbout(option)));
  });

  test("psk: null without a suite that uses it", () => {
    const options = { provider: nodeCrypto, credentials: [serverCredential], psk: null } as unknown as AcceptOptions;
    expect(() => serverHandshakeConfig(options)).toThrow(expect.objectContaining(configErrorAbout("psk")));
  });

  test("no option only because it is undefined", () => {
    const undefinedOptions = Object.fromEntries(Object.keys(table).map((option) => [option, undefined]));
    serverHandshakeConfig({ ...undefinedOptions, credentials: [serverCredential] });
  });
});

type Options<T> = { readonly [Option in keyof T]?: unknown };

/** Connects. Returns the result of each side: "in" if its handshake succeeded, or the code of its error. */
async function connectBoth(clientOptions: Options<ConnectOptions>, serverOptions: Options<AcceptOptions> = {}) {
  const { a, b } = memoryPair();
  const server = { provider: nodeCrypto, credentials: [serverCredential], ...serverOptions } as AcceptOptions;
  const serverConnection = acceptWith(serverHandshakeConfig(server), b, server);
  const options = { provider: nodeCrypto, serverName: "localhost", ca: ca.pem, ...clientOptions } as ConnectOptions;
  const [clientResult, serverResult] = await Promise.allSettled([connect(a, options), serverConnection.opened]);
  const code = (end: PromiseSettledResult<unknown>) => (end.status === "rejected" ? end.reason.code : "in");
  serverConnection.abort(undefined);
  return { client: code(clientResult), server: code(serverResult) };
}

describe("a peer is not accepted because of an undocumented value", () => {
  test.each(rows({ clientAuth: ["required", "Require", true, 1, {}, [], null] }))(
    "of clientAuth, for an anonymous client, %s: %s",
    async (_, __, clientAuth) => {
      await expect(connectBoth({}, { clientAuth, ca: ca.pem })).rejects.toMatchObject({ code: "configuration" });
    },
  );

  const answers = [undefined, null, 0, "yes", "true", 1, {}, [], false];
  const bothHooks = (answer: unknown) => [() => answer, async () => answer];

  test.each(rows({ server: answers }))("that verify returns for a %s: %s", async (_, __, answer) => {
    for (const verify of bothHooks(answer))
      expect(await connectBoth({ verify })).toMatchObject({ client: "untrusted", server: "certificate_unknown" });
    for (const verify of bothHooks(answer))
      expect(await connectBoth({ verify, ca: undefined, insecure: true })).toMatchObject({ client: "untrusted" });
  });

  test.each(rows({ client: answers }))("that verify returns for a %s: %s", async (_, __, answer) => {
    for (const verify of bothHooks(answer)) {
      const trusting = { ca: ca.pem, verify };
      expect(await connectBoth({ credentials: client }, { clientAuth: "require", ...trusting })).toMatchObject({
        server: "untrusted",
      });
    }
  });

  test.each(rows({ server: answers }))("that trust returns for a %s: %s", async (_, __, answer) => {
    for (const trust of bothHooks(answer))
      expect(await connectBoth({ trust, ca: undefined })).toMatchObject({ client: "untrusted" });
  });

  test("but `true` accepts the peer, as a value and as the result of a promise", async () => {
    for (const verify of bothHooks(true))
      expect(await connectBoth({ verify })).toMatchObject({ client: "in", server: "in" });
    const trusting = { ca: ca.pem, verify: async () => true };
    expect(await connectBoth({ credentials: client }, { clientAuth: "require", ...trusting })).toMatchObject({
      server: "in",
    });
  });

  test("that a provider or a cache returns instead of true", async () => {
    for (const answer of [1, "yes", {}, null, undefined])
      expect((await connectBoth({ provider: { ...nodeCrypto, verify: () => answer } })).client).not.toBe("in");
    const stranger = await testCa();
    const certificateCache = {
      ...(await import("../../src/x509/cache.ts")).certificateCache(),
      knows: async () => true,
    };
    const impostor = {
      ...serverCredential,
      chain: nodeCredential(await stranger.issue({ names: ["localhost"] })).chain,
    };
    expect((await connectBoth({ certificateCache }, { credentials: [impostor] })).client).not.toBe("in");
  });

  test("that a clock returns instead of a time", async () => {
    for (const now of [() => Number.NaN, async () => Date.now(), () => undefined, () => "today"])
      expect((await connectBoth({ now, certificateCache: undefined })).client).not.toBe("in");
  });
});

test("wrong options fail at configuration, not at a connection", () => {
  for (const options of [{ handshakeTimeout: "5s" }, { handshakeTimeout: 0 }, { signal: {} }] as object[]) {
    const acceptOptions = { provider: nodeCrypto, credentials: [serverCredential], ...options } as AcceptOptions;
    const all = () => acceptWith(serverHandshakeConfig(acceptOptions), memoryPair().b, acceptOptions);
    expect(() => serverHandshakeConfig(acceptOptions)).toThrow(expect.objectContaining({ code: "configuration" }));
    expect(all).toThrow(expect.objectContaining({ code: "configuration" }));
  }
});
