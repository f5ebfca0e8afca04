import { connect } from "@handclasp/browser";
import { browserCredential } from "@handclasp/browser/credential";
import { testCa } from "@handclasp/testing";
import { expect, test } from "vitest";

const ca = await testCa();
const { cert, key } = await ca.issue({ client: true });

// biome-ignore lint/suspicious/noExplicitAny: a page's JavaScript may pass values of wrong types.
type Wrong = any;
const connectWith = (options: Wrong, target: Wrong = "ws://127.0.0.1:1") => connect(target, options);

const rows: [name: string, act: () => Promise<unknown>, expectedName: string, expectedAdvice: string][] = [
  ["crt and key", () => connectWith({ crt: cert, key }), "crt", "browserCredential({ cert, key })"],
  ["rejectUnauthorized", () => connectWith({ rejectUnauthorized: false }), "rejectUnauthorized", "insecure: true"],
  ["webSocket", () => connectWith({ ca: ca.pem, webSocket: {} }), "webSocket", "known are"],
  ["a letter too few", () => connectWith({ ca: ca.pem, serverNam: "a" }), "serverNam", "did you mean serverName"],
  ["clientAuth", () => connectWith({ ca: ca.pem, clientAuth: "require" }), "clientAuth", "option of a server"],
  ["alpn", () => connectWith({ ca: ca.pem, alpn: "h2" }), "alpn", 'alpn: ["h2"]'],
  ["ca: null", () => connectWith({ ca: null }), "ca", "leave it out"],
  ["ca: a private key", () => connectWith({ ca: key }), "ca", "the certificate of the CA"],
  ["ca: a Promise", () => connectWith({ ca: Promise.resolve(ca.pem) }), "ca", "put await before it"],
  ["ca: an ArrayBuffer", () => connectWith({ ca: new ArrayBuffer(8) }), "ca", "new Uint8Array(buffer)"],
  [
    "credentials: a Promise",
    () => connectWith({ ca: ca.pem, credentials: browserCredential({ cert, key }) }),
    "credentials",
    "await",
  ],
  ["tcp", () => connectWith({ ca: ca.pem }, "tcp://a.example:1"), "tcp://a.example:1", "use ws: or wss:"],
  ["localhost:8443", () => connectWith({ ca: ca.pem }, "localhost:8443"), "localhost:8443", "use ws://localhost:8443"],
  ["no address", () => connectWith({ ca: ca.pem }, null), "address", "the address comes first"],
  ["an empty address", () => connectWith({ ca: ca.pem }, ""), "address", "ws://"],
  [
    "a WebSocket",
    () => connectWith({ ca: ca.pem }, new WebSocket("ws://127.0.0.1:1")),
    "address",
    "webSocketTransport(socket)",
  ],
  ["options: PEM", () => connectWith(ca.pem), "options", "an object"],
  ["browserCredential()", () => browserCredential(undefined as Wrong), "options", "Credential({ cert, key })"],
  ["browserCredential({ crt })", () => browserCredential({ crt: cert, key } as Wrong), "crt", "did you mean cert"],
  ["cert: a key", () => browserCredential({ cert: key, key }), "cert", "give the certificate as cert"],
  [
    "a scheme by name",
    () => browserCredential({ cert, key, scheme: "ed25519" as Wrong }),
    "scheme",
    "import { ed25519 }",
  ],
];

test.each(rows)(
  'the mistake "%s" causes a configuration error with advice',
  async (_, act, expectedName, expectedAdvice) => {
    const error: Wrong = await act().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ name: "TlsError", code: "configuration", fault: "configuration" });
    expect(error.message).toContain(expectedName);
    expect(error.message).toContain(expectedAdvice);
    for (const line of key.split("\n").slice(1, 3)) expect(error.message).not.toContain(line);
  },
);
