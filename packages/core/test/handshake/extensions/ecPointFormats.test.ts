import { describe, expect, test } from "vitest";
import { meet, withExtension } from "./meet.ts";

const id = 11;
const compressedOnly = Uint8Array.of(1, 2);

describe("ec_point_formats", () => {
  const refusal = { alert: "illegal_parameter", code: "no_uncompressed_points", by: "us" };
  test("without uncompressed among them is refused by a server (RFC 8422 §5.1.2)", async () => {
    const { server } = await meet({}, {}, { client: (hello) => withExtension(hello, id, compressedOnly) });
    expect(server).toMatchObject(refusal);
  });
  test("and by a client", async () => {
    const { client } = await meet({}, {}, { server: (hello) => withExtension(hello, id, compressedOnly) });
    expect(client).toMatchObject(refusal);
  });
});
