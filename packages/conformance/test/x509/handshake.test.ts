/** Certificates that each side must refuse. The refusing side reports the error code, and the peer gets the alert. */

import { sign } from "node:crypto";
import { type Credential, ecdsa_secp256r1_sha256, TlsError, type Transport } from "@handclasp/core";
import { type ConnectOptions, connect } from "@handclasp/core/client";
import { type AcceptOptions, parseCertificate } from "@handclasp/core/server";
import { readCredential } from "@handclasp/core/unstable";
import { acceptWith, serverHandshakeConfig } from "@handclasp/core/unstable/engine";

import { connectWebSocket, type Listener, listenWebSocket, nodeCrypto } from "@handclasp/node";
import { memoryPair } from "@handclasp/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Authority,
  basicConstraints,
  bytes,
  ca,
  clientAuth,
  directory,
  dns,
  extension,
  extKeyUsage,
  issue,
  keyUsage,
  name,
  nameConstraints,
  now,
  octets,
  pinOf,
  server,
  serverAuth,
  subjectAltName,
} from "../../../core/test/x509/make.ts";

type Purpose = "server" | "client";
const usage = { server: serverAuth, client: clientAuth };

interface BadChain {
  readonly what: string;
  /** False if the case does not apply to client certificates. A server does not check their names. */
  readonly client?: false;
  make(purpose: Purpose): { chain: Authority[]; trust: { ca?: Uint8Array; pins?: string[] } };
  readonly code: string;
  readonly reason: RegExp;
  readonly alert: string;
}

const root = ca("Root");
const foreign = ca("Foreign root");
const end = (purpose: Purpose, issuer: Authority, content: Parameters<typeof server>[1] = {}) =>
  server(issuer, { extensions: [extKeyUsage(usage[purpose])], ...content });
const under = (...chain: Authority[]) => ({ chain, trust: { ca: root.der } });
const unknown = extension("1.3.6.1.4.1.99999.1", octets(bytes()), true);

