import { TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA } from "@handclasp/core";
import { serverHandshakeConfig } from "@handclasp/core/unstable/engine";
import { expect, test } from "vitest";
import { connectPair, extension } from "./connectPair.ts";

const suites = [TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA];

test("a textbook server ignores extended_master_secret and encrypt_then_mac, which the client offers", async () => {
  const { client, server, hellos } = await connectPair({ suites }, { suites, textbook: true });
  expect(client).toMatchObject({ extendedMasterSecret: false, encryptThenMac: false });
  expect(server).toMatchObject({ extendedMasterSecret: false, encryptThenMac: false });
  for (const id of [22, 23])
    expect([extension(hellos.client, id), extension(hellos.server, id)]).toEqual([new Uint8Array(0), undefined]);
});

test("a client that requires extended_master_secret refuses a textbook server", async () => {
  const result = await connectPair({ suites, requireExtendedMasterSecret: true }, { suites, textbook: true });
  expect(result.client).toMatchObject({ code: "no_extended_master_secret", by: "us" });
});

test("textbook and requireExtendedMasterSecret contradict each other", () => {
  expect(() => serverHandshakeConfig({ textbook: true, requireExtendedMasterSecret: true })).toThrow(
    "textbook with requireExtendedMasterSecret",
  );
});
