import {
  legacySuites,
  modernSuites,
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
} from "@handclasp/core";
import { describe, expect, test } from "vitest";
import { connectPair, extension, withExtension } from "./connectPair.ts";

const id = 22;
const empty = new Uint8Array(0);
const gcm = [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256];
const cbc = [TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256];

describe("encrypt_then_mac", () => {
  test("is negotiated with a CBC suite", async () => {
    const { client, server, hellos } = await connectPair({ suites: cbc }, { suites: cbc });
    expect(client).toMatchObject({ encryptThenMac: true });
    expect(server).toMatchObject({ encryptThenMac: true });
    expect([extension(hellos.client, id), extension(hellos.server, id)]).toEqual([empty, empty]);
  });

  test("is offered if a CBC suite is offered, and not answered if an AEAD suite is chosen (RFC 7366 §3)", async () => {
    const { client, server, hellos } = await connectPair({ suites: legacySuites }, { suites: legacySuites });
    expect(client).toMatchObject({ suite: gcm[0]?.name, encryptThenMac: false });
    expect(server).toMatchObject({ encryptThenMac: false });
    expect([extension(hellos.client, id), extension(hellos.server, id)]).toEqual([empty, undefined]);
  });

  test("is not offered without a CBC suite", async () => {
    expect(extension((await connectPair({ suites: modernSuites })).hellos.client, id)).toBeUndefined();
  });

  test("is not sent to a client that did not offer it", async () => {
    const without = await connectPair(
      { suites: cbc },
      { suites: cbc },
      { client: (hello) => ({ ...hello, extensions: hello.extensions?.filter(({ type }) => type !== id) }) },
    );
    expect(extension(without.hellos.server, id)).toBeUndefined();
  });

  test("an answer with an AEAD suite is illegal_parameter", async () => {
    const { client, server } = await connectPair(
      { suites: legacySuites },
      { suites: gcm },
      { server: (hello) => withExtension(hello, id, empty) },
    );
    expect(client).toMatchObject({ alert: "illegal_parameter", by: "us" });
    expect(server).toMatchObject({ alert: "illegal_parameter", by: "peer" });
  });

  test.each(["client", "server"] as const)("with content in the %s's hello is decode_error", async (from) => {
    const result = await connectPair(
      { suites: cbc },
      { suites: cbc },
      { [from]: (hello: never) => withExtension(hello, id, Uint8Array.of(0)) },
    );
    expect(result[from === "client" ? "server" : "client"]).toMatchObject({ alert: "decode_error", by: "us" });
  });

  test("if the answer is lost, the server cannot decrypt the client's first record", async () => {
    const { client, server } = await connectPair(
      { suites: cbc },
      { suites: cbc },
      {
        server: (hello) => ({ ...hello, extensions: hello.extensions?.filter(({ type }) => type !== id) }),
      },
    );
    expect(server).toMatchObject({ alert: "bad_record_mac", by: "us" });
    expect(client).toMatchObject({ alert: "bad_record_mac", by: "peer" });
  });
});
