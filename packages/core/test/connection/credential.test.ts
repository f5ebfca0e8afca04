import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import {
  type AcceptOptions,
  serverConfig,
  serverHandshakeConfig,
  withCredentials,
} from "../../src/connection/accept.ts";
import { type ConnectOptions, connect } from "../../src/connection/connect.ts";
import { ecdsa_secp256r1_sha256 } from "../../src/crypto/signatures.ts";
import { TlsError } from "../../src/errors.ts";
import {
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 as ecdheRsa,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 as ecdsa,
  TLS_RSA_WITH_AES_128_GCM_SHA256 as rsa,
} from "../../src/handshake/suites.ts";
import type { Credential } from "../../src/x509/credential.ts";
import {
  ca,
  clientAuth,
  dns,
  extKeyUsage,
  issue,
  type KeyPair,
  keyUsage,
  name,
  pinOf,
  server,
  serverAuth,
  subjectAltName,
} from "../x509/make.ts";

const root = ca("Root");
const rsaKey: KeyPair = generateKeyPairSync("rsa", { modulusLength: 2048 });
const made = (content: Parameters<typeof issue>[0] = {}): Credential => {
  const issued = issue({ issuer: root, subject: name("CN=server"), ...content });
  return nodeCredential({ cert: issued.der, key: issued.key.privateKey });
};
const good = made();

function refusal(options: Partial<AcceptOptions>): TlsError {
  try {
    serverConfig({ credentials: [good], ...options });
  } catch (error) {
    if (TlsError.is(error) && error.code === "configuration" && error.advice) return error;
    throw error;
  }
  throw new Error("the configuration was taken");
}
const refused = (credential: Credential, suites?: AcceptOptions["suites"]) =>
  refusal({ credentials: [credential], ...(suites && { suites }) }).message;

describe("a server's certificate is refused at configuration", () => {
  it("where it is for another purpose", () => {
    expect(refused(made({ extensions: [extKeyUsage(clientAuth)] }))).toContain("is for clientAuth, not for a server");
    expect(refused(made({ extensions: [extKeyUsage("1.3.6.1.5.5.7.3.9")] }))).toContain("1.3.6.1.5.5.7.3.9");
    for (const usages of [[serverAuth], [clientAuth, serverAuth], ["2.5.29.37.0"]])
      serverHandshakeConfig({ credentials: [made({ extensions: [extKeyUsage(...usages)] })] });
  });

  it("where its keyUsage or its kind of key serves none of the suites", () => {
    const sealed = made({ key: rsaKey, extensions: [keyUsage(2)] });
    const signing = made({ key: rsaKey, extensions: [keyUsage(0)] });
    expect(refused(made({ extensions: [keyUsage(4)] }))).toContain("keyUsage keyAgreement");
    expect(refused(sealed)).toContain("serves none of the suites");
    expect(refused(signing, [rsa])).toContain("serves none of the suites");
    expect(refused(good, [ecdheRsa])).toContain("key type ec");
    expect(refused(signing, [ecdsa])).toContain("key type rsa");
    const { rsaDecryptRaw: _, ...mute } = made({ key: rsaKey });
    expect(refused(mute, [rsa])).toContain("serves none of the suites");
    serverHandshakeConfig({ credentials: [sealed, signing], suites: [ecdheRsa, rsa] });
  });

  it("where its signer is of another kind", () => {
    expect(
      refused({ ...made({ key: rsaKey }), schemes: [ecdsa_secp256r1_sha256], rsaDecryptRaw: undefined! }),
    ).toContain("ecdsa_secp256r1_sha256");
  });

  it("where the chain is out of order, malformed or missing", () => {
    const { chain } = good;
    expect(refused({ ...good, chain: [...chain, ...chain] })).toContain("the chain is broken");
    expect(refused({ ...good, chain: [Uint8Array.of(0x30, 0)] })).toContain("cannot be used");
    expect(refused({ ...good, chain: [] })).toContain("no certificate");
    expect(refusal({ credentials: [] }).message).toContain("needs a credential");
  });

  it("where it is no credential, or one made by hand that does not say how it is read", () => {
    const { read: _, ...unread } = good;
    for (const none of [unread, { ...good, sign: undefined }, { ...good, schemes: undefined }, null, "pem"])
      expect(refusal({ credentials: [none as unknown as Credential] }).message).toContain("credentials");
  });

  it("when it is exchanged, too: the old one stays", () => {
    const config = serverHandshakeConfig({ credentials: [good] });
    const other = made({ extensions: [subjectAltName(dns("new.example"))] });
    const changed = withCredentials(config, [other]);
    expect(changed.credentials[0]?.certificate.subjectAltNames.dns).toEqual(["new.example"]);
    expect({ ...changed, credentials: config.credentials }).toEqual(config);
    expect(() => withCredentials(config, [made({ extensions: [extKeyUsage(clientAuth)] })])).toThrow(
      "not for a server",
    );
    expect(() => withCredentials(config, [])).toThrow("needs a credential");
  });
});

describe("a client's certificate is refused before anything is sent", () => {
  const attempt = (credential: Credential) => {
    const options: ConnectOptions = { credentials: credential, ca: root.der, serverName: "www.example.com" };
    const transport = () => {
      throw new Error("the transport was opened");
    };
    return connect(transport, options);
  };
  it("where it is for another purpose, or may not sign", async () => {
    await expect(attempt(made({ extensions: [extKeyUsage(serverAuth)] }))).rejects.toThrow("not for a client");
    await expect(attempt(made({ extensions: [keyUsage(4)] }))).rejects.toThrow("may not sign");
    await expect(attempt({ ...good, chain: [...good.chain, ...good.chain] })).rejects.toThrow("the chain is broken");
    await expect(attempt(good)).rejects.toThrow("the transport was opened");
  });
});

describe("whom client certificates must come from", () => {
  it("is a CA, or all that a client's trust in a server can be", () => {
    const pins = [pinOf(root.key)];
    const verify = () => true;
    expect(
      serverHandshakeConfig({ credentials: [good], clientAuth: "require", ca: root.der }).clientTrust?.anchors,
    ).toHaveLength(1);
    const config = serverHandshakeConfig({
      credentials: [good],
      clientAuth: "request",
      ca: root.der,
      pins,
      verify,
    });
    expect(config.clientTrust).toMatchObject({ pins, verify });
    expect(serverHandshakeConfig({ credentials: [good] }).clientTrust).toBeUndefined();
  });

  it("must be said, once, and only where clients show one", () => {
    expect(refusal({ clientAuth: "require" }).message).toContain("without ca");
    expect(refusal({ ca: root.der }).message).toContain("without clientAuth");
    expect(refusal({ verify: () => true }).message).toContain("verify without clientAuth");
    expect(refusal({ clientAuth: "require", verify: () => true }).message).toContain("no trust anchor");
  });
});

it("a server without EKU or keyUsage in its certificate serves", () => {
  serverHandshakeConfig({
    credentials: [good, nodeCredential({ cert: server(root, { key: rsaKey }).der, key: rsaKey.privateKey })],
  });
});
