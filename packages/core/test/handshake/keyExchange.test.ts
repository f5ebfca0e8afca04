/**
 * The checks that each side makes on the key exchange of the other, and the duties of each side in its own
 * (RFC 5246 §7.4.2, §7.4.3, §7.4.8, §8.1; RFC 8422 §5.3, §5.4, §5.11).
 */

import {
  type CryptoProvider,
  type CurveName,
  type NamedGroup,
  secp256r1,
  secp384r1,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
  TLS_RSA_WITH_AES_128_GCM_SHA256,
  x25519,
} from "@handclasp/core";
import { concat } from "@handclasp/core/unstable";

import { memoryPair, testCa } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { type AcceptOptions, acceptWith, serverHandshakeConfig } from "../../src/connection/accept.ts";
import { connect } from "../../src/connection/connect.ts";
import { decode, encode } from "../../src/wire/codec.ts";
import { type ClientHello, certificateVerify, serverEcdhKeyExchange } from "../../src/wire/messages.ts";
import { parseCertificate } from "../../src/x509/certificate.ts";
import { connectPair, pki, withExtension } from "./extensions/connectPair.ts";
import { handshakeThrough, type Label, message, record, type Unit } from "./mitm.ts";

const bothOffer = (group: NamedGroup) => ({
  client: { groups: [group, secp256r1] },
  server: { groups: [group, secp256r1] },
});
const label = (unit: Unit): string => `${unit.from} ${unit.name}`;
/** Rewrites the body of one message. */
const rewriting = (one: Label, id: number, change: (body: Uint8Array) => Uint8Array) => (unit: Unit) =>
  label(unit) === one ? record(22, message(id, change(unit.body))) : unit.wire;

describe("the peer's public key", () => {
  const providerSending = (name: CurveName, publicKey: Uint8Array): CryptoProvider => ({
    ...nodeCrypto,
    groups: {
      ...nodeCrypto.groups,
      [name]: async (random: never) => ({ ...(await nodeCrypto.groups[name]?.(random)), publicKey }),
    },
  });
  const notOnCurve = new Uint8Array(65).fill(1);
  notOnCurve[0] = 4;
  const compressed = new Uint8Array(33).fill(1);
  compressed[0] = 2;
  test.each<[string, NamedGroup, Uint8Array]>([
    ["a point that is not on secp256r1", secp256r1, notOnCurve],
    ["a compressed point", secp256r1, compressed],
    ["the point at infinity", secp256r1, Uint8Array.of(0)],
    ["an x25519 share whose secret is zero", x25519, new Uint8Array(32)],
    ["an x25519 share of low order", x25519, Uint8Array.from({ length: 32 }, (_, i) => +(i === 0))],
    ["an x25519 share too short", x25519, new Uint8Array(31).fill(9)],
  ])("%s is refused by both sides (RFC 8422 §5.11)", async (_, group, publicKey) => {
    const dishonest = { provider: providerSending(group.name as CurveName, publicKey) };
    const { client, server } = bothOffer(group);
    const refusal = { alert: "illegal_parameter", code: "bad_ecpoint", by: "us" };
    expect((await connectPair(client, { ...server, ...dishonest })).client).toMatchObject(refusal);
    expect((await connectPair({ ...client, ...dishonest }, server)).server).toMatchObject(refusal);
  });

  test("is new in each handshake", async () => {
    const keys: Record<"client" | "server", string[]> = { client: [], server: [] };
    for (let i = 0; i < 2; i++)
      await handshakeThrough(pki, (unit) => {
        if (unit.name === "server_key_exchange")
          keys.server.push(String(decode(serverEcdhKeyExchange.body, unit.body, "").params.public));
        if (unit.name === "client_key_exchange") keys.client.push(String(unit.body));
        return unit.wire;
      });
    for (const side of ["client", "server"] as const) expect(new Set(keys[side]).size).toBe(2);
  });
});

describe("the server's parameters", () => {
  test.each([
    ["a curve that was not offered", { namedCurve: secp384r1.id }],
    ["a curve with explicit parameters", { curveType: 1 }],
  ])("are refused with %s", async (_, other) => {
    const change = (body: Uint8Array) => {
      const { params, signed } = decode(serverEcdhKeyExchange.body, body, "");
      return encode(serverEcdhKeyExchange.body, { params: { ...params, ...other }, signed });
    };
    const { client } = await handshakeThrough(pki, rewriting("server server_key_exchange", 12, change), {
      client: { groups: [x25519, secp256r1] },
    });
    expect(client).toMatchObject({ alert: "illegal_parameter", code: "wrong_curve", by: "us" });
  });

  test("are refused if the signature scheme belongs to another kind of key", async () => {
    const change = (body: Uint8Array) => {
      const { params, signed } = decode(serverEcdhKeyExchange.body, body, "");
      return encode(serverEcdhKeyExchange.body, { params, signed: { ...signed, scheme: 0x0401 } });
    };
    const { client } = await handshakeThrough(pki, rewriting("server server_key_exchange", 12, change));
    expect(client).toMatchObject({ alert: "illegal_parameter", code: "wrong_signature_type", by: "us" });
  });
});

