import { describe as describeBody, names } from "@handclasp/core/describe";
import { describe, expect, test } from "vitest";
import { fromHex } from "../src/bytes/bytes.ts";

const extension = (type: number, data: string): { type: number; data: Uint8Array } => ({ type, data: fromHex(data) });

describe("describe", () => {
  test("names the numbers of a ClientHello by the registry of their field, and shows unknown ones only in hex", () => {
    expect(
      describeBody({
        clientVersion: 0x0303,
        cipherSuites: [0xc02b, 0x00ff, 0x5600, 0xdada, 0xdafa],
        compressionMethods: [0],
      }),
    ).toEqual({
      clientVersion: "TLS 1.2 (0x0303)",
      cipherSuites: [
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 (0xc02b)",
        "TLS_EMPTY_RENEGOTIATION_INFO_SCSV (0x00ff)",
        "TLS_FALLBACK_SCSV (0x5600)",
        "GREASE (0xdada)",
        "0xdafa",
      ],
      compressionMethods: ["null (0x00)"],
    });
  });

  test("describes nested structs, and does not change a field without a registry", () => {
    const random = new Uint8Array(32);
    expect(
      describeBody({
        random,
        lifetimeHint: 7200,
        params: { curveType: 3, namedCurve: 29 },
        signed: { scheme: 0x0804 },
      }),
    ).toEqual({
      random,
      lifetimeHint: 7200,
      params: { curveType: "named_curve (0x03)", namedCurve: "x25519 (0x001d)" },
      signed: { scheme: "rsa_pss_rsae_sha256 (0x0804)" },
    });
  });

  test("shows extensions by name, with lists and texts decoded", () => {
    const extensions = [
      extension(0, "000e00000b6578616d706c652e6f7267"),
      extension(1, "02"),
      extension(5, "0100000000"),
      extension(10, "0004001d4a4a"),
      extension(11, "0100"),
      extension(13, "00020403"),
      extension(16, "000c02683208687474702f312e31"),
      extension(21, "000000"),
      extension(22, ""),
      extension(28, "4000"),
      extension(0xff01, "00"),
      extension(0x3a3a, ""),
    ];
    expect(describeBody({ extensions })).toEqual({
      extensions: {
        "server_name (0x0000)": ["example.org"],
        "max_fragment_length (0x0001)": 1024,
        "status_request (0x0005)": {
          statusType: "ocsp (0x01)",
          responderIds: [],
          requestExtensions: new Uint8Array(0),
        },
        "supported_groups (0x000a)": ["x25519 (0x001d)", "GREASE (0x4a4a)"],
        "ec_point_formats (0x000b)": ["uncompressed (0x00)"],
        "signature_algorithms (0x000d)": ["ecdsa_secp256r1_sha256 (0x0403)"],
        "application_layer_protocol_negotiation (0x0010)": ["h2", "http/1.1"],
        "padding (0x0015)": "3 bytes",
        "encrypt_then_mac (0x0016)": new Uint8Array(0),
        "record_size_limit (0x001c)": 16_384,
        "renegotiation_info (0xff01)": fromHex("00"),
        "GREASE (0x3a3a)": new Uint8Array(0),
      },
    });
  });

  test.each([
    ["a list that is longer than the data", extension(10, "0006001d0017"), "supported_groups (0x000a)"],
    ["half a number", extension(13, "0003040305"), "signature_algorithms (0x000d)"],
    ["bytes after the list", extension(16, "0003026832ff"), "application_layer_protocol_negotiation (0x0010)"],
    ["a length of more than a byte", extension(1, "0100"), "max_fragment_length (0x0001)"],
    ["the empty extension of a server", extension(0, ""), "server_name (0x0000)"],
  ])("does not decode %s", (_, malformed, name) => {
    expect(describeBody({ extensions: [malformed] })).toEqual({ extensions: { [name]: malformed.data } });
  });

  test("keeps `null` in place of the extensions if a hello has none", () => {
    expect(describeBody({ extensions: null })).toEqual({ extensions: null });
  });
});

test("`names` has the names of alerts", () => {
  expect(names.alerts.get(48)).toBe("unknown_ca");
});
