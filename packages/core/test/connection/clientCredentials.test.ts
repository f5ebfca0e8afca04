/**
 * The certificate that a client sends, and the authorities that a server names in CertificateRequest (RFC 5246 §7.4.4,
 * §7.4.6).
 */
import { generateKeyPairSync } from "node:crypto";
import { memoryPair } from "@handclasp/testing";
import { describe, expect, it, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { type AcceptOptions, accept, serverHandshakeConfig } from "../../src/connection/accept.ts";
import { type ClientCredentials, credentialSelector } from "../../src/connection/clientCredentials.ts";
import { connect } from "../../src/connection/connect.ts";
import { ecdsa_secp256r1_sha256 } from "../../src/crypto/signatures.ts";
import { TlsError } from "../../src/errors.ts";
import type { ReceivedCertificateRequest } from "../../src/handshake/session.ts";
import { maxAuthorityNames } from "../../src/limits.ts";
import type { Credential } from "../../src/x509/credential.ts";
import {
  type Authority,
  bytes,
  ca,
  clientAuth,
  ecKey,
  extKeyUsage,
  issue,
  name,
  now,
  server,
  tlv,
} from "../x509/make.ts";

const root = ca("Root");
const middle = ca("Middle", { issuer: root });
const other = ca("Other");
const client = (issuer: Authority, commonName: string, content: Parameters<typeof issue>[0] = {}): Authority =>
  issue({ issuer, subject: name(`CN=${commonName}`), extensions: [extKeyUsage(clientAuth)], ...content });
const credentialOf = (end: Authority, ...issuers: Authority[]): Credential =>
  nodeCredential({ cert: [end, ...issuers].map(({ der }) => der), key: end.key.privateKey });
const ofRoot = credentialOf(client(root, "of root"));
const ofMiddle = credentialOf(client(middle, "of middle"), middle);
const ofMiddleAlone = credentialOf(client(middle, "of middle alone"));
const ofOther = credentialOf(client(other, "of other"));
const rsa = credentialOf(client(root, "rsa", { key: generateKeyPairSync("rsa", { modulusLength: 2048 }) }));
const serverCredential = credentialOf(server(root));

/** The subject of the certificate that the client sent, `undefined` if it sent none, or the code of the error. */
async function sentSubject(
  credential: ClientCredentials,
  options: Partial<AcceptOptions> = {},
): Promise<string | undefined> {
  const { a, b } = memoryPair();
  const common = { provider: nodeCrypto, now: () => now };
  const accepting = accept(b, {
    ...common,
    credentials: [serverCredential],
    clientAuth: "request",
    ...(options.ca === undefined && { trust: () => true }),
    ...options,
  }).then(
    ({ session }) => session.peer?.certificate.subject.text,
    (error: TlsError) => error.code,
  );
  await connect(a, { ...common, ca: root.der, serverName: "www.example.com", credentials: credential }).catch(() => {});
  return accepting;
}
const withAuthorities = (...names: readonly Uint8Array[]): Partial<AcceptOptions> => ({
  certificateAuthorities: names,
});
const all = [ofOther, ofMiddle, ofRoot];

describe("from a list of credentials", () => {
  it("a client sends the first certificate whose chain leads to an authority that the server names", async () => {
    expect(await sentSubject(all, withAuthorities(root.subject))).toBe("CN=of middle");
    expect(await sentSubject(all, withAuthorities(middle.subject))).toBe("CN=of middle");
    expect(await sentSubject(all, withAuthorities(other.subject))).toBe("CN=of other");
    expect(await sentSubject([ofRoot, ofOther], withAuthorities(middle.subject, other.subject, root.subject))).toBe(
      "CN=of root",
    );
  });

  it("a client sends the first certificate if the server names no authority", async () => {
    expect(await sentSubject(all)).toBe("CN=of other");
    expect(await sentSubject(all, { ca: root.der, certificateAuthorities: false })).toBe("unknown_issuer");
  });

  it("none is sent if no certificate leads to a named authority, or the server cannot verify its key", async () => {
    expect(await sentSubject([ofRoot, ofMiddle], withAuthorities(other.subject))).toBeUndefined();
    expect(await sentSubject([ofRoot], withAuthorities(other.subject))).toBeUndefined();
    expect(await sentSubject([], withAuthorities(root.subject))).toBeUndefined();
    // The chain ends below the named root, so the client cannot tell that the chain leads to that root.
    expect(await sentSubject([ofMiddleAlone], withAuthorities(root.subject))).toBeUndefined();
    const schemes = { signatureSchemes: [ecdsa_secp256r1_sha256] };
    expect(await sentSubject([rsa, ofRoot], { ...schemes, ...withAuthorities(root.subject) })).toBe("CN=of root");
    expect(await sentSubject([rsa], { ...schemes, ...withAuthorities(root.subject) })).toBeUndefined();
    expect(await sentSubject([rsa, ofRoot], withAuthorities(root.subject))).toBe("CN=rsa");
  });

  it("a client chooses by the normalised names, and an encoding that is not a name matches no issuer", async () => {
    const differentSpelling = tlv(
      0x30,
      ...["O=TEST", "CN=  rOOt"].map((rdn) => name(rdn).subarray(2)), // each an RDN without the SEQUENCE around it
    );
    expect(await sentSubject(all, withAuthorities(differentSpelling))).toBe("CN=of middle");
    const request: ReceivedCertificateRequest = {
      schemes: [ecdsa_secp256r1_sha256],
      certificateAuthorities: [bytes(1, 2, 3)],
    };
    expect(credentialSelector(all).selectCredential(request)).toBeUndefined();
    expect(
      credentialSelector(all).selectCredential({
        ...request,
        certificateAuthorities: [bytes(1), root.subject.slice()],
      }),
    ).toBe(ofMiddle);
  });

  it("each credential is checked at configuration", async () => {
    const serverOnly = credentialOf(issue({ issuer: root, extensions: [extKeyUsage("1.3.6.1.5.5.7.3.1")] }));
    const connecting = connect(memoryPair().a, {
      provider: nodeCrypto,
      ca: root.der,
      serverName: "www.example.com",
      credentials: [ofRoot, serverOnly],
    });
    await expect(connecting).rejects.toMatchObject({ fault: "configuration" });
  });
});

describe("a single credential", () => {
  it("is sent whatever authorities the server names", async () => {
    expect(await sentSubject(ofRoot, withAuthorities(other.subject))).toBe("CN=of root");
    expect(await sentSubject(ofMiddleAlone, withAuthorities(root.subject))).toBe("CN=of middle alone");
  });
  it("is not sent to a server that cannot verify its kind of key", async () => {
    expect(await sentSubject(rsa, { signatureSchemes: [ecdsa_secp256r1_sha256] })).toBeUndefined();
  });
});

describe("a server's list of authorities", () => {
  const baseOptions: AcceptOptions = { provider: nodeCrypto, credentials: [serverCredential], clientAuth: "request" };
  const names = (options: Partial<AcceptOptions>) =>
    serverHandshakeConfig({ ...baseOptions, ...options }).certificateAuthorities;

  it("has the name of each anchor once, unless the option certificateAuthorities replaces the list", () => {
    const sameName = ca("Root", { key: ecKey() });
    expect(names({ ca: [root.der, sameName.der, other.der] })).toEqual([root.subject, other.subject]);
    expect(names({ ca: root.der, certificateAuthorities: [middle.subject] })).toEqual([middle.subject]);
    expect(names({ ca: root.der, certificateAuthorities: false })).toEqual([]);
    expect(names({ trust: () => true })).toEqual([]);
  });

  it("is empty if the names of the anchors do not fit into the message, and the handshake succeeds", async () => {
    const many = Array.from({ length: 70 }, (_, i) => ca(`${i} ${"x".repeat(1000)}`).der);
    expect(names({ ca: [...many, root.der] })).toEqual([]);
    expect(await sentSubject([ofRoot], { ca: [...many, root.der] })).toBe("CN=of root");
  });

  it("may be as long as the message allows, and the client accepts it", async () => {
    const overhead = name(`CN=${"x".repeat(60_000)}`).length - 60_000;
    const long = name(`CN=${"x".repeat(maxAuthorityNames - overhead - root.subject.length - 4)}`);
    expect(long.length + root.subject.length + 4).toBe(maxAuthorityNames);
    expect(await sentSubject([ofRoot], withAuthorities(long, root.subject))).toBe("CN=of root");
  });

  test.each<readonly [string, Partial<AcceptOptions>]>([
    ["more names than fit", withAuthorities(name(`CN=${"x".repeat(maxAuthorityNames)}`))],
    ["more names than fit with their lengths", withAuthorities(...Array<Uint8Array>(4500).fill(name("CN=a")))],
    ["an encoding that is not a name", withAuthorities(bytes(1, 2, 3))],
    [
      "authorities without clientAuth",
      { ...withAuthorities(root.subject), clientAuth: "none", trust: undefined } as never,
    ],
  ])("%s: a configuration error", (_, options) => {
    const error = (() => {
      try {
        return void serverHandshakeConfig({ ...baseOptions, trust: () => true, ...options });
      } catch (error) {
        return error;
      }
    })();
    expect(TlsError.is(error) && error.code).toBe("configuration");
    expect((error as TlsError).message).toContain("certificateAuthorities");
  });
});