test("a server that has no curve in common with the client chooses no ECC suite (RFC 8422 §5.1)", async () => {
  const x448 = { client: <T extends ClientHello>(hello: T): T => withExtension(hello, 10, Uint8Array.of(0, 2, 0, 30)) };
  const suites = [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_RSA_WITH_AES_128_GCM_SHA256];
  const { hellos } = await connectPair({ suites }, { suites, credentials: [pki.rsa] }, x448);
  expect(hellos.server?.cipherSuite).toBe(TLS_RSA_WITH_AES_128_GCM_SHA256.id);
  expect((await connectPair({}, {}, x448)).server).toMatchObject({
    alert: "handshake_failure",
    code: "no_shared_cipher",
  });
});

test.each([
  ["was not offered", 0x0203],
  ["belongs to another kind of key", 0x0804],
])("CertificateVerify with a scheme that %s is refused (RFC 5246 §7.4.8)", async (_, scheme) => {
  const change = (body: Uint8Array) =>
    encode(certificateVerify.body, { ...decode(certificateVerify.body, body, ""), scheme });
  const { server } = await handshakeThrough(pki, rewriting("client certificate_verify", 15, change));
  expect(server).toMatchObject({ alert: "illegal_parameter", code: "wrong_signature_type", by: "us" });
});

describe("the server's certificate", () => {
  /**
   * The client's error with a server that signs with the key of `pki.server` and sends the certificate `sent`, but
   * chooses its parameters as if its certificate were `assumed`.
   */
  async function refusal(assumed: Uint8Array, sent: Uint8Array, groups: readonly NamedGroup[]): Promise<unknown> {
    const { a, b } = memoryPair();
    const suites = [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256];
    const options: AcceptOptions = { provider: nodeCrypto, suites, credentials: [pki.server] };
    const rogue = { credential: { ...pki.server, chain: [sent] }, certificate: parseCertificate(assumed) };
    const accepting = acceptWith({ ...serverHandshakeConfig(options), credentials: [rogue] }, b, {}).opened.catch(
      () => {},
    );
    const common = { provider: nodeCrypto, ca: pki.ca, serverName: "localhost" };
    const error = await connect(a, { ...common, suites, groups }).catch((reason: unknown) => reason);
    await accepting;
    return error;
  }
  const leaf = pki.server.chain[0] as Uint8Array;

  test("must have a key that fits the suite (RFC 5246 §7.4.2)", async () => {
    const rsa = pki.rsa.chain[0] as Uint8Array;
    expect(await refusal(leaf, rsa, [x25519, secp256r1])).toMatchObject({
      alert: "illegal_parameter",
      code: "wrong_certificate_type",
      by: "us",
    });
  });

  test("must have its key on a curve that the client offered (RFC 8422 §5.3)", async () => {
    const p384 = nodeCredential(await (await testCa()).issue({ algorithm: "ecdsa-p384" })).chain[0] as Uint8Array;
    expect(await refusal(p384, leaf, [x25519, secp384r1])).toMatchObject({
      alert: "illegal_parameter",
      code: "wrong_curve",
      by: "us",
    });
  });
});

test("the premaster secret is wiped when the master secret has been derived (RFC 5246 §8.1)", async () => {
  const secrets: Uint8Array[] = [];
  let nonZero = 0;
  const provider: CryptoProvider = {
    ...nodeCrypto,
    groups: {
      ...nodeCrypto.groups,
      async x25519(random) {
        const share = await (nodeCrypto.groups.x25519 as NonNullable<CryptoProvider["groups"]["x25519"]>)(random);
        return {
          ...share,
          async agree(peer) {
            const secret = await share.agree(peer);
            nonZero += Number(secret?.some((byte) => byte));
            if (secret) secrets.push(secret);
            return secret;
          },
        };
      },
    },
  };
  const { client, server } = await connectPair({ provider }, { provider });
  for (const end of [client, server]) expect(end).toMatchObject({ group: "x25519" });
  expect(nonZero).toBe(2);
  expect(concat(...secrets)).toEqual(new Uint8Array(64));
});
