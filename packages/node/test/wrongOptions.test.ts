import { createPublicKey } from "node:crypto";
import { createServer as createHttp } from "node:http";
import { Socket } from "node:net";
import {
  accept,
  certificateCache,
  connect,
  connectTcp,
  connectWebSocket,
  createServer,
  ecdhePskSuites,
  keepSessions,
  listenTcp,
  listenWebSocket,
  memoryStore,
  nodeCredential,
  serverConfig,
  tcpTransport,
  webSocketTransport,
  x25519,
} from "@handclasp/node";
import { createFetch } from "@handclasp/node/fetch";
import { openTelemetryMetrics } from "@handclasp/node/opentelemetry";
import { prometheusMetrics } from "@handclasp/node/prometheus";
import { memoryPair, testCa } from "@handclasp/testing";
import { expect, test } from "vitest";
import { trustPolicy } from "../../core/src/x509/trust.ts";

const ca = await testCa();
const { cert, key } = await ca.issue({ names: ["127.0.0.1"] });
const credentials = [nodeCredential({ cert, key })];
const handler = () => {};
const secret = "correct horse battery staple";
const der = (pem: string): Buffer => Buffer.from(pem.replace(/-----.*-----|\s/g, ""), "base64");
const relabelled = (label: string): string => ca.pem.replaceAll("CERTIFICATE", label);
const publicKey = String(createPublicKey(key).export({ type: "spki", format: "pem" }));

/** The type of values that a JavaScript program may pass, and that TypeScript would refuse. */
// biome-ignore lint/suspicious/noExplicitAny: the tests pass values of wrong types.
type Wrong = any;
const client = (options: Wrong, target: Wrong = "tcp://127.0.0.1:1") => connect(target, options);
const withCa = (options: object) => client({ ca: ca.pem, ...options });
const webSocket = (options: object) => connect("ws://127.0.0.1:1", { ca: ca.pem, webSocket: options });
const server = (options: object) => createServer({ credentials, ...options }, handler);
const auth = { clientAuth: "request", ca: ca.pem };
const psk = (options: Wrong) => client({ suites: ecdhePskSuites, psk: options });
const serverPsk = (options: Wrong) => createServer({ suites: ecdhePskSuites, psk: options }, handler);
const fetchTo = (target: Wrong, options: object = {}) => createFetch(target, { ca: ca.pem, ...options });
const listen = (options: object) => listenWebSocket(options, handler);

