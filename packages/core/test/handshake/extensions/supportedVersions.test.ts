import { describe, expect, test } from "vitest";
import { connectPair, extension, withExtension } from "./connectPair.ts";

const id = 43;
const [tls13, tls12, tls11] = [
  [3, 4],
  [3, 3],
  [3, 2],
] as const;
const versionList = (...versions: readonly (readonly number[])[]) =>
  Uint8Array.from([2 * versions.length, ...versions.flat()]);

describe("supported_versions", () => {
  test.each([
    ["only TLS 1.3", [tls13], 0x0303],
    ["only TLS 1.1 (whatever client_version says)", [tls11], 0x0303],
    ["only GREASE", [[0x1a, 0x1a]], 0x0303],
  ] as const)("with %s is refused with protocol_version", async (_, versions, clientVersion) => {
    const { server } = await connectPair(
      {},
      {},
      { client: (hello) => ({ ...withExtension(hello, id, versionList(...versions)), clientVersion }) },
    );
    expect(server).toMatchObject({ alert: "protocol_version", by: "us" });
  });

  test.each([
    ["TLS 1.2 and another version", [tls13, tls12], 0x0303],
    ["TLS 1.2 (whatever client_version says, RFC 8446 §4.2.1)", [tls12], 0x0302],
  ] as const)("with %s negotiates TLS 1.2, and is not answered", async (_, versions, clientVersion) => {
    const { server, hellos } = await connectPair(
      {},
      {},
      { client: (hello) => ({ ...withExtension(hello, id, versionList(...versions)), clientVersion }) },
    );
    // The test changed the ClientHello on its way, so the two sides have different transcripts and derive different
    // keys.
    expect(server).toMatchObject({ alert: "bad_record_mac", by: "us" });
    expect(hellos.server?.serverVersion).toBe(0x0303);
    expect(extension(hellos.server, id)).toBeUndefined();
  });

  test("without the extension, client_version decides", async () => {
    const { server } = await connectPair({}, {}, { client: (hello) => ({ ...hello, clientVersion: 0x0302 }) });
    expect(server).toMatchObject({ alert: "protocol_version", by: "us", message: expect.stringContaining("0x0302") });
  });

  test.each([
    ["no version", Uint8Array.of(0)],
    ["half a version", Uint8Array.of(3, 3, 3, 4)],
  ])("with %s is a decode_error", async (_, data) => {
    const { server } = await connectPair({}, {}, { client: (hello) => withExtension(hello, id, data) });
    expect(server).toMatchObject({ alert: "decode_error", by: "us" });
  });
});
