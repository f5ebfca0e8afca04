/**
 * What options take, and the names that other libraries have for them: for errors alone.
 * @module
 */

/** What to give, by option. Where a text has an example, it is one line that works. */
export const takes: Readonly<Record<string, string>> = {
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
    "a credential, a list of them or a function: credentials: nodeCredential({ cert, key }), in a page await browserCredential({ cert, key })",
  equalSuites: "a list of lists of suites: equalSuites: [[TLS_…, TLS_…]]",
  fallbackScsv: "true or false",
  grease: 'the function grease: import { grease } from "@handclasp/core"',
  groups: "a list of rows, not of names: import { x25519 } and say groups: [x25519]",
  handshakeTimeout: "milliseconds, more than 0 and less than 2^31",
  headers: 'an object of texts: headers: { authorization: "…" }',
  hint: "a text of at most 1,024 characters",
  host: 'a name or an address, such as "0.0.0.0" for all networks',
  hosts: 'a list of names without port: hosts: ["app.example"]',
  identity: "a text of at most 1,024 characters",
  insecure: "true, where no identity is needed, or leave it out",
  key: 'the private key, as PEM text, DER or a JWK: key: readFileSync("key.pem", "utf8")',
  keyLog: "a function that gets each line",
  listener: "a function that gets each event",
  lookup: "a function that returns the key of an identity, or undefined",
  maxBytes: "a whole number of bytes",
  maxFragment: "a whole number from 64 to 16,384",
  maxFragmentLength: "512, 1024, 2048 or 4096",
  minimumEcBits: "256, 384 or 521",
  minimumRsaBits: "a whole number from 2048 to 8192",
  now: "a function that returns milliseconds: Date.now",
  ocsp: 'a policy: import { ocsp } from "@handclasp/core/ocsp" and say ocsp: ocsp.require',
  ocspResponse: "the response as DER, or a function that returns it",
  onError: "a function of the error and the connection",
  options: "an object",
  origins: 'a list of origins: origins: ["https://app.example"]',
  passphrase: "a text",
  path: 'a path that begins with a slash: path: "/tls"',
  pins: 'a list: pins: ["sha256/…"]',
  port: "a whole number from 0 to 65,535",
  protocols: "a text or a list of texts",
  provider: "a provider: nodeCrypto, webCrypto or noble",
  "psk.key": "from 16 to 1,024 random bytes: a password can be guessed from one recorded handshake",
  psk: 'a client gives psk: { identity: "…", key: bytes } or a function, a server psk: { lookup: (identity) => bytes }',
  random: "a function that returns so many random bytes",
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
  sessions: "what keepSessions() returns: const sessions = keepSessions(), once for many connections",
  sessionStore: "an object with get, set and delete, such as memoryStore(), or false",
  signal: "the signal of an AbortController: signal: AbortSignal.timeout(5000)",
  signatureSchemes:
    "a list of rows, not of names: import { rsa_pss_rsae_sha256 } and say signatureSchemes: [rsa_pss_rsae_sha256]",
  signedCertificateTimestamps: "for connect true or false, for a credential the list as bytes",
  store: "an object with get, set and delete, such as memoryStore()",
  strictSni: "true or false",
  suites: "a list of rows, not of names: import { TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 } and put it into the list",
  ticketKeys:
    "one or more keys of 48 random bytes each: ticketKeys: [randomBytes(48)], or a function that returns them",
  tickets: "true or false",
  trace: "a function that gets each event, or { listener, secrets: true }",
  trust: "a function of the chain that returns true or false",
  verify: "a function of the verified peer that returns true or false",
  webSocket: 'an object of options: webSocket: { headers: { authorization: "…" } }',
};

const credential =
  "certificate and key are one credential: credentials: nodeCredential({ cert, key }), in a page await browserCredential({ cert, key })";
const timeout = "say handshakeTimeout, in milliseconds; for what comes later, signal: AbortSignal.timeout(ms)";
const version = "Handclasp speaks TLS 1.2 alone: leave it out";
const verifies =
  "say verify: (peer) => boolean, which is asked once path and name are right, or trust, which is asked instead";
const suites = "say suites: [TLS_…], a list of rows that are imported, in order of preference";
const outer = "it is an option of the WebSocket: webSocket: { … }";
const listens =
  "say it where the server listens: server.listenTcp({ port, host }), or server.listenWebSocket({ port, host, path })";
const requests = "say it where the server listens: server.listenWebSocket({ … })";
const address = 'the address comes first: connect("tcp://host:port", { … }) or connect("wss://host/path", { … })';