type Row = [name: string, act: () => unknown, expectedName: string, expectedAdvice: string];
const rows: Row[] = [
  [
    "servername of createFetch",
    () => fetchTo("wss://a/", { servername: "a" }),
    "servername",
    "did you mean serverName?",
  ],
  [
    "an address of createFetch without scheme",
    () => fetchTo("a:8443"),
    "the address",
    "use ws://a:8443 or tcp://a:8443",
  ],
  // Misspelt names, and names of other libraries.
  ["crt and key", () => client({ crt: cert, key }), "crt", "nodeCredential({ cert, key })"],
  ["cert", () => withCa({ cert }), "cert", "nodeCredential({ cert, key })"],
  ["pfx", () => withCa({ pfx: der(cert) }), "pfx", "openssl pkcs12"],
  ["passphrase", () => withCa({ passphrase: secret }), "passphrase", "nodeCredential"],
  ["rejectUnauthorized", () => client({ rejectUnauthorized: false }), "rejectUnauthorized", "insecure: true"],
  ["servername", () => withCa({ servername: "a" }), "servername", "did you mean serverName"],
  ["ALPNProtocols", () => withCa({ ALPNProtocols: ["h2"] }), "ALPNProtocols", 'alpn: ["h2"]'],
  ["minVersion", () => withCa({ minVersion: "TLSv1.2" }), "minVersion", "only TLS 1.2"],
  ["ciphers", () => withCa({ ciphers: "HIGH" }), "ciphers", "suites"],
  ["ecdhCurve", () => withCa({ ecdhCurve: "auto" }), "ecdhCurve", "groups"],
  ["secureContext", () => withCa({ secureContext: {} }), "secureContext", "serverConfig()"],
  ["checkServerIdentity", () => withCa({ checkServerIdentity: handler }), "checkServerIdentity", "verify"],
  ["timeout", () => withCa({ timeout: 5 }), "timeout", "handshakeTimeout"],
  ["headers", () => withCa({ headers: {} }), "headers", "webSocket: {"],
  ["a letter too few", () => withCa({ handshakTimeout: 5 }), "handshakTimeout", "did you mean handshakeTimeout"],
  ["two letters swapped", () => withCa({ trsut: handler }), "trsut", "did you mean trust"],
  ["null under an unknown name", () => withCa({ pin: null }), "pin", "did you mean pins"],
  ["inherited", () => client(Object.create({ ca: ca.pem, crt: cert })), "crt", "nodeCredential"],
  ["requestCert", () => server({ requestCert: true }), "requestCert", "clientAuth"],
  ["SNICallback", () => server({ SNICallback: handler }), "SNICallback", "ClientHello"],
  ["port", () => server({ port: 8443 }), "port", "server.listenTcp({ port"],
  ["credential", () => createServer({ credential: { cert, key } } as Wrong, handler), "credential", "credentials"],
  ["webSockt", () => withCa({ webSockt: {} }), "webSockt", "did you mean webSocket"],
  ["header", () => webSocket({ header: {} }), "webSocket.header", "did you mean headers"],
  [
    "psk.secret",
    () => psk({ identity: "a", key: new Uint8Array(16), secret }),
    "psk.secret",
    "known are identity, key",
  ],
  [
    "trace.secret",
    () => withCa({ trace: { listener: handler, secret: true } }),
    "trace.secret",
    "did you mean secrets",
  ],
  ["keepSessions", () => keepSessions({ ticket: true } as Wrong), "ticket", "tickets"],
  ["memoryStore", () => memoryStore({ max: 5 } as Wrong), "max", "maxBytes"],
  ["trustPolicy", () => trustPolicy({ CA: ca.pem } as Wrong), "CA", "ca"],
  ["listenTcp", () => listenTcp({ prot: 1 } as Wrong, handler), "prot", "did you mean port"],
  ["listenWebSocket", () => listen({ origin: ["https://a.example"] }), "origin", "did you mean origins"],
  ["connectTcp", () => connectTcp({ host: "a", prt: 1 } as Wrong), "prt", "did you mean port"],
  ["nodeCredential", () => nodeCredential({ crt: cert, key } as Wrong), "crt", "did you mean cert"],
  ["a pfx for nodeCredential", () => nodeCredential({ pfx: der(cert), passphrase: secret } as Wrong), "pfx", "openssl"],
  // Options of the other role.
  ["clientAuth", () => withCa({ clientAuth: "require" }), "clientAuth", "option of a server"],
  ["strictSni", () => withCa({ strictSni: true }), "strictSni", "option of a server"],
  ["serverName", () => server({ serverName: "a" }), "serverName", "option of a client"],
  ["sessions", () => server({ sessions: keepSessions() }), "sessions", "sessionStore"],
  ["psk.lookup", () => psk({ lookup: handler }), "psk.lookup", "known are identity, key"],
  [
    "webSocket.rejectUnauthorized",
    () => webSocket({ rejectUnauthorized: false }),
    "webSocket.rejectUnauthorized",
    "known are protocols",
  ],
  // Options that have no effect together with another.
  ["webSocket over TCP", () => withCa({ webSocket: { headers: {} } }), "webSocket", "ws: and wss:"],
  [
    "webSocket with a transport",
    () => client({ ca: ca.pem, webSocket: {} }, memoryPair().a),
    "the target is a transport",
    "ws: and wss:",
  ],
  ["a port with a server", () => listen({ server: createHttp(), port: 1 }), "port", "the server's own listen()"],
  ["a host with a server", () => listen({ server: createHttp(), host: "::" }), "host", "the server's own listen()"],
  // Values of another type, or out of range.
  ["alpn as text", () => withCa({ alpn: "h2" }), "alpn", 'alpn: ["h2"]'],
  ["alpn that is empty", () => withCa({ alpn: [""] }), "alpn", "1 to 255 ASCII characters"],
  ["alpn that is too long", () => withCa({ alpn: Array(256).fill("h".repeat(255)) }), "alpn", "at most 255 texts"],
  ["pins as text", () => client({ pins: "sha256/abc" }), "pins", 'pins: ["sha256/…"]'],
  ["a pin that is not a hash", () => client({ pins: ["abc"] }), "pins", "base64 of the SHA-256"],
  ["suites by name", () => withCa({ suites: ["TLS_RSA_PSK"] }), "TLS_RSA_PSK", "import { TLS_RSA_PSK }"],
  ["suites of TLS 1.3", () => withCa({ suites: ["TLS_AES_128_GCM_SHA256"] }), "suites", "TLS 1.3"],
  ["suites as OpenSSL has them", () => withCa({ suites: "ECDHE-RSA-AES128" }), "suites", "import { TLS_… }"],
  ["groups by name", () => withCa({ groups: ["x25519"] }), "groups", "import { x25519 }"],
  ["schemes by name", () => withCa({ signatureSchemes: ["ed25519"] }), "signatureSchemes", "import { ed25519 }"],
  ["no suites", () => withCa({ suites: [] }), "suite", "leave the option out"],
  ["a timeout that is too long", () => withCa({ handshakeTimeout: 2 ** 31 }), "handshakeTimeout", "milliseconds"],
  ["zero", () => withCa({ closeTimeout: 0 }), "closeTimeout", "milliseconds"],
  ["insecure as text", () => client({ insecure: "true" }), "insecure", "true, if you need no identity"],
  ["a fragment too small", () => withCa({ maxFragment: 63 }), "maxFragment", "64 to 16,384"],
  ["maxFragmentLength", () => withCa({ maxFragmentLength: 1000 }), "maxFragmentLength", "512, 1024"],
  ["bits", () => withCa({ minimumRsaBits: 1024 }), "minimumRsaBits", "2048 to 8192"],
  ["renegotiation", () => withCa({ renegotiation: "never" }), "renegotiation", '"decline" or "abort"'],
  ["an AbortController", () => withCa({ signal: new AbortController() }), "signal", "AbortController"],
  ["a name with a port", () => withCa({ serverName: "localhost:8443" }), "serverName: not a name", "without port"],
  ["a name that is a URL", () => withCa({ serverName: "https://a.example" }), "serverName: not a name", "DNS name"],
  ["a name with a star", () => withCa({ serverName: "*.a.example" }), "serverName: not a name", "DNS name"],
  ["a group for a scheme", () => withCa({ signatureSchemes: [x25519] }), "signature scheme x25519", "leave it out"],
  [
    "authorities with a hole",
    () => server({ ...auth, certificateAuthorities: Array.from({ length: 1 }) }),
    "certificateAuthorities",
    "DER",
  ],
  ["a name with a space", () => withCa({ serverName: "a b" }), "serverName: not a name", "DNS name"],
  [
    "credentials that are not made by nodeCredential",
    () => withCa({ credentials: { cert, key } }),
    "credentials",
    "nodeCredential({ cert, key })",
  ],
  [
    "credentials in a list",
    () => server({ credentials: [{ cert, key }] }),
    "credentials",
    "nodeCredential({ cert, key })",
  ],
  ["credentials as PEM", () => server({ credentials: key }), "credentials", "nodeCredential({ cert, key })"],
  ["provider", () => withCa({ provider: {} }), "provider", "nodeCrypto"],
  ["trace", () => withCa({ trace: true }), "trace", "a function"],
  ["a trace without listener", () => withCa({ trace: {} }), "trace.listener", "a function"],
  ["sessions as true", () => withCa({ sessions: true }), "sessions", "keepSessions()"],
  ["clientAuth as true", () => server({ clientAuth: true, ca: ca.pem }), "clientAuth", '"require"'],
  ["ticketKeys", () => server({ ticketKeys: [Buffer.from(secret)] }), "ticketKeys", "48 random bytes"],
  ["sessionLifetime", () => server({ sessionLifetime: 0 }), "sessionLifetime", "1 to 86,400"],
  ["sessionStore", () => server({ sessionStore: new Map([[1, 2]]).keys() }), "sessionStore", "get, set and delete"],
  ["psk.key as text", () => psk({ identity: "a", key: secret }), "psk.key", "bytes"],
  ["psk without identity", () => psk({ key: new Uint8Array(16) }), "psk.identity", "a text"],
  ["psk as text", () => psk(secret), "psk", "identity"],
  ["psk of a client for a server", () => serverPsk({ identity: "a", key: Buffer.from(secret) }), "psk.", "lookup"],
  ["psk without suites", () => withCa({ psk: { identity: "a", key: Buffer.from(secret) } }), "psk", "ecdhePskSuites"],
  ["no handler", () => createServer({ credentials }, undefined as Wrong), "handler", "(channel, request)"],
  ["the handler first", () => createServer(handler as Wrong, handler), "options", "options come first"],
  ["no credential", () => createServer({}, handler), "credential", "nodeCredential"],
  ["onError", () => server({ onError: "log" }), "onError", "a function"],
  ["no options of accept", () => accept(memoryPair().a, null as Wrong), "options", "give an object"],
  ["serverConfig", () => serverConfig({ credentials, tickets: "no" } as Wrong), "tickets", "true or false"],
  ["keepSessions' store", () => keepSessions({ store: new Map().keys() as Wrong }), "store", "get, set and delete"],
  ["memoryStore's bytes", () => memoryStore({ maxBytes: -1 }), "maxBytes", "expected"],
  ["certificateCache", () => certificateCache(0), "entries", "1 or more"],
  ["listenTcp's port", () => listenTcp({ port: 65_536 }, handler), "port", "65,535"],
  ["listenTcp's host", () => listenTcp({ host: "" }, handler), "host", "0.0.0.0"],
  ["listenTcp without handler", () => listenTcp({}, undefined as Wrong), "onTransport", "a function"],
  ["a path", () => listen({ path: "tls" }), "path", "begins with a slash"],
  ["a path with a query", () => listen({ path: "/tls?a" }), "path", "without ? and #"],
  ["a path that is not ASCII", () => listen({ path: "/grün" }), "path", "%XX"],
  ["a server that is an empty object", () => listen({ server: {} }), "server", "node:http"],
  ["an origin as text", () => listen({ origins: "https://a.example" }), "origins", "a list of origins"],
  ["connectTcp's host", () => connectTcp({ host: "", port: 1 }), "host", "a name or an address"],
  ["connectTcp without port", () => connectTcp({ host: "127.0.0.1" } as Wrong), "port", "65,535"],
  ["headers of numbers", () => webSocket({ headers: { authorization: 5 } }), "webSocket.headers", "an object of texts"],
  ["Headers", () => webSocket({ headers: new Headers({ a: secret }) }), "webSocket.headers", "an object of texts"],
  [
    "headers in a Map",
    () => webSocket({ headers: new Map([["a", secret]]) }),
    "webSocket.headers",
    "an object of texts",
  ],
  ["headers in a list", () => webSocket({ headers: [`a: ${secret}`] }), "webSocket.headers", "an object of texts"],
  ["the outer CA as a number", () => webSocket({ ca: 5 }), "webSocket.ca", "give the certificate of your CA"],
  ["the outer CA: a key", () => webSocket({ ca: key }), "webSocket.ca", "the certificate of the CA"],
  ["the outer CA: a path", () => webSocket({ ca: ["/etc/ca.pem"] }), "webSocket.ca", "the name of a file"],
  ["a fragment in the address", () => connectWebSocket("ws://127.0.0.1:1/#a"), "fragment", "leave out"],
  ["a protocol that HTTP does not allow", () => webSocket({ protocols: "a b" }), "webSocket", "HTTP allows"],
  ["a header that HTTP does not allow", () => webSocket({ headers: { "a b": secret } }), "webSocket", "HTTP allows"],
  ["connectWebSocket", () => connectWebSocket("http://a:1"), "address", "use ws://a:1"],
  ["noServer", () => listen({ noServer: true }), "noServer", "server.accept"],
  ["tcpTransport", () => tcpTransport({} as Wrong), "the socket", "node:net"],
  ["webSocketTransport", () => webSocketTransport(undefined as Wrong), "the WebSocket", "of the package ws"],
  ["webSocketTransport of a socket", () => webSocketTransport(new Socket() as Wrong), "the WebSocket", "tcpTransport"],
  [
    "a listener's grace",
    async () => (await listenTcp({}, handler)).close({ grace: 5 } as Wrong),
    "grace",
    "milliseconds: close(5000)",
  ],
  ["grace", () => createServer({ credentials }, handler).close({ grace: -1 }), "grace", "milliseconds, from 0"],
  [
    "a registry that is misspelt",
    () => prometheusMetrics({ client: { Histogram: class {} }, registry: 1 } as Wrong),
    "registry",
    "register",
  ],
  ["metrics without prom-client", () => prometheusMetrics({} as Wrong), "client", "prom-client"],
  ["metrics without options", () => (prometheusMetrics as Wrong)(), "client", "prom-client"],
  [
    "a misspelt limit",
    () => createServer({ credentials, admission: { maxConnection: 1 } as Wrong }, handler),
    "maxConnection",
    "maxConnections? It takes a whole number",
  ],
  [
    "a limit in the wrong place",
    () => createServer({ credentials, maxHandshakes: 1 } as Wrong, handler),
    "maxHandshakes",
    "admission",
  ],
  [
    "trustProxy of a server",
    () => createServer({ credentials, trustProxy: 1 } as Wrong, handler),
    "trustProxy",
    "listenWebSocket",
  ],
  ["metrics without a meter", () => openTelemetryMetrics({} as Wrong), "meter", "getMeter"],
  // Other values in place of a certificate or a key.
  ["ca: null", () => client({ ca: null }), "ca", "leave it out"],
  ["ca: something raw", () => client({ ca: { raw: der(cert) } }), "ca", "the certificate of your CA"],
  ["ca that is empty", () => client({ ca: "" }), "ca", "the file is empty"],
  ["ca: a Promise", () => client({ ca: Promise.resolve(ca.pem) }), "ca", "put await before it"],
  ["ca: a path", () => client({ ca: "/etc/ssl/ca.pem" }), "ca", "the file's contents"],
  ["ca: a URL", () => client({ ca: new URL("file:///ca.pem") }), "ca", "readFileSync"],
  ["ca: a private key", () => client({ ca: key }), "ca", "the certificate of the CA"],
  ["ca: a private key, DER", () => client({ ca: der(key) }), "ca", "private key in place of a certificate"],
  ["ca: a public key", () => client({ ca: publicKey }), "ca", "pins"],
  ["ca: TRUSTED", () => client({ ca: relabelled("TRUSTED CERTIFICATE") }), "ca", "openssl x509 -in FILE -out"],
  ["ca: a request", () => client({ ca: relabelled("CERTIFICATE REQUEST") }), "ca", "that the CA issues for it"],
  ["ca: line breaks written out", () => client({ ca: ca.pem.replaceAll("\n", "\\n") }), "ca", "replaceAll"],
  ["ca: UTF-16", () => client({ ca: Buffer.from(`\uFEFF${ca.pem}`, "utf16le") }), "ca", "UTF-8"],
  ["nodeCredential()", () => nodeCredential(undefined as Wrong), "options", "nodeCredential({ cert, key })"],
  ["no key", () => nodeCredential({ cert } as Wrong), "key", "give the private key"],
  ["cert: a key", () => nodeCredential({ cert: key, key }), "cert", "give the certificate as cert"],
  ["key: a certificate", () => nodeCredential({ cert, key: cert }), "key", "its private key as key"],
  [
    "cert: a Promise",
    () => nodeCredential({ cert: Promise.resolve(cert) as Wrong, key }),
    "cert",
    "put await before it",
  ],
  [
    "a passphrase as bytes",
    () => nodeCredential({ cert, key, passphrase: Buffer.from(secret) as Wrong }),
    "passphrase",
    "a text",
  ],
  // The address.
  ["localhost:8443", () => client({}, "localhost:8443"), "localhost:8443", "tcp://localhost:8443"],
  ["https", () => client({}, `https://user:${secret}@a.example/x?token=${secret}`), "https://a.example", "use wss://"],
  ["tcp without port", () => client({}, "tcp://a.example"), "tcp://a.example", "with a port"],
  ["a private key", () => client({}, key), "the address: several lines", "tcp://host:port"],
  ["a password with a slash", () => client({}, `tcp://user:a/${secret}@a.example:1`), "address", "with a port"],
  ["no address", () => client({}, null), "address", "tcp://host:port"],
  ["host and port", () => client({}, { host: "a", port: 1 }), "address", "tcp://host:port"],
  ["a socket", () => client({}, new Socket()), "address", "tcpTransport(socket)"],
  ["a server", () => client({}, createHttp()), "address", "the address comes first"],
  ["options: null", () => client(null), "options", "an object"],
  ["options: PEM", () => client(ca.pem), "options", "an object"],
  ["options: a Promise", () => client(Promise.resolve({ ca: ca.pem })), "options", "put await before it"],
];

const secrets = [secret, key.split("\n")[1] as string, key.split("\n")[2] as string, der(key).toString("hex")];

test.each(rows)(
  'the mistake "%s" causes a configuration error with advice',
  async (_, act, expectedName, expectedAdvice) => {
    const error: Wrong = await (async () => act())().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ name: "TlsError", code: "configuration", fault: "configuration" });
    expect(error.message).toContain(expectedName);
    expect(error.advice).toBeTruthy();
    expect(error.message).toContain(expectedAdvice);
    for (const text of secrets) expect(error.message).not.toContain(text);
  },
);

test("the table has at least 60 rows", () => expect(rows.length).toBeGreaterThanOrEqual(60));
