import {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 as aes128,
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 as aes256,
  type CipherSuite,
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 as chacha,
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 as rsa,
} from "@handclasp/core";
import { serverHandshakeConfig } from "@handclasp/core/unstable/engine";

import { describe, expect, test } from "vitest";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { connectPair, pki } from "./extensions/connectPair.ts";

describe("suites of equal preference", () => {
  const suites = [rsa, aes256, aes128, chacha];
  test.each<[string, readonly CipherSuite[], readonly (readonly CipherSuite[])[], CipherSuite]>([
    ["without equalSuites, the server's order decides", [chacha, aes128], [], aes128],
    ["among equal suites, the client's order decides", [chacha, aes128], [[aes128, chacha]], chacha],
    ["among equal suites in the other order, the client's order decides", [aes128, chacha], [[aes128, chacha]], aes128],
    ["a suite before the equal ones is preferred", [chacha, aes128, aes256], [[aes128, chacha]], aes256],
    ["equal suites have the rank of the first of them", [chacha, aes128, aes256], [[aes256, chacha]], chacha],
    ["a suite for which the server has no certificate is skipped", [rsa, chacha, aes128], [[rsa, chacha]], chacha],
  ])("%s", async (_, offered, equalSuites, wanted) => {
    const { client, server } = await connectPair({ suites: offered }, { suites, equalSuites });
    expect([client.suite, server.suite]).toEqual([wanted.name, wanted.name]);
  });
  test.each([
    ["a suite that is not configured", [[aes128, chacha]], /not in suites|not one of the suites/],
    ["a suite in two groups", [[aes128, aes256], [aes128]], /twice/],
  ])("%s is a configuration error", (_, equalSuites, message) => {
    const options = { provider: nodeCrypto, credentials: [pki.server], suites: [aes128, aes256], equalSuites };
    expect(() => serverHandshakeConfig(options)).toThrow(expect.objectContaining({ code: "configuration" }));
    expect(() => serverHandshakeConfig(options)).toThrow(message);
  });
});