/** What to say instead, by the name that node:tls, node:https, ws, socket.io, Deno, Bun or curl has for it, in lower case. */
export const foreign: Readonly<Record<string, string>> = {
  agent: outer,
  allow: requests,
  allowpartialtrustchain: "a certificate in ca ends a path, whether it is a root or not: leave it out",
  alpnprotocols: 'say alpn: ["h2"]',
  alpncallback: "say alpn, a list in order of preference",
  backlog: listens,
  cacert: "say ca",
  cacerts: "say ca",
  cafile: "say ca, with the file's contents",
  cert: credential,
  certchain: credential,
  certfile: credential,
  certificate: credential,
  certificates: credential,
  chain: "a credential is no options: { credentials: … }",
  checkserveridentity: `the name is checked: serverName says which. For more, ${verifies}`,
  cipher: suites,
  ciphers: suites,
  ciphersuites: suites,
  clientcertengine: credential,
  credential: "say credentials",
  crl: "say verify: (peer) => boolean, and look up whether a certificate of its path is revoked; or ocsp",
  crt: credential,
  dhparam: "say groups: [ffdhe2048]",
  dhparams: "say groups: [ffdhe2048]",
  ecdhcurve: "say groups: [x25519, secp256r1], a list of rows that are imported",
  enabletrace: "say trace: (event) => …",
  extraheaders: "say webSocket: { headers: { … } }",
  followredirects: "a redirect is not followed: give the address that it leads to",
  headers: outer,
  honorcipherorder: "the server's order decides; equalSuites leaves a choice to the client",
  host: `of a server: ${listens}; of a client: ${address}`,
  hostname: "say serverName",
  hosts: requests,
  keepalive: "make a transport of a socket of your own: tcpTransport(socket)",
  key: credential,
  keyfile: credential,
  localaddress: "make a transport of a socket of your own: tcpTransport(socket)",
  lookup: "make a transport of a socket of your own: tcpTransport(socket)",
  maxpayload: "messages are bounded already: leave it out",
  maxversion: version,
  method: "a WebSocket always begins with GET: leave it out",
  mindhsize: "groups of 2048 bits are the least already: leave it out",
  minversion: version,
  nodelay: "leave it out: small records are not held back",
  origin: "say webSocket: { headers: { origin } }; of a server: origins, where it listens",
  origins: requests,
  passphrase: credential,
  path: `of a server: ${listens}; of a client: ${address}`,
  permessagedeflate: "what is encrypted does not get smaller: leave it out",
  pfx: "take it apart: openssl pkcs12 -in FILE -nodes -out both.pem; then credentials: nodeCredential({ cert, key }), both of them the text of both.pem",
  pkcs12: "take it apart: openssl pkcs12 -in FILE -nodes -out both.pem, and give its text as cert and as key",
  port: `of a server: ${listens}; of a client: ${address}`,
  privatekey: credential,
  protocol: "say alpn, a list; of the WebSocket: webSocket: { protocols }",
  protocols: 'say alpn: ["…"]; of the WebSocket: webSocket: { protocols }',
  pskcallback: "say psk, with suites: ecdhePskSuites",
  pskidentityhint: "say psk: { lookup, hint }",
  rejectunauthorized:
    "the peer is always verified: say ca or pins; insecure: true stands for false, where no identity is needed. A server says clientAuth",
  requestcert: 'say clientAuth: "request" or "require"',
  requesttimeout: timeout,
  root: "say ca",
  rootcas: "say ca",
  roots: "say ca",
  securecontext: "options are given each time, or once for many with serverConfig(); sessions: keepSessions()",
  secureprotocol: version,
  secureoptions: "leave it out: what they switch off is off",
  server: requests,
  session: "say sessions: keepSessions(), once for many connections",
  sessionidcontext: "sessions are resumed only under the configuration that made them: leave it out",
  sessiontimeout: "say sessionLifetime, in seconds",
  sigalgs: "say signatureSchemes: [rsa_pss_rsae_sha256], a list of rows that are imported",
  sni: "say serverName",
  snicallback: "say credentials: a list, of which the name decides; or a function of the ClientHello",
  socket: "it is the address: connect(tcpTransport(socket), { … })",
  timeout,
  transport: "it is the address: connect(transport, { … })",
  url: address,
  verifyclient: "of the request: allow: (request) => boolean, where the server listens; of certificates: clientAuth",
  verifyhost: "the name is always checked: serverName says which",
  verifypeer: "the peer is always verified: say ca or pins, or insecure: true where no identity is needed",
};

const forClients = "a client leaves it out";
const forServers = "a server leaves it out";

/** Every option that only a server has, and what a client says. */
export const ofServers: Readonly<Record<string, string>> = {
  certificateAuthorities: "a client that has several certificates gives all of them: credentials: […]",
  clientAuth: "a client shows what it has where it is asked: credentials",
  equalSuites: "a client says suites, in order of preference",
  requireAlpn: "a client looks at session.alpn",
  sessionLifetime: forClients,
  sessionStore: "a client says sessions: keepSessions({ store })",
  strictSni: "a client says serverName, and no other name will do",
  ticketKeys: forClients,
  tickets: "a client says sessions: keepSessions({ tickets })",
};

/** Every option that only a client has, and what a server says. */
export const ofClients: Readonly<Record<string, string>> = {
  fallbackScsv: forServers,
  grease: forServers,
  maxFragmentLength: "a server does what the client asks for; maxFragment bounds what it sends",
  ocsp: "a server shows its status: nodeCredential({ cert, key, ocspResponse })",
  requireSecureRenegotiation: forServers,
  serverName: "the names of a server are those of its certificates; where there are several, the client's decides",
  sessionScope: forServers,
  sessions: "a server says tickets, ticketKeys and sessionStore",
  signedCertificateTimestamps: "a server shows them: nodeCredential({ cert, key, signedCertificateTimestamps })",
};

/** What to do, by the message of an error about more than one option. */
export const remedies: readonly (readonly [RegExp, string])[] = [
  [/^the provider .* lacks/, "leave it out, or use another provider"],
  [/^an empty list of/, "leave the option out for the default, or name what you want"],
  [/none of the groups/, "add one to groups, or leave the suite out"],
  [/^ca without serverName/, "say which name the certificate must have: else any of that CA would do"],
  [/ without psk$/, "say psk, or leave the suite out"],
  [/^psk without a suite/, "say suites: ecdhePskSuites"],
  [/extendedKeyUsage lacks|keyUsage lacks/, "have one issued that has it"],
  [/another kind of key/, "give the key of this certificate"],
];
