/**
 * The requirements of the handshake on the end-entity's key, however the certificate is trusted: RFC 5246 §7.4.2,
 * RFC 8422 §5.3, RFC 4055 §1.2.
 */
import { generateKeyPairSync } from "node:crypto";
import { memoryPair } from "@handclasp/testing";
import { describe, expect, it } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { type AcceptOptions, acceptWith, serverHandshakeConfig } from "../../src/connection/accept.ts";
import { type ConnectOptions, connect } from "../../src/connection/connect.ts";
import { schemesForKey } from "../../src/crypto/signatures.ts";
import { legacySuites, TLS_RSA_WITH_AES_128_GCM_SHA256 } from "../../src/handshake/suites.ts";
import { parseCertificate } from "../../src/x509/certificate.ts";
import type { Credential } from "../../src/x509/credential.ts";
import type { TrustOptions } from "../../src/x509/trust.ts";
import { type Authority, ca, dns, issue, type KeyPair, keyUsage, now, pinOf, subjectAltName } from "../x509/make.ts";

const root = ca("Root");
const rsaKey: KeyPair = generateKeyPairSync("rsa", { modulusLength: 2048 });
const leafWith = (key: KeyPair | undefined, ...usage: number[]): Authority =>
  issue({
    issuer: root,
    ...(key && { key }),
    extensions: [keyUsage(...usage), subjectAltName(dns("www.example.com"))],
  });
const credentialOf = ({ der, key }: Authority): Credential => nodeCredential({ cert: der, key: key.privateKey });
const good = leafWith(undefined, 0);

interface Ends {
  server?: Authority;
  client?: Authority;
  connect?: Partial<ConnectOptions>;
  accept?: Partial<AcceptOptions>;
}

/** The errors of both sides. The server presents its certificate without checking its key usage. */
async function ends({ server = good, client, connect: connectOptions, accept }: Ends) {
  const { a, b } = memoryPair();
  const common = { provider: nodeCrypto, now: () => now, suites: legacySuites };
  const credential = credentialOf(server);
  const config = serverHandshakeConfig({
    ...common,
    credentials: [credentialOf(good), credentialOf(leafWith(rsaKey, 0, 2))],
    ...accept,
  });
  // The server's own view of its certificate, without keyUsage.
  const { keyUsage: _, ...certificate } = parseCertificate(server.der);
  const rogue = { credential, certificate: { ...certificate, keyUsage: undefined } };
  const clientCredential = client && { ...credentialOf(client), chain: [client.der] };
  const reason = (error: unknown) => error as { code: string; alert: string; by: string; message: string };
  const opened = acceptWith({ ...config, credentials: [rogue] }, b, {}).opened.then(() => undefined, reason);
  const options = { ca: root.der, serverName: "www.example.com", ...common, ...connectOptions };
  const clientError = connect(a, { ...options, ...(clientCredential && { credentials: () => clientCredential }) }).then(
    () => undefined,
    reason,
  );
  return { client: await clientError, server: await opened };
}

describe("keyUsage of the server's certificate", () => {
  const needs = { code: "key_usage", alert: "unsupported_certificate", by: "us" };
  it("must contain digitalSignature for ECDHE", async () => {
    const { client, server } = await ends({ server: leafWith(undefined, 4) });
    expect(client).toMatchObject(needs);
    expect(client?.message).toContain("digitalSignature");
    expect(server).toMatchObject({ alert: "unsupported_certificate", by: "peer" });
    expect((await ends({ server: good })).client).toBeUndefined();
  });

  it("must contain keyEncipherment for RSA key exchange", async () => {
    const suites = [TLS_RSA_WITH_AES_128_GCM_SHA256];
    const rsa = (...usage: number[]) =>
      ends({
        server: leafWith(rsaKey, ...usage),
        connect: { suites },
        accept: { suites, credentials: [credentialOf(leafWith(rsaKey, 2))] },
      });
    const { client } = await rsa(0);
    expect(client).toMatchObject(needs);
    expect(client?.message).toContain("keyEncipherment");
    expect((await rsa(2)).client).toBeUndefined();
  });

  it("is checked with a pin, with a trust function, and with insecure", async () => {
    const server = leafWith(undefined, 4);
    for (const trust of [{ pins: [pinOf(server.key)] }, { trust: () => true }, { insecure: true }]) {
      expect((await ends({ server, connect: { ca: undefined, ...trust } })).client).toMatchObject(needs);
      expect(
        (
          await ends({
            server: good,
            connect: { ca: undefined, ...trust, ...("pins" in trust && { pins: [pinOf(good.key)] }) },
          })
        ).client,
      ).toBeUndefined();
    }
  });
});

it("keyUsage of the client's certificate must contain digitalSignature", async () => {
  const accept = { clientAuth: "require", ca: root.der } as const;
  const { client, server } = await ends({ client: leafWith(undefined, 4), accept });
  expect(server).toMatchObject({ code: "key_usage", alert: "unsupported_certificate", by: "us" });
  expect(client).toMatchObject({ alert: "unsupported_certificate", by: "peer" });
  expect((await ends({ client: good, accept })).server).toBeUndefined();
});

it("client certificates may be pinned, and verified by a hook", async () => {
  const serverTrusting = (trust: TrustOptions) => ends({ client: good, accept: { clientAuth: "require", ...trust } });
  expect((await serverTrusting({ pins: [pinOf(good.key)] })).server).toBeUndefined();
  expect((await serverTrusting({ pins: [pinOf(root.key)] })).server).toMatchObject({
    code: "pin",
    alert: "certificate_unknown",
  });
  const verify = ({ path }: { path: readonly unknown[] }) => path.length === 1;
  expect((await serverTrusting({ ca: root.der, verify })).server).toMatchObject({ code: "untrusted" });
});

it("an RSASSA-PSS key that is restricted to one hash signs only with that hash", () => {
  const restricted = generateKeyPairSync("rsa-pss", {
    modulusLength: 2048,
    hashAlgorithm: "sha384",
    mgf1HashAlgorithm: "sha384",
    // @types/node declares a string; Node.js needs a number.
    saltLength: 48 as unknown as string,
  });
  const { publicKey, pssHash } = parseCertificate(leafWith(restricted, 0).der);
  expect(schemesForKey(publicKey, undefined, pssHash).map(({ name }) => name)).toEqual(["rsa_pss_pss_sha384"]);
  expect(schemesForKey(publicKey)).toHaveLength(3);
});
