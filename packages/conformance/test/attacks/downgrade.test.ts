/** FREAK, export ciphers and KCI: an attacker in the middle changes what the other side chooses or asks for. */
import { concat } from "@handclasp/core/unstable";
import { TLS_RSA_WITH_AES_128_GCM_SHA256 } from "@handclasp/node";
import { describe, expect, test } from "vitest";
import { handshakeThrough, issuePki, message, record, type Unit } from "../../../core/test/handshake/mitm.ts";

const pki = await issuePki();
const suites = [TLS_RSA_WITH_AES_128_GCM_SHA256];
const rsa = { client: { suites }, server: { suites }, credential: pki.rsa };
const label = (unit: Unit): string => `${unit.from} ${unit.name}`;

describe("a client with RSA key exchange", () => {
  test("succeeds if nothing is changed", async () => {
    const outcome = await handshakeThrough(pki, (unit) => unit.wire, rsa);
    expect(outcome).toMatchObject({ client: undefined, server: undefined });
  });

  test("refuses a temporary RSA key in ServerKeyExchange, as of export grade", async () => {
    const temporary = Buffer.concat([Buffer.from([0, 64]), Buffer.alloc(64, 0xa5), Buffer.from([0, 1, 3])]);
    const signature = Buffer.concat([Buffer.from([4, 1, 1, 0]), Buffer.alloc(256, 1)]);
    const outcome = await handshakeThrough(
      pki,
      (unit) =>
        label(unit) === "server certificate"
          ? concat(unit.wire, record(22, message(12, Buffer.concat([temporary, signature]))))
          : unit.wire,
      rsa,
    );
    expect(outcome.client).toMatchObject({ alert: "unexpected_message", by: "us" });
    expect(outcome.established).toEqual([]);
  });

  test.each([
    ["TLS_RSA_EXPORT_WITH_RC4_40_MD5", 0x0003],
    ["TLS_RSA_WITH_RC4_128_SHA", 0x0005],
    ["TLS_RSA_WITH_NULL_SHA", 0x0002],
    ["TLS_RSA_WITH_3DES_EDE_CBC_SHA", 0x000a],
    ["TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA", 0x0014],
    ["TLS_DH_anon_WITH_AES_128_CBC_SHA", 0x0034],
    ["TLS_ECDH_RSA_WITH_AES_128_CBC_SHA", 0xc00e],
    ["TLS_RSA_WITH_AES_128_CBC_SHA, which it did not offer", 0x002f],
    ["TLS_NULL_WITH_NULL_NULL", 0x0000],
  ])("refuses a ServerHello with %s", async (_, id) => {
    const outcome = await handshakeThrough(
      pki,
      (unit) => {
        if (label(unit) !== "server server_hello") return unit.wire;
        const body = unit.body.slice();
        const at = 35 + (body[34] as number);
        body[at] = id >> 8;
        body[at + 1] = id & 255;
        return record(22, message(2, body));
      },
      rsa,
    );
    expect(outcome.client).toMatchObject({ alert: "illegal_parameter", code: "wrong_cipher_returned", by: "us" });
  });
});

test("a server whose client offers only export, RC4, NULL, 3DES or anonymous suites refuses it", async () => {
  const outcome = await handshakeThrough(pki, (unit) => {
    if (label(unit) !== "client client_hello") return unit.wire;
    const { body } = unit;
    const start = 35 + (body[34] as number);
    const end = start + 2 + (((body[start] as number) << 8) | (body[start + 1] as number));
    const weak = [0, 1, 2, 3, 4, 5, 6, 8, 9, 0x0a, 0x14, 0x16, 0x18, 0x1b, 0x34, 0x3a].flatMap((id) => [0, id]);
    const list = Uint8Array.of(0, weak.length, ...weak);
    return record(22, message(1, concat(body.subarray(0, start), list, body.subarray(end))));
  });
  expect(outcome.server).toMatchObject({ alert: "handshake_failure", code: "no_shared_cipher", by: "us" });
});

test.each([
  ["rsa_fixed_dh", [3]],
  ["dss_fixed_dh", [4]],
  ["rsa_fixed_ecdh", [65]],
  ["ecdsa_fixed_ecdh", [66]],
  ["all of them", [3, 4, 65, 66]],
])("KCI: a client that is asked for a certificate of type %s sends none, and signs nothing", async (_, types) => {
  const sent: Unit[] = [];
  const outcome = await handshakeThrough(pki, (unit) => {
    if (unit.from === "client") sent.push(unit);
    if (label(unit) !== "server certificate_request") return unit.wire;
    const rest = unit.body.subarray(1 + (unit.body[0] as number));
    return record(22, message(13, concat(Uint8Array.of(types.length, ...types), rest)));
  });
  expect(sent.find(({ name }) => name === "certificate")?.body).toEqual(new Uint8Array(3));
  expect(sent.map(({ name }) => name)).not.toContain("certificate_verify");
  expect(outcome.established).toEqual([]);
});
