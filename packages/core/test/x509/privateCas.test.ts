/**
 * Private CAs in the forms that common tools write: a handshake works with the certificates that they issue for a
 * server and a client. `privateCas.interop.test.ts` of packages/conformance runs the tools that are installed.
 */
import { generateKeyPairSync } from "node:crypto";
import { memoryPair } from "@handclasp/testing";
import { describe, expect, it } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { ascii } from "../../src/bytes/bytes.ts";
import { accept } from "../../src/connection/accept.ts";
import { connect } from "../../src/connection/connect.ts";
import {
  type Authority,
  basicConstraints,
  bytes,
  clientAuth,
  dns,
  extension,
  extKeyUsage,
  int,
  issue,
  keyUsage,
  name,
  nameConstraints,
  now,
  octets,
  oid,
  seq,
  serverAuth,
  signers,
  subjectAltName,
  time,
  tlv,
  uri,
} from "./make.ts";

/** A CA and the chains that it issued. */
interface Pki {
  readonly ca: Authority;
  /** The chain of a server and of a client, end-entity first. */
  readonly server: readonly Authority[];
  readonly client: readonly Authority[];
}

const rsa = (modulusLength: number) => generateKeyPairSync("rsa", { modulusLength });
const subjectKeyId = extension("2.5.29.14", octets(new Uint8Array(20).fill(7)));
const authorityKeyId = extension("2.5.29.35", seq(tlv(0x80, new Uint8Array(20).fill(7))));
const www = dns("www.example.com");
const criticalNames = (...names: Uint8Array[]) => extension("2.5.29.17", seq(...names), true);
const text = (tag: number, value: string) => tlv(tag, ascii(value));

function mkcert(): Pki {
  const user = "OU=me@host (Me)";
  const ca = issue({
    subject: name("O=mkcert development CA", user, "CN=mkcert me@host (Me)"),
    key: rsa(3072),
    signer: signers.rsaSha256,
    extensions: [keyUsage(5), basicConstraints(true, 0), subjectKeyId],
  });
  const leaf = (...usages: string[]) =>
    issue({
      subject: name("O=mkcert development certificate", user),
      key: rsa(2048),
      issuer: ca,
      extensions: [keyUsage(0, 2), extKeyUsage(...usages), authorityKeyId, subjectAltName(www)],
    });
  return { ca, server: [leaf(serverAuth)], client: [leaf(clientAuth, serverAuth)] };
}

function cfssl(): Pki {
  const organisation = ["C=US", "2.5.4.8=CA", "2.5.4.7=San Francisco", "O=Example", "OU=WWW"];
  const ca = issue({
    subject: name(...organisation, "CN=example.com"),
    extensions: [keyUsage(5, 6), basicConstraints(true, 2), subjectKeyId],
  });
  const leaf = (usage: string, ...names: Uint8Array[]) =>
    issue({
      subject: name(...organisation, "CN=www.example.com"),
      issuer: ca,
      extensions: [
        keyUsage(0, 2),
        extKeyUsage(usage),
        basicConstraints(false),
        subjectKeyId,
        authorityKeyId,
        ...names.map((one) => subjectAltName(one)),
      ],
    });
  return { ca, server: [leaf(serverAuth, www)], client: [leaf(clientAuth)] };
}

function step(): Pki {
  const ca = issue({
    subject: name("O=Example", "CN=Example Root CA"),
    extensions: [keyUsage(5, 6), basicConstraints(true, 1), subjectKeyId],
  });
  const middle = issue({
    subject: name("O=Example", "CN=Example Intermediate CA"),
    issuer: ca,
    extensions: [keyUsage(5, 6), basicConstraints(true, 0), subjectKeyId, authorityKeyId],
  });
  const provisioner = extension("1.3.6.1.4.1.37476.9000.64.1", seq(int(1), octets(ascii("admin"))));
  const leaf = issue({
    subject: name("CN=www.example.com"),
    issuer: middle,
    extensions: [
      keyUsage(0),
      extKeyUsage(serverAuth, clientAuth),
      subjectKeyId,
      authorityKeyId,
      subjectAltName(www),
      provisioner,
    ],
  });
  return { ca, server: [leaf, middle], client: [leaf, middle] };
}

const identity = "spiffe://cluster.example/ns/default/sa/web";

function certManager(): Pki {
  const ca = issue({
    subject: name("CN=cluster-ca"),
    extensions: [
      keyUsage(0, 2, 5),
      basicConstraints(true),
      subjectKeyId,
      nameConstraints([dns(".example.com"), uri("cluster.example")]),
    ],
  });
  const leaf = (names: Uint8Array, ...usages: string[]) =>
    issue({
      subject: name(),
      issuer: ca,
      extensions: [
        keyUsage(0, 2),
        ...(usages.length ? [extKeyUsage(...usages)] : []),
        basicConstraints(false),
        authorityKeyId,
        criticalNames(names),
      ],
    });
  // cert-manager adds no extendedKeyUsage to a Certificate without usages; csi-driver-spiffe requests both.
  return { ca, server: [leaf(www)], client: [leaf(uri(identity), serverAuth, clientAuth)] };
}