const badChains: readonly BadChain[] = [
  {
    what: "an untrusted root",
    make: (purpose) => under(end(purpose, foreign), foreign),
    code: "unknown_issuer",
    reason: /Foreign root.*no trust anchor/,
    alert: "unknown_ca",
  },
  {
    what: "an expired certificate",
    make: (purpose) => under(end(purpose, root, { notAfter: "2025-06-15T11:59:59Z" })),
    code: "expired",
    reason: /expired on 2025-06-15T11:59:59Z/,
    alert: "certificate_expired",
  },
  {
    what: "a certificate that is not yet valid",
    make: (purpose) => under(end(purpose, root, { notBefore: "2025-06-15T12:00:01Z" })),
    code: "not_yet_valid",
    reason: /valid from 2025-06-15T12:00:01Z/,
    alert: "certificate_expired",
  },
  {
    what: "a certificate for another host",
    client: false,
    make: (purpose) => under(end(purpose, root, { names: [dns("other.example.com")] })),
    code: "name_mismatch",
    reason: /not for www\.example\.com, but for DNS:other\.example\.com/,
    alert: "bad_certificate",
  },
  {
    what: "the host in the common name only",
    client: false,
    make: () => under(issue({ subject: name("CN=www.example.com"), issuer: root, extensions: [keyUsage(0)] })),
    code: "name_mismatch",
    reason: /but for no name at all \(subjectAltName\)/,
    alert: "bad_certificate",
  },
  {
    what: "an issuer that is an ordinary end-entity",
    make: (purpose) => {
      const ordinary = issue({
        subject: name("CN=ordinary"),
        issuer: root,
        extensions: [basicConstraints(false), keyUsage(0), subjectAltName(dns("ordinary.example.com"))],
      });
      return under(end(purpose, ordinary), ordinary);
    },
    code: "not_a_ca",
    reason: /certificate 1 \(CN=ordinary\).*not a CA/,
    alert: "bad_certificate",
  },
  {
    what: "more intermediates than pathLen allows",
    make: (purpose) => {
      const upper = ca("Upper", { issuer: root, pathLen: 0 });
      const lower = ca("Lower", { issuer: upper });
      return under(end(purpose, lower), lower, upper);
    },
    code: "path_length",
    reason: /certificate 2 \(CN=Upper.*pathLenConstraint is 0/,
    alert: "bad_certificate",
  },
  {
    what: "a name outside of a CA's constraints",
    make: (purpose) => {
      const permitted = [dns("example.org"), directory(name("O=Test"))];
      const narrow = ca("Narrow", { issuer: root, extensions: [nameConstraints(permitted)] });
      return under(end(purpose, narrow), narrow);
    },
    code: "name_constraint",
    reason: /is not permitted by the constraints of CN=Narrow/,
    alert: "bad_certificate",
  },
  {
    what: "an unknown critical extension",
    make: (purpose) => under(end(purpose, root, { extensions: [extKeyUsage(usage[purpose]), unknown] })),
    code: "unknown_critical_extension",
    reason: /1\.3\.6\.1\.4\.1\.99999\.1/,
    alert: "bad_certificate",
  },
  {
    what: "a certificate for the other role only",
    make: (purpose) => under(end(purpose === "server" ? "client" : "server", root)),
    code: "extended_key_usage",
    reason: /extendedKeyUsage is (clientAuth, not serverAuth|serverAuth, not clientAuth)/,
    alert: "unsupported_certificate",
  },
  {
    what: "an issuer without keyCertSign",
    make: (purpose) => {
      const idle = issue({
        subject: name("CN=idle"),
        issuer: root,
        extensions: [basicConstraints(true), keyUsage(6)],
      });
      return under(end(purpose, idle), idle);
    },
    code: "key_usage",
    reason: /certificate 1 \(CN=idle\).*without keyCertSign/,
    alert: "unsupported_certificate",
  },
  {
    what: "a key that is not the pinned one",
    make: (purpose) => ({ ...under(end(purpose, root)), trust: { ca: root.der, pins: [pinOf(foreign.key)] } }),
    code: "pin",
    reason: /no key on its path is pinned/,
    alert: "certificate_unknown",
  },
  {
    what: "the pinned certificate after a foreign chain",
    make: (purpose) => ({ chain: [end(purpose, foreign), foreign, root], trust: { pins: [pinOf(root.key)] } }),
    code: "unknown_issuer",
    reason: /no trust anchor/,
    alert: "unknown_ca",
  },
  {
    what: "the pinned end-entity after a foreign chain",
    make: (purpose) => {
      const pinned = end(purpose, root);
      return { chain: [end(purpose, foreign), foreign, pinned], trust: { pins: [pinOf(pinned.key)] } };
    },
    code: "pin",
    reason: /no key on its path is pinned/,
    alert: "certificate_unknown",
  },
  {
    what: "the pinned certificate after a chain of the same CA",
    make: (purpose) => {
      const pinned = end(purpose, root);
      return { chain: [end(purpose, root), pinned], trust: { ca: root.der, pins: [pinOf(pinned.key)] } };
    },
    code: "pin",
    reason: /no key on its path is pinned/,
    alert: "certificate_unknown",
  },
];

/** Makes a credential without the checks of the configuration, as an attacker does. */
const credentialOf = (chain: readonly Authority[]): Credential => ({
  chain: chain.map(({ der }) => der),
  schemes: [ecdsa_secp256r1_sha256],
  read: readCredential,
  sign: (_, message) => new Uint8Array(sign("sha256", message, chain[0]!.key.privateKey)),
});

const common = { provider: nodeCrypto, now: () => now };
const good = { server: [end("server", root)], client: [end("client", root)] };
const trustsRoot = { ca: root.der };

function attackingServer(chain: readonly Authority[], options: Partial<AcceptOptions> = {}) {
  const config = serverHandshakeConfig({ ...common, credentials: [credentialOf(good.server)], ...options });
  const credential = credentialOf(chain);
  const certificate = parseCertificate(credential.chain[0]!);
  return { ...config, credentials: [{ credential, certificate }] };
}

/** The result on each side: `"open"`, or the TlsError. */
interface Ends {
  client: unknown;
  server: unknown;
}

const endOf = (opening: Promise<unknown>): Promise<unknown> =>
  opening.then(
    () => "open",
    (error: unknown) => (TlsError.is(error) ? error : Promise.reject(error)),
  );

type Pair = () => Promise<{ client: Transport; server: Transport }>;

async function handshake(
  pair: Pair,
  config: ReturnType<typeof serverHandshakeConfig>,
  options: ConnectOptions,
): Promise<Ends> {
  const transports = await pair();
  const accepted = acceptWith(config, transports.server, common);
  const [client, server] = await Promise.all([
    endOf(connect(transports.client, { ...common, serverName: "www.example.com", ...options })),
    endOf(accepted.opened),
  ]);
  accepted.abort();
  return { client, server };
}

let listener: Listener;
let next: ((transport: Transport) => void) | undefined;
beforeAll(async () => {
  listener = await listenWebSocket({}, (transport) => next?.(transport));
});
afterAll(() => listener.close(0));

const pairs: Record<string, Pair> = {
  "in memory": async () => {
    const { a, b } = memoryPair();
    return { client: a, server: b };
  },
  "over a WebSocket": async () => {
    const { port } = listener.address() as { port: number };
    const accepted = new Promise<Transport>((resolve) => {
      next = resolve;
    });
    const client = await connectWebSocket(new URL(`ws://127.0.0.1:${port}/`));
    return { client, server: await accepted };
  },
};

describe.each(Object.entries(pairs))("a handshake %s", (_, pair) => {
  test("both sides connect with valid certificates", async () => {
    const config = attackingServer(good.server, { clientAuth: "require", ca: root.der });
    const ends = await handshake(pair, config, { ...trustsRoot, credentials: () => credentialOf(good.client) });
    expect(ends).toEqual({ client: "open", server: "open" });
  });

  test.each(badChains)("a client refuses $what", async ({ make, code, reason, alert }) => {
    const { chain, trust } = make("server");
    const { client, server } = await handshake(pair, attackingServer(chain), trust);
    expect(client).toMatchObject({ code, alert, by: "us", fault: "peer", message: expect.stringMatching(reason) });
    expect(server).toMatchObject({ code: alert, alert, by: "peer" });
  });

  test.each(badChains.filter((bad) => bad.client !== false))("a server refuses $what", async (bad) => {
    const { code, reason, alert } = bad;
    const { chain, trust } = bad.make("client");
    const config = attackingServer(good.server, { clientAuth: "require", ...trust });
    const { client, server } = await handshake(pair, config, { ...trustsRoot, credentials: () => credentialOf(chain) });
    expect(server).toMatchObject({ code, alert, by: "us", fault: "peer", message: expect.stringMatching(reason) });
    expect(client).toMatchObject({ code: alert, alert, by: "peer" });
  });

  test("a server that requires a certificate refuses a client without one", async () => {
    const config = attackingServer(good.server, { clientAuth: "require", ca: root.der });
    const { client, server } = await handshake(pair, config, trustsRoot);
    expect(server).toMatchObject({ code: "no_client_certificate", alert: "handshake_failure", by: "us" });
    expect(client).toMatchObject({ code: "handshake_failure", by: "peer" });
  });
});
