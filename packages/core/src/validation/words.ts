/**
 * Texts for errors about options: the values that options accept, and the remedies for unknown options and other
 * mistakes.
 * @module
 */

/** The values that an option accepts, by option. Each example is one line of code. */
export const expectedValues: Readonly<Record<string, string>> = {
  admission: "an object of limits, { maxConnections: 10_000, perAddress: { maxConnections: 1_000 } }, or false",
  agent: "an http.Agent",
  allow: "a function of the request that returns true or false",
  allowHalfOpen: "true or false",
  allowShortKey: "true or false",
  allowShortKeys: "true or false",
  alpn: 'a list of protocols: alpn: ["h2"]',
  ca: 'the certificate of your CA, as PEM text, DER or parsed, or a list of them: ca: readFileSync("ca.pem", "utf8")',
  cert: 'the chain, end-entity first, as PEM text or DER: cert: readFileSync("chain.pem", "utf8")',
  certificateAuthorities: "a list of DER names (certificate.subject.der), or false",
  certificateCache: "a cache: certificateCache()",
  clientAuth: '"none", "request" or "require"',
  closeTimeout: "milliseconds, more than 0 and less than 2^31",
  credentials:
    "a credential, a list of them or a function: credentials: nodeCredential({ cert, key }), " +
    "in a page await browserCredential({ cert, key })",
  equalSuites: "a list of lists of suites: equalSuites: [[TLS_…, TLS_…]]",
  fallbackScsv: "true or false",
  grease: 'the function grease: import { grease } from "@handclasp/core"',
  groups: "a list of rows, not of names: import { x25519 } and use groups: [x25519]",
  handshakeTimeout: "milliseconds, more than 0 and less than 2^31",
  heartbeat: "an object of milliseconds, { interval: 30_000, timeout: 30_000 }, or false",
  headers: 'an object of texts: { authorization: "…" }',
  hint: "a text of at most 1,024 bytes in UTF-8",
  host: 'a name or an address, such as "0.0.0.0" for all networks',
  hosts: 'a list of names without port: ["app.example"]',
  idleTimeout: "milliseconds, more than 0 and less than 2^31, or false",
  identity: "a text of at most 1,024 bytes in UTF-8",
  insecure: "true, if you need no identity, or leave it out",
  interval: "milliseconds, more than 0 and less than 2^31",
  key: 'the private key, as PEM text, DER or a JWK: readFileSync("key.pem", "utf8")',
  keepAlive: "milliseconds, more than 0 and less than 2^31, or false",
  keyLog: "a function that gets each line",
  listener: "a function that gets each event",
  log: "a function of the level, an object and a message",
  lookup: "a function that returns the key of an identity, or undefined",
  maxBytes: "a whole number of bytes",
  maxFragment: "a whole number from 64 to 16,384",
  maxFragmentLength: "512, 1024, 2048 or 4096",
  maxLifetime: "milliseconds, more than 0 and less than 2^31, or false",
  minimumEcBits: "256, 384 or 521",
  minimumRsaBits: "a whole number from 2048 to 8192",
  now: "a function such as Date.now",
  ocsp: 'a policy: import { ocsp } from "@handclasp/core/ocsp" and use ocsp: ocsp.require',
  ocspResponse: "the response as DER, or a function that returns it",
  observe: "a function that gets each event",
  onError: "a function of the error and the connection",
  onReload: "a function",
  options: "an object",
  origins: 'a list of origins: origins: ["https://app.example"]',
  passphrase: "a text",
  path: 'a path that begins with a slash: "/tls"',
  pins: 'a list: pins: ["sha256/…"]',
  port: "a whole number from 0 to 65,535",
  protocols: "a text or a list of texts",
  provider: "a provider: nodeCrypto, webCrypto or noble",
  "psk.key": "from 16 to 1,024 random bytes: a password can be guessed",
  psk: 'for a client { identity: "…", key: bytes } or a function, for a server { lookup: (identity) => bytes }',
  random: "a function that returns the given number of random bytes",
  recordSizeLimit: "a whole number from 64 to 16,384",
  renegotiation: '"decline" or "abort"',
  requireAlpn: "true or false",
  requireExtendedMasterSecret: "true or false",
  requireSecureRenegotiation: "true or false",
  scheme: 'a row, not a name: import { ed25519 } from "@handclasp/core"',
  secrets: "true or false",
  server: "a server of node:http or node:https",
  serverName: 'a DNS name in ASCII (xn--… for others) or an IP address, without port: serverName: "device.example"',
  sessionLifetime: "whole seconds, from 1 to 86,400",
  sessionScope: "a text",
  sessions: "the result of keepSessions(): const sessions = keepSessions(), once for many connections",
  sessionStore: "an object with get, set and delete, such as memoryStore(), or false",
  signal: "the signal of an AbortController: signal: AbortSignal.timeout(5000)",
  signatureSchemes:
    "a list of rows, not of names: import { rsa_pss_rsae_sha256 } and use signatureSchemes: [rsa_pss_rsae_sha256]",
  signedCertificateTimestamps: "true or false for connect, the list as bytes for a credential",
  store: "an object with get, set and delete, such as memoryStore()",
  strictSni: "true or false",
  suites: "a list of rows, not of names: import { TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 } and put it in the list",
  textbook: "true or false",
  ticketKeys:
    "one or more keys of 48 random bytes each: ticketKeys: [randomBytes(48)], or a function that returns them",
  tickets: "true or false",
  trace: "a function that gets each event, or { listener, secrets: true }",
  trustProxy: "the number of proxies, from 1 to 16, or a function of the request that returns the client's address",
  trust: "a function of the chain that returns true or false",
  verify: "a function of the verified peer that returns true or false",
  virtualHosts: 'an object of rules by name: { "admin.example": { clientAuth: "require", ca } }',
  webSocket: 'an object of options: webSocket: { headers: { authorization: "…" } }',
  writeTimeout: "milliseconds, more than 0 and less than 2^31, or false",
};