function adcs(): Pki {
  const domain = (tag: number, commonName: string) =>
    name(
      { type: "0.9.2342.19200300.100.1.25", value: text(0x16, "local") },
      { type: "0.9.2342.19200300.100.1.25", value: text(0x16, "corp") },
      { type: "CN", value: text(tag, commonName) },
    );
  const usage = extension("2.5.29.15", tlv(3, bytes(1, 0b10000110)));
  const ca = issue({
    subject: domain(0x13, "corp-DC01-CA"),
    key: rsa(2048),
    signer: signers.rsaSha256,
    extensions: [usage, basicConstraints(true), subjectKeyId, extension("1.3.6.1.4.1.311.21.1", int(0))],
  });
  const ldap = uri("ldap:///CN=corp-DC01-CA,CN=CDP,DC=corp,DC=local?certificateRevocationList?base");
  const points = extension("2.5.29.31", seq(seq(tlv(0xa0, tlv(0xa0, ldap)))));
  const access = extension("1.3.6.1.5.5.7.1.1", seq(seq(oid("1.3.6.1.5.5.7.48.2"), ldap)));
  const template = extension("1.3.6.1.4.1.311.21.7", seq(oid("1.3.6.1.4.1.311.21.8.1.2.3"), int(100), int(5)));
  const leaf = (names: Uint8Array, ...usages: string[]) =>
    issue({
      subject: domain(0x0c, "someone"),
      key: rsa(2048),
      issuer: ca,
      extensions: [
        keyUsage(0, 2),
        extKeyUsage(...usages),
        template,
        extension("1.3.6.1.4.1.311.21.10", seq(...usages.map((id) => seq(oid(id))))),
        subjectKeyId,
        authorityKeyId,
        points,
        access,
        subjectAltName(names),
      ],
    });
  const upn = tlv(0xa0, oid("1.3.6.1.4.1.311.20.2.3"), tlv(0xa0, text(0x0c, "me@corp.local")));
  const user = ["1.3.6.1.4.1.311.10.3.4", "1.3.6.1.5.5.7.3.4", clientAuth];
  return { ca, server: [leaf(www, serverAuth)], client: [leaf(upn, ...user)] };
}

function rcgen(): Pki {
  const validity = [tlv(0x17, ascii("750101000000Z")), time("4096-01-01T00:00:00Z")] as const;
  const ca = issue({
    subject: name("CN=rcgen self signed cert"),
    validity,
    extensions: [keyUsage(0, 5, 6), subjectKeyId, basicConstraints(true)],
  });
  // rcgen encodes FALSE for IsCa::ExplicitNoCa.
  const explicitNoCa = extension("2.5.29.19", seq(bytes(1, 1, 0)), true);
  const leaf = (usage: string, names: Uint8Array) =>
    issue({
      subject: name("CN=rcgen self signed cert"),
      validity,
      issuer: ca,
      extensions: [subjectAltName(names), keyUsage(0), extKeyUsage(usage), authorityKeyId, explicitNoCa],
    });
  return { ca, server: [leaf(serverAuth, www)], client: [leaf(clientAuth, dns("client.example.com"))] };
}

const credentialOf = ([end, ...issuers]: readonly Authority[]) =>
  nodeCredential({ cert: [end!, ...issuers].map(({ der }) => der), key: end!.key.privateKey });

/** A handshake in which both sides have a certificate of the CA and require one of the other side. */
async function handshake({ ca, server, client }: Pki) {
  const { a, b } = memoryPair();
  const common = { provider: nodeCrypto, now: () => now };
  const connecting = connect(a, {
    ...common,
    ca: ca.der,
    serverName: "www.example.com",
    credentials: credentialOf(client),
  });
  connecting.catch(() => {}); // the server's error has more detail than the alert that the client gets
  const accepted = await accept(b, {
    ...common,
    credentials: [credentialOf(server)],
    clientAuth: "require",
    ca: ca.der,
  });
  const connected = await connecting;
  const sessions = { client: connected.session, server: accepted.session };
  accepted.abort();
  return sessions;
}

describe("a handshake works with a CA and certificates in the form of", () => {
  it.each(Object.entries({ mkcert, cfssl, step, "cert-manager": certManager, "AD CS": adcs, rcgen }))(
    "%s",
    async (_, make) => {
      const pki = make();
      const { client, server } = await handshake(pki);
      expect(client.peer?.certificate.raw).toEqual(pki.server[0]!.der);
      expect(server.peer?.certificate.raw).toEqual(pki.client[0]!.der);
      expect([client.peer?.verifiedBy, server.peer?.verifiedBy]).toEqual(["ca", "ca"]);
    },
  );
});

it("a server can read a client's SPIFFE identity, which is limited to its trust domain", async () => {
  const pki = certManager();
  expect((await handshake(pki)).server.peer?.certificate.subjectAltNames.uri).toEqual([identity]);
  const foreign = issue({
    subject: name(),
    issuer: pki.ca,
    extensions: [keyUsage(0), extKeyUsage(clientAuth), criticalNames(uri("spiffe://other.example/ns/default/sa/web"))],
  });
  await expect(handshake({ ...pki, client: [foreign] })).rejects.toMatchObject({
    code: "name_constraint",
    message: expect.stringMatching(/the uri name spiffe:\/\/other\.example.* is not permitted/),
  });
});
