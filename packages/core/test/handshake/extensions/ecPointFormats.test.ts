import { dheSuites, ffdhe2048, keepSessions, modernSuites, secp256r1 } from "@handclasp/core";
import { testCa } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { nodeCredential } from "../../../../node/src/crypto/credential.ts";
import type { ClientHello } from "../../../src/wire/messages.ts";
import { connectPair, extension, withExtension } from "./connectPair.ts";

const id = 11;
const compressedOnly = Uint8Array.of(1, 2);

describe("ec_point_formats", () => {
  const refusal = { alert: "illegal_parameter", code: "no_uncompressed_points", by: "us" };
  test("a server refuses a list without the uncompressed format (RFC 8422 §5.1.2)", async () => {
    const { server } = await connectPair({}, {}, { client: (hello) => withExtension(hello, id, compressedOnly) });
    expect(server).toMatchObject(refusal);
  });
  test("a client refuses a list without the uncompressed format", async () => {
    const { client } = await connectPair({}, {}, { server: (hello) => withExtension(hello, id, compressedOnly) });
    expect(client).toMatchObject(refusal);
  });

  const uncompressed = Uint8Array.of(1, 0);
  test("is answered with the uncompressed format if an ECC suite is chosen (RFC 8422 §5.2)", async () => {
    const { hellos, client, server } = await connectPair();
    expect(extension(hellos.client, id)).toEqual(uncompressed);
    expect(extension(hellos.server, id)).toEqual(uncompressed);
    expect([client.suite, server.suite]).toEqual(Array(2).fill("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"));
  });
  test("is not sent to a client that did not send it", async () => {
    const without = {
      client: (hello: ClientHello) => ({ ...hello, extensions: hello.extensions?.filter(({ type }) => type !== id) }),
    };
    expect(extension((await connectPair({}, {}, without)).hellos.server, id)).toBeUndefined();
  });
  test("is not answered if the suite is not an ECC suite", async () => {
    const ca = await testCa();
    const dhe = {
      suites: dheSuites,
      groups: [ffdhe2048],
      credentials: [nodeCredential(await ca.issue({ algorithm: "rsa-2048" }))],
    };
    const { hellos, server } = await connectPair(
      { ca: ca.pem, suites: [...modernSuites, ...dheSuites], groups: [secp256r1, ffdhe2048] },
      dhe,
    );
    expect(extension(hellos.client, id)).toEqual(uncompressed);
    expect([server.suite, extension(hellos.server, id)]).toEqual(["TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", undefined]);
  });
  test("is answered when a session with an ECC suite is resumed", async () => {
    const sessions = keepSessions();
    const end = { ticketKeys: [new Uint8Array(48).fill(1)] };
    await connectPair({ sessions }, end);
    const { hellos, client } = await connectPair({ sessions }, end);
    expect([client.resumed, extension(hellos.server, id)]).toEqual([true, uncompressed]);
  });
});
