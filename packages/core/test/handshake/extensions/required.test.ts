/** Extensions that one side may require (RFC 5746 §4.1, RFC 7627 §5.2 and §5.3), and unknown extensions. */
import { type ConnectOptions, grease, keepSessions } from "@handclasp/core";
import { describe, expect, test } from "vitest";
import { encode } from "../../../src/wire/codec.ts";
import { type ClientHello, clientHello, type RawExtension } from "../../../src/wire/messages.ts";
import { connectPair, extension, type HelloRewrites, withExtension } from "./connectPair.ts";

const renegotiationInfo = 0xff01;
const extendedMasterSecret = 23;
const unknown = 0x1234;

const without =
  (id: number) =>
  <T extends { readonly extensions: readonly RawExtension[] | undefined }>(hello: T): T => ({
    ...hello,
    extensions: hello.extensions?.filter(({ type }) => type !== id),
  });
/** The sides saw different hellos and derived different keys, so the first encrypted record cannot be opened. */
const keysDiffer = { alert: "bad_record_mac" };

describe("renegotiation_info", () => {
  test("a client refuses a server without it, and the error has advice", async () => {
    const { client, server } = await connectPair({}, {}, { server: without(renegotiationInfo) });
    expect(client).toMatchObject({
      alert: "handshake_failure",
      code: "unsafe_legacy_renegotiation",
      by: "us",
      advice: expect.stringContaining("requireSecureRenegotiation: false"),
    });
    expect(server).toMatchObject({ alert: "handshake_failure", by: "peer" });
  });

  test("a client accepts a server without it with requireSecureRenegotiation: false", async () => {
    const { client } = await connectPair(
      { requireSecureRenegotiation: false },
      {},
      { server: without(renegotiationInfo) },
    );
    expect(client).toMatchObject(keysDiffer);
  });

  test("a server sends it in answer to the SCSV too, and not to a client that sends neither", async () => {
    const scsv = await connectPair(
      {},
      {},
      {
        client: (hello) => ({
          ...without(renegotiationInfo)(hello),
          cipherSuites: [...hello.cipherSuites, 0x00ff],
        }),
      },
    );
    expect(extension(scsv.hellos.server, renegotiationInfo)).toEqual(Uint8Array.of(0));
    const neither = await connectPair({}, {}, { client: without(renegotiationInfo) });
    expect(extension(neither.hellos.server, renegotiationInfo)).toBeUndefined();
  });

  test.each(["client", "server"] as const)("with content in the %s's hello is handshake_failure", async (from) => {
    const result = await connectPair(
      {},
      {},
      { [from]: (hello: never) => withExtension(hello, renegotiationInfo, Uint8Array.of(1, 7)) },
    );
    const end = result[from === "client" ? "server" : "client"];
    expect(end).toMatchObject({ alert: "handshake_failure", code: "renegotiation_mismatch", by: "us" });
  });
});

describe("extended_master_secret", () => {
  const refused = { alert: "handshake_failure", code: "no_extended_master_secret", by: "us" };
  const requireExtendedMasterSecret = true;

  test("a server without it is refused only if the client requires it", async () => {
    const change = { server: without(extendedMasterSecret) };
    const { client, server } = await connectPair({ requireExtendedMasterSecret }, {}, change);
    expect(client).toMatchObject({ ...refused, advice: expect.any(String) });
    expect(server).toMatchObject({ alert: "handshake_failure", by: "peer" });
    expect((await connectPair({}, {}, change)).server).toMatchObject(keysDiffer);
  });

  test("a client without it is refused only if the server requires it", async () => {
    const change = { client: without(extendedMasterSecret) };
    const { client, server, hellos } = await connectPair({}, { requireExtendedMasterSecret }, change);
    expect(server).toMatchObject(refused);
    expect(client).toMatchObject({ alert: "handshake_failure", by: "peer" });
    expect(hellos.server).toBeUndefined();
    expect((await connectPair({}, {}, change)).hellos.server).toBeDefined();
  });

  test.each(["client", "server"] as const)("with content in the %s's hello is decode_error", async (from) => {
    const result = await connectPair(
      {},
      {},
      { [from]: (hello: never) => withExtension(hello, extendedMasterSecret, Uint8Array.of(0)) },
    );
    expect(result[from === "client" ? "server" : "client"]).toMatchObject({ alert: "decode_error", by: "us" });
  });

  test("is negotiated if both sides require it", async () => {
    const { client, server } = await connectPair({ requireExtendedMasterSecret }, { requireExtendedMasterSecret });
    for (const end of [client, server]) expect(end).toMatchObject({ extendedMasterSecret: true });
  });
});

describe("an unknown extension", () => {
  test("is ignored by a server", async () => {
    const { hellos } = await connectPair(
      {},
      {},
      { client: (hello) => withExtension(hello, unknown, Uint8Array.of(1, 2, 3)) },
    );
    expect(hellos.server).toBeDefined();
    expect(extension(hellos.server, unknown)).toBeUndefined();
  });

  test("is refused by a client, which did not offer it", async () => {
    const { client, server } = await connectPair(
      {},
      {},
      { server: (hello) => withExtension(hello, unknown, new Uint8Array(0)) },
    );
    expect(client).toMatchObject({ alert: "unsupported_extension", code: "unexpected_extension", by: "us" });
    expect(server).toMatchObject({ alert: "unsupported_extension", by: "peer" });
  });
});

test.each(["client", "server"] as const)("an extension twice in the %s's hello is decode_error", async (from) => {
  const twice = <T extends { readonly extensions: readonly RawExtension[] | undefined }>(hello: T): T => ({
    ...hello,
    extensions: [...(hello.extensions ?? []), ...(hello.extensions ?? []).slice(-1)],
  });
  const result = await connectPair({}, {}, { [from]: twice });
  const end = result[from === "client" ? "server" : "client"];
  expect(end).toMatchObject({ alert: "decode_error", code: "duplicate_extension", by: "us" });
});

describe("in a hello that resumes a session", () => {
  /** Runs two handshakes, of which the second offers the ticket of the first. Returns the result of the second. */
  async function again(change: HelloRewrites, client: Partial<ConnectOptions> = {}) {
    const options = { sessions: keepSessions(), ...client };
    const server = { ticketKeys: [new Uint8Array(48).fill(7)] };
    for (const connection of (await connectPair(options, server)).connections) connection?.abort();
    return connectPair(options, server, change);
  }

  test("GREASE and padding work too: the ticket makes the hello long enough for padding", async () => {
    const result = await again({}, { grease });
    for (const end of [result.client, result.server]) expect(end).toMatchObject({ resumed: true });
    const length = 4 + encode(clientHello.body, result.hellos.client as ClientHello).length;
    expect(length).toBe(512);
  });

  test("an unknown extension is ignored by a server, and refused by a client", async () => {
    const offered = await again({ client: (hello) => withExtension(hello, unknown, Uint8Array.of(1)) });
    expect(offered.hellos.server?.sessionId).toHaveLength(32);
    expect(offered.hellos.server?.sessionId).toEqual(offered.hellos.client?.sessionId);
    expect(extension(offered.hellos.server, unknown)).toBeUndefined();
    const answered = await again({ server: (hello) => withExtension(hello, unknown, Uint8Array.of(1)) });
    expect(answered.client).toMatchObject({ alert: "unsupported_extension", by: "us" });
  });

  test("renegotiation_info is required", async () => {
    const { client } = await again({ server: without(renegotiationInfo) });
    expect(client).toMatchObject({ code: "unsafe_legacy_renegotiation", by: "us" });
  });
});
