import { modernSuites, noble, type TlsError } from "@handclasp/core";
import { describe, expect, test } from "vitest";
import { noAgreement } from "../../src/handshake/agreement.ts";
import type { ClientConfig, ServerConfig } from "../../src/handshake/config.ts";
import { ecPointFormatsClient, ecPointFormatsServer } from "../../src/handshake/extensions/ecPointFormats.ts";
import { noOffer } from "../../src/handshake/extensions/extension.ts";

/** What an extension looks at of a configuration. */
const config = { provider: noble, suites: modernSuites } as unknown as ClientConfig & ServerConfig;

const refusal = (expected: Partial<TlsError>) => expect.objectContaining(expected);

describe("ec_point_formats", () => {
  const uncompressed = Uint8Array.of(2, 1, 0);
  const compressedOnly = Uint8Array.of(2, 1, 2);
  test("with uncompressed among them are taken, without it refused, of either side (RFC 8422 §5.1.2)", () => {
    const wrong = refusal({ alert: "illegal_parameter", code: "no_uncompressed_points" });
    ecPointFormatsServer.read(uncompressed, noOffer(), config);
    expect(() => ecPointFormatsServer.read(compressedOnly, noOffer(), config)).toThrow(wrong);
    ecPointFormatsClient.accept?.(uncompressed, noAgreement(), config);
    expect(() => ecPointFormatsClient.accept?.(compressedOnly, noAgreement(), config)).toThrow(wrong);
  });
});
