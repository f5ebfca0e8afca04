import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import {
  accept,
  type CipherSuite,
  type Credential,
  connect,
  ecdsa_secp256r1_sha256,
  noble,
  type Random,
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
} from "@handclasp/core";
import { fromHex, parsePemCertificates, readCredential, toHex } from "@handclasp/core/unstable";

import { memoryPair } from "@handclasp/testing";
import { p256 } from "@noble/curves/nist.js";
import { describe, expect, test } from "vitest";
import { parseRecords } from "./mitm.ts";

// These certificates were made with openssl for this file; no trust store contains them.
const ca = `-----BEGIN CERTIFICATE-----
MIIBkDCCATWgAwIBAgIUT26XXSJvRV6d20eg0YDQ0TlXfRIwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJR29sZGVuIENBMCAXDTI2MTEyMzEyMTMzMloYDzIxMjYxMDMw
MTIxMzMyWjAUMRIwEAYDVQQDDAlHb2xkZW4gQ0EwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQa24ysAvReGaHFyNO31oO2YeoaiCbb5l+bztoBkgVfpzIAZpPvsopz
F3kSx/KK55PVgAaS15Cy7REeDwBoJEW0o2MwYTAdBgNVHQ4EFgQUssh+xhZMUfAI
SzzhNFCBW3V/FV8wHwYDVR0jBBgwFoAUssh+xhZMUfAISzzhNFCBW3V/FV8wDwYD
VR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAgQwCgYIKoZIzj0EAwIDSQAwRgIh
ANGfz3tlB7zdQq/cZtnZDEfBH6Q3R9Qg4gce1YpkCYrzAiEA+c0b14pPgnk4PdTw
Fcx996QG4U6g2z7GAslV/MGKbBE=
-----END CERTIFICATE-----`;
const cert = `-----BEGIN CERTIFICATE-----
MIIBxDCCAWmgAwIBAgIUIQEipmW7udE+6s0psLX6ye14xQ8wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJR29sZGVuIENBMCAXDTI2MTEyMzEyMTMzM1oYDzIxMjYxMDMw
MTIxMzMzWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQnt50pYt/SIhNZVgb4UbJn+njouIKljIYWnbtYRXGfDTz/o+HMIP7M
9DHe7hNnR+24XdTsR+vbrjHkBXZa9tYjo4GWMIGTMAwGA1UdEwEB/wQCMAAwDgYD
VR0PAQH/BAQDAgeAMB0GA1UdJQQWMBQGCCsGAQUFBwMBBggrBgEFBQcDAjAUBgNV
HREEDTALgglsb2NhbGhvc3QwHQYDVR0OBBYEFALKIzhfXCIfqDW74V8orCEUMXxa
MB8GA1UdIwQYMBaAFLLIfsYWTFHwCEs84TRQgVt1fxVfMAoGCCqGSM49BAMCA0kA
MEYCIQC2izM4h3K6+tXPgDAsoInKCmIesVoadS7Oqu2gE7VUKwIhANDKdPZMaiQQ
5StuiAAYzLoH8ht/nc1tDpLgx6yGy0qI
-----END CERTIFICATE-----`;
const key = fromHex("c792215f88d7c206a52914ca2d69524e23bd499c1f955dbfd926db846a690f37");

/** Signs with ECDSA and RFC 6979's nonce: the signature is the same on every run. */
const credential: Credential = {
  chain: parsePemCertificates(cert),
  schemes: [ecdsa_secp256r1_sha256],
  read: readCredential,
  sign: (_, message) =>
    p256.sign(noble.hashes.sha256.digest(message), key, { prehash: false, lowS: false, format: "der" }),
};

/** A deterministic source of bytes: hashes of `name` and a counter. */
function deterministicRandom(name: string): Random {
  let n = 0;
  return (length) => {
    const out = new Uint8Array(length);
    for (let at = 0; at < length; at += 32) {
      const block = noble.hashes.sha256.digest(new TextEncoder().encode(`${name} ${n++}`));
      out.set(block.subarray(0, length - at), at);
    }
    return out;
  };
}

/** All records of a connection, one on each line: first the client's, then the server's. */
async function transcript(suite: CipherSuite): Promise<string> {
  const lines: Record<"a->b" | "b->a", string[]> = { "a->b": [], "b->a": [] };
  const { a, b } = memoryPair({
    alter(bytes, direction) {
      for (const { header, body } of parseRecords(bytes)) lines[direction].push(`${toHex(header)} ${toHex(body)}`);
      return bytes;
    },
  });
  const common = { provider: noble, suites: [suite], alpn: ["golden"], now: () => Date.UTC(2030, 0, 1) };
  const [client, server] = await Promise.all([
    connect(a, {
      ...common,
      ca,
      serverName: "localhost",
      credentials: credential,
      random: deterministicRandom("client"),
    }),
    accept(b, {
      ...common,
      credentials: [credential],
      clientAuth: "require",
      ca,
      random: deterministicRandom("server"),
    }),
  ]);
  await client.write(new TextEncoder().encode("The first message"));
  await server.read();
  await server.write(new TextEncoder().encode("and the second message."));
  await client.read();
  await Promise.all([client.close(), server.close()]);
  return ["# client to server", ...lines["a->b"], "# server to client", ...lines["b->a"], ""].join("\n");
}

describe("golden transcripts: the bytes do not change (HANDCLASP_UPDATE_GOLDEN=1 rewrites them)", () => {
  test.each([
    TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
  ])("$name", async (suite) => {
    const file = new URL(`golden/${suite.name}.txt`, import.meta.url);
    const actual = await transcript(suite);
    if (process.env.HANDCLASP_UPDATE_GOLDEN === "1") {
      mkdirSync(new URL("golden/", import.meta.url), { recursive: true });
      writeFileSync(file, actual);
    }
    expect(actual.split("\n")).toEqual(readFileSync(file, "utf8").split("\n"));
  });
});