const credential =
  "certificate and key are one credential: credentials: nodeCredential({ cert, key }), " +
  "in a page await browserCredential({ cert, key })";
const timeout = "use handshakeTimeout, in milliseconds; after the handshake, signal: AbortSignal.timeout(ms)";
const version = "Handclasp speaks only TLS 1.2: leave it out";
const verifyOrTrust =
  "use verify: (peer) => boolean, which is called once path and name are right, or trust, which replaces both checks";
const suites = "use suites: [TLS_…], a list of imported rows in order of preference";
const webSocketOption = "it is an option of the WebSocket: webSocket: { … }";
const toListener =
  "pass it to the listener: server.listenTcp({ port, host }) or server.listenWebSocket({ port, host, path })";
const toWebSocketListener = "pass it to the listener: server.listenWebSocket({ … })";
const address = 'the address comes first: connect("tcp://host:port", { … }) or connect("wss://host/path", { … })';

/** The remedies for options of node:tls, node:https, ws, socket.io, Deno, Bun and curl, by name in lower case. */
export const foreignOptionRemedies: Readonly<Record<string, string>> = {
  agent: webSocketOption,
  allow: toWebSocketListener,
  allowpartialtrustchain: "a certificate in ca ends a path, whether it is a root or not: leave it out",
  alpnprotocols: 'use alpn: ["h2"]',
  alpncallback: "use alpn, a list in order of preference",
  backlog: "leave it out for Node.js's default, or listen with a server of your own and give it as server",
  noserver: "use server.accept(webSocketTransport(socket), request) for a WebSocket that your own code accepted",
  cacert: "use ca",
  cacerts: "use ca",
  cafile: "use ca, with the file's contents",
  cert: credential,
  certchain: credential,
  certfile: credential,
  certificate: credential,
  certificates: credential,
  chain: "a credential is not the options: { credentials: … }",
  checkserveridentity: `the name is checked: serverName sets it. For more, ${verifyOrTrust}`,
  cipher: suites,
  ciphers: suites,
  ciphersuites: suites,
  clientcertengine: credential,
  credential: "use credentials",
  crl: "use verify: (peer) => boolean, and look up whether a certificate of the path is revoked; or use ocsp",
  crt: credential,
  dhparam: "use groups: [ffdhe2048]",
  dhparams: "use groups: [ffdhe2048]",
  ecdhcurve: "use groups: [x25519, secp256r1], a list of imported rows",
  enabletrace: "use trace: (event) => …",
  extraheaders: "use webSocket: { headers: { … } }",
  followredirects: "redirects are not followed: give the final address",
  headers: webSocketOption,
  honorcipherorder: "the server's order decides; equalSuites leaves a choice to the client",
  host: `for a server, ${toListener}; for a client, ${address}`,
  hostname: "use serverName",
  hosts: toWebSocketListener,
  keepalive: "give keepAlive to listenTcp, listenWebSocket or connectTcp; for connect, webSocket: { keepAlive }",
  key: credential,
  keyfile: credential,
  localaddress: "make a transport of a socket of your own: tcpTransport(socket)",
  lookup: "make a transport of a socket of your own: tcpTransport(socket)",
  maxpayload: "messages are bounded: leave it out",
  maxversion: version,
  method: "a WebSocket always begins with GET: leave it out",
  mindhsize: "no ffdhe group has less than 2048 bits: leave it out",
  minversion: version,
  nodelay: "leave it out: small records are not held back",
  origin: "use webSocket: { headers: { origin } }; for a server, pass origins to the listener",
  origins: toWebSocketListener,
  passphrase: credential,
  path: `for a server, ${toListener}; for a client, ${address}`,
  permessagedeflate: "encrypted bytes do not compress: leave it out",
  pfx:
    "take it apart: openssl pkcs12 -in FILE -nodes -out both.pem; " +
    "then credentials: nodeCredential({ cert, key }), both of them the text of both.pem",
  pkcs12: "take it apart: openssl pkcs12 -in FILE -nodes -out both.pem, and give its text as cert and as key",
  port: `for a server, ${toListener}; for a client, ${address}`,
  privatekey: credential,
  protocol: "use alpn, a list; for the WebSocket, webSocket: { protocols }",
  protocols: 'use alpn: ["…"]; for the WebSocket, webSocket: { protocols }',
  pskcallback: "use psk, with suites: ecdhePskSuites",
  pskidentityhint: "use psk: { lookup, hint }",
  rejectunauthorized:
    "the peer is always verified: use ca or pins, or insecure: true if you need no identity. A server uses clientAuth",
  requestcert: 'use clientAuth: "request" or "require"',
  requesttimeout: timeout,
  root: "use ca",
  rootcas: "use ca",
  roots: "use ca",
  securecontext: "give the options each time, or once for many with serverConfig(); sessions: keepSessions()",
  secureprotocol: version,
  secureoptions: "leave it out: everything that they switch off is off",
  server: toWebSocketListener,
  session: "use sessions: keepSessions(), once for many connections",
  sessionidcontext: "sessions resume only under the configuration that made them: leave it out",
  sessiontimeout: "use sessionLifetime, in seconds",
  sigalgs: "use signatureSchemes: [rsa_pss_rsae_sha256], a list of imported rows",
  sni: "use serverName",
  snicallback: "use credentials: a list, from which the name chooses, or a function of the ClientHello",
  socket: "it is the address: connect(tcpTransport(socket), { … })",
  timeout,
  transport: "it is the address: connect(transport, { … })",
  url: address,
  verifyclient: "for requests, pass allow: (request) => boolean to the listener; for certificates, use clientAuth",
  verifyhost: "ca checks the name: serverName sets it",
  verifypeer: "the peer is always verified: use ca or pins, or insecure: true if you need no identity",
};

