/** Which certificate a client shows, and whom a server names in CertificateRequest (RFC 5246 §7.4.4, §7.4.6). */
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
import type { CertificateRequested } from "../../src/handshake/session.ts";
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
const own = (end: Authority, ...issuers: Authority[]): Credential =>
  nodeCredential({ cert: [end, ...issuers].map(({ der }) => der), key: end.key.privateKey });
const ofRoot = own(client(root, "of root"));
const ofMiddle = own(client(middle, "of middle"), middle);
const ofMiddleAlone = own(client(middle, "of middle alone"));
const ofOther = own(client(other, "of other"));
const rsa = own(client(root, "rsa", { key: generateKeyPairSync("rsa", { modulusLength: 2048 }) }));
const serving = own(server(root));

/** The subject of what the client showed, `undefined` for nothing, the code of what went wrong. */
async function shown(credential: ClientCredentials, options: Partial<AcceptOptions> = {}): Promise<string | undefined> {
  const { a, b } = memoryPair();
  const common = { provider: nodeCrypto, now: () => now };
  const accepting = accept(b, {
    ...common,
    credentials: [serving],
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
const naming = (...names: readonly Uint8Array[]): Partial<AcceptOptions> => ({ certificateAuthorities: names });
const all = [ofOther, ofMiddle, ofRoot];

describe("of a list of credentials", () => {
  it("the first is shown whose chain leads to an authority that the server names", async () => {
    expect(await shown(all, naming(root.subject))).toBe("CN=of middle");
    expect(await shown(all, naming(middle.subject))).toBe("CN=of middle");
    expect(await shown(all, naming(other.subject))).toBe("CN=of other");
    expect(await shown([ofRoot, ofOther], naming(middle.subject, other.subject, root.subject))).toBe("CN=of root");
  });

  it("the first is shown where the server names nobody", async () => {
    expect(await shown(all)).toBe("CN=of other");
    expect(await shown(all, { ca: root.der, certificateAuthorities: false })).toBe("unknown_issuer");
  });

  it("none is shown where none fits, nor one of a kind that the server cannot verify", async () => {
    expect(await shown([ofRoot, ofMiddle], naming(other.subject))).toBeUndefined();
    expect(await shown([ofRoot], naming(other.subject))).toBeUndefined();
    expect(await shown([], naming(root.subject))).toBeUndefined();
    // Our chain ends below the root that is named: nobody can tell that it leads there.
    expect(await shown([ofMiddleAlone], naming(root.subject))).toBeUndefined();
    const schemes = { signatureSchemes: [ecdsa_secp256r1_sha256] };
    expect(await shown([rsa, ofRoot], { ...schemes, ...naming(root.subject) })).toBe("CN=of root");
    expect(await shown([rsa], { ...schemes, ...naming(root.subject) })).toBeUndefined();
    expect(await shown([rsa, ofRoot], naming(root.subject))).toBe("CN=rsa");
  });

  it("names are compared normalised, and one that is none is nobody's", async () => {
    const shouted = tlv(
      0x30,
      ...["O=TEST", "CN=  rOOt"].map((rdn) => name(rdn).subarray(2)), // each an RDN without the SEQUENCE around it
    );
    expect(await shown(all, naming(shouted))).toBe("CN=of middle");
    const choose: CertificateRequested = {
      schemes: [ecdsa_secp256r1_sha256],
      certificateAuthorities: [bytes(1, 2, 3)],
    };
    expect(credentialSelector(all).selectCredential(choose)).toBeUndefined();
    expect(
      credentialSelector(all).selectCredential({ ...choose, certificateAuthorities: [bytes(1), root.subject.slice()] }),
    ).toBe(ofMiddle);
  });

  it("each is checked when it is configured", async () => {
    const wrong = own(issue({ issuer: root, extensions: [extKeyUsage("1.3.6.1.5.5.7.3.1")] }));
    const connecting = connect(memoryPair().a, {
      provider: nodeCrypto,
      ca: root.der,
      serverName: "www.example.com",
      credentials: [ofRoot, wrong],
    });
    await expect(connecting).rejects.toMatchObject({ fault: "configuration" });
  });
});

describe("a single credential", () => {
  it("is shown whatever authorities the server names", async () => {
    expect(await shown(ofRoot, naming(other.subject))).toBe("CN=of root");
    expect(await shown(ofMiddleAlone, naming(root.subject))).toBe("CN=of middle alone");
  });
  it("is not shown to who cannot verify its kind of key", async () => {
    expect(await shown(rsa, { signatureSchemes: [ecdsa_secp256r1_sha256] })).toBeUndefined();
  });
});

describe("a server names", () => {
  const base: AcceptOptions = { provider: nodeCrypto, credentials: [serving], clientAuth: "request" };
  const names = (options: Partial<AcceptOptions>) =>
    serverHandshakeConfig({ ...base, ...options }).certificateAuthorities;

  it("its anchors, each name once, unless it is told to name others or nobody", () => {
    const again = ca("Root", { key: ecKey() });
    expect(names({ ca: [root.der, again.der, other.der] })).toEqual([root.subject, other.subject]);
    expect(names({ ca: root.der, certificateAuthorities: [middle.subject] })).toEqual([middle.subject]);
    expect(names({ ca: root.der, certificateAuthorities: false })).toEqual([]);
    expect(names({ trust: () => true })).toEqual([]);
  });

  it("nobody where its anchors are too many for the message, and the handshake works", async () => {
    const many = Array.from({ length: 70 }, (_, i) => ca(`${i} ${"x".repeat(1000)}`).der);
    expect(names({ ca: [...many, root.der] })).toEqual([]);
    expect(await shown([ofRoot], { ca: [...many, root.der] })).toBe("CN=of root");
  });

  it("as many as fit, which the client takes", async () => {
    const around = name(`CN=${"x".repeat(60_000)}`).length - 60_000;
    const long = name(`CN=${"x".repeat(maxAuthorityNames - around - root.subject.length - 4)}`);
    expect(long.length + root.subject.length + 4).toBe(maxAuthorityNames);
    expect(await shown([ofRoot], naming(long, root.subject))).toBe("CN=of root");
  });

  test.each<readonly [string, Partial<AcceptOptions>]>([
    ["more than fit", naming(name(`CN=${"x".repeat(maxAuthorityNames)}`))],
    ["more than fit with their lengths", naming(...Array<Uint8Array>(4500).fill(name("CN=a")))],
    ["what is no name", naming(bytes(1, 2, 3))],
    ["authorities where nobody is asked", { ...naming(root.subject), clientAuth: "none", trust: undefined } as never],
  ])("not %s", (_, options) => {
    const error = (() => {
      try {
        return void serverHandshakeConfig({ ...base, trust: () => true, ...options });
      } catch (error) {
        return error;
      }
    })();
    expect(TlsError.is(error) && error.code).toBe("configuration");
    expect((error as TlsError).message).toContain("certificateAuthorities");
  });
});
