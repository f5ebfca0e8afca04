import { connect } from "@handclasp/browser";
import { browserCredential } from "@handclasp/browser/credential";
import { testCa } from "@handclasp/testing";
import { expect, test } from "vitest";

const ca = await testCa();
const { cert, key } = await ca.issue({ client: true });

// biome-ignore lint/suspicious/noExplicitAny: a page's plain JavaScript; nothing of it compiles.
type Wrong = any;
const over = (options: Wrong, target: Wrong = "ws://127.0.0.1:1") => connect(target, options);

const rows: [name: string, act: () => Promise<unknown>, names: string, remedy: string][] = [
  ["crt and key", () => over({ crt: cert, key }), "crt", "browserCredential({ cert, key })"],
  ["rejectUnauthorized", () => over({ rejectUnauthorized: false }), "rejectUnauthorized", "insecure: true"],
  ["webSocket", () => over({ ca: ca.pem, webSocket: {} }), "webSocket", "known are"],
  ["a letter too few", () => over({ ca: ca.pem, serverNam: "a" }), "serverNam", "did you mean serverName"],
  ["clientAuth", () => over({ ca: ca.pem, clientAuth: "require" }), "clientAuth", "option of a server"],
  ["alpn", () => over({ ca: ca.pem, alpn: "h2" }), "alpn", 'alpn: ["h2"]'],
  ["ca: null", () => over({ ca: null }), "ca", "leave it out"],
  ["ca: a private key", () => over({ ca: key }), "ca", "the certificate of the CA"],
  ["ca: a Promise", () => over({ ca: Promise.resolve(ca.pem) }), "ca", "put await before it"],
  ["ca: an ArrayBuffer", () => over({ ca: new ArrayBuffer(8) }), "ca", "new Uint8Array(buffer)"],
  [
    "credentials: a Promise",
    () => over({ ca: ca.pem, credentials: browserCredential({ cert, key }) }),
    "credentials",
    "await",
  ],
  ["tcp", () => over({ ca: ca.pem }, "tcp://a.example:1"), "tcp://a.example:1", "use ws: or wss:"],
  ["localhost:8443", () => over({ ca: ca.pem }, "localhost:8443"), "localhost:8443", "use ws://localhost:8443"],
  ["no address", () => over({ ca: ca.pem }, null), "address", "the address comes first"],
  ["an empty address", () => over({ ca: ca.pem }, ""), "address", "ws://"],
  [
    "a WebSocket",
    () => over({ ca: ca.pem }, new WebSocket("ws://127.0.0.1:1")),
    "address",
    "webSocketTransport(socket)",
  ],
  ["options: PEM", () => over(ca.pem), "options", "an object"],
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

test.each(rows)("%s is a configuration error that says what to do", async (_, act, names, remedy) => {
  const error: Wrong = await act().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ name: "TlsError", code: "configuration", fault: "configuration" });
  expect(error.message).toContain(names);
  expect(error.message).toContain(remedy);
  for (const line of key.split("\n").slice(1, 3)) expect(error.message).not.toContain(line);
});