const forClients = "a client leaves it out";
const forServers = "a server leaves it out";

/** The remedies for a client that gives an option of servers. All such options are here. */
export const serverOnlyOptions: Readonly<Record<string, string>> = {
  certificateAuthorities: "a client with several certificates gives all of them: credentials: […]",
  clientAuth: "a client gives credentials, which it uses if a server asks",
  equalSuites: "a client gives suites, in order of preference",
  requireAlpn: "a client checks session.alpn",
  sessionLifetime: forClients,
  sessionStore: "a client uses sessions: keepSessions({ store })",
  strictSni: "a client gives serverName, and accepts no other name",
  textbook: forClients,
  ticketKeys: forClients,
  tickets: "a client uses sessions: keepSessions({ tickets })",
  virtualHosts: forClients,
};

/** The remedies for a server that gives an option of clients. All such options are here. */
export const clientOnlyOptions: Readonly<Record<string, string>> = {
  fallbackScsv: forServers,
  grease: forServers,
  maxFragmentLength: "a server accepts the client's; maxFragment bounds the records that it sends",
  ocsp: "a server staples its status: nodeCredential({ cert, key, ocspResponse })",
  requireSecureRenegotiation: forServers,
  serverName: "a server's names are those of its certificates, from which the client's name chooses",
  sessionScope: forServers,
  sessions: "a server uses tickets, ticketKeys and sessionStore",
  signedCertificateTimestamps: "a server sends them: nodeCredential({ cert, key, signedCertificateTimestamps })",
};

/** The advice for errors that `errorWithRemedy` makes, by a pattern of their message. */
export const remedies: readonly (readonly [RegExp, string])[] = [
  [/^the provider .* lacks/, "leave it out, or use another provider"],
  [/^an empty list of/, "leave the option out for the default, or fill the list"],
  [/none of its groups/, "add one to groups, or leave the suite out"],
  [/^ca without serverName/, "use serverName: without it, every certificate of the CA would do"],
  [/ without psk$/, "use psk, or leave the suite out"],
  [/^psk without a suite/, "use suites: ecdhePskSuites"],
  [/extendedKeyUsage lacks|keyUsage lacks/, "have a certificate issued that has it"],
  [/another kind of key/, "give the key of this certificate"],
  [/^more than one root/, "give only one of them: ca and pins, trust, or insecure"],
  [
    /^no trust anchor/,
    "ca: the certificate of your CA; pins: sha256/…; trust: a function; or insecure: true if you need no identity",
  ],
  [/^pins: "/, "expected sha256/ and the base64 of the SHA-256 of a SubjectPublicKeyInfo"],
  [/^PEM: .* has no end$/, "the text is cut off or damaged"],
  [/^PEM: .* has headers$/, "decrypt a legacy encrypted key with `openssl pkcs8 -topk8`"],
];
