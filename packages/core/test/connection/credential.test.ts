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
const makeCredential = (content: Parameters<typeof issue>[0] = {}): Credential => {
  const issued = issue({ issuer: root, subject: name("CN=server"), ...content });
  return nodeCredential({ cert: issued.der, key: issued.key.privateKey });
};
const validCredential = makeCredential();

function configError(options: Partial<AcceptOptions>): TlsError {
  try {
    serverConfig({ credentials: [validCredential], ...options });
  } catch (error) {
    if (TlsError.is(error) && error.code === "configuration" && error.advice) return error;
    throw error;
  }
  throw new Error("the configuration was accepted");
}
const refusalMessage = (credential: Credential, suites?: AcceptOptions["suites"]) =>
  configError({ credentials: [credential], ...(suites && { suites }) }).message;

describe("a server's certificate is refused at configuration", () => {
  it("if it is for another purpose", () => {
    expect(refusalMessage(makeCredential({ extensions: [extKeyUsage(clientAuth)] }))).toContain(
      "is for clientAuth, not for a server",
    );
    expect(refusalMessage(makeCredential({ extensions: [extKeyUsage("1.3.6.1.5.5.7.3.9")] }))).toContain(
      "1.3.6.1.5.5.7.3.9",
    );
    for (const usages of [[serverAuth], [clientAuth, serverAuth], ["2.5.29.37.0"]])
      serverHandshakeConfig({ credentials: [makeCredential({ extensions: [extKeyUsage(...usages)] })] });
  });

  it("if its keyUsage or its kind of key fits none of the suites", () => {
    const encipherOnly = makeCredential({ key: rsaKey, extensions: [keyUsage(2)] });
    const signOnly = makeCredential({ key: rsaKey, extensions: [keyUsage(0)] });
    expect(refusalMessage(makeCredential({ extensions: [keyUsage(4)] }))).toContain("keyUsage keyAgreement");
    expect(refusalMessage(encipherOnly)).toContain("serves none of the suites");
    expect(refusalMessage(signOnly, [rsa])).toContain("serves none of the suites");
    expect(refusalMessage(validCredential, [ecdheRsa])).toContain("key type ec");
    expect(refusalMessage(signOnly, [ecdsa])).toContain("key type rsa");
    const { rsaDecryptRaw: _, ...withoutDecrypt } = makeCredential({ key: rsaKey });
    expect(refusalMessage(withoutDecrypt, [rsa])).toContain("serves none of the suites");
    serverHandshakeConfig({ credentials: [encipherOnly, signOnly], suites: [ecdheRsa, rsa] });
  });

  it("if its signature schemes do not fit its key", () => {
    expect(
      refusalMessage({
        ...makeCredential({ key: rsaKey }),
        schemes: [ecdsa_secp256r1_sha256],
        rsaDecryptRaw: undefined!,
      }),
    ).toContain("ecdsa_secp256r1_sha256");
  });

  it("if the chain is broken, malformed or missing", () => {
    const { chain } = validCredential;
    expect(refusalMessage({ ...validCredential, chain: [...chain, ...chain] })).toContain("the chain is broken");
    expect(refusalMessage({ ...validCredential, chain: [Uint8Array.of(0x30, 0)] })).toContain("cannot be used");
    expect(refusalMessage({ ...validCredential, chain: [] })).toContain("no certificate");
    expect(configError({ credentials: [] }).message).toContain("needs a credential");
  });

  it("if it is not a credential, or one without `sign`, `read` or `schemes`", () => {
    const { read: _, ...withoutRead } = validCredential;
    for (const notCredential of [
      withoutRead,
      { ...validCredential, sign: undefined },
      { ...validCredential, schemes: undefined },
      null,
      "pem",
    ])
      expect(configError({ credentials: [notCredential as unknown as Credential] }).message).toContain("credentials");
  });

  it("also if it is to replace another one; a valid certificate changes nothing else in the configuration", () => {
    const config = serverHandshakeConfig({ credentials: [validCredential] });
    const other = makeCredential({ extensions: [subjectAltName(dns("new.example"))] });
    const changed = withCredentials(config, [other]);
    expect(changed.credentials[0]?.certificate.subjectAltNames.dns).toEqual(["new.example"]);
    expect({ ...changed, credentials: config.credentials }).toEqual(config);
    expect(() => withCredentials(config, [makeCredential({ extensions: [extKeyUsage(clientAuth)] })])).toThrow(
      "not for a server",
    );
    expect(() => withCredentials(config, [])).toThrow("needs a credential");
  });
});

describe("a client's certificate is refused before anything is sent", () => {
  const connectWith = (credential: Credential) => {
    const options: ConnectOptions = { credentials: credential, ca: root.der, serverName: "www.example.com" };
    const transport = () => {
      throw new Error("the transport was opened");
    };
    return connect(transport, options);
  };
  it("if it is for another purpose, may not sign, or has a broken chain", async () => {
    await expect(connectWith(makeCredential({ extensions: [extKeyUsage(serverAuth)] }))).rejects.toThrow(
      "not for a client",
    );
    await expect(connectWith(makeCredential({ extensions: [keyUsage(4)] }))).rejects.toThrow("may not sign");
    await expect(
      connectWith({ ...validCredential, chain: [...validCredential.chain, ...validCredential.chain] }),
    ).rejects.toThrow("the chain is broken");
    await expect(connectWith(validCredential)).rejects.toThrow("the transport was opened");
  });
});

describe("a server's trust in client certificates", () => {
  it("is configured with ca, pins and verify, as a client's trust in a server is", () => {
    const pins = [pinOf(root.key)];
    const verify = () => true;
    expect(
      serverHandshakeConfig({ credentials: [validCredential], clientAuth: "require", ca: root.der }).clientTrust
        ?.anchors,
    ).toHaveLength(1);
    const config = serverHandshakeConfig({
      credentials: [validCredential],
      clientAuth: "request",
      ca: root.der,
      pins,
      verify,
    });
    expect(config.clientTrust).toMatchObject({ pins, verify });
    expect(serverHandshakeConfig({ credentials: [validCredential] }).clientTrust).toBeUndefined();
  });

  it("must be configured with clientAuth, and must not be configured without it", () => {
    expect(configError({ clientAuth: "require" }).message).toContain("without ca");
    expect(configError({ ca: root.der }).message).toContain("without clientAuth");
    expect(configError({ verify: () => true }).message).toContain("verify without clientAuth");
    expect(configError({ clientAuth: "require", verify: () => true }).message).toMatch(/ca, pins/);
  });
});

it("a server may be configured with certificates with and without extendedKeyUsage and keyUsage", () => {
  serverHandshakeConfig({
    credentials: [validCredential, nodeCredential({ cert: server(root, { key: rsaKey }).der, key: rsaKey.privateKey })],
  });
});
