/** status_request (RFC 6066 §8) and signed_certificate_timestamp (RFC 6962 §3.3.1), sent and read. */
import { memoryPair } from "@handclasp/testing";
import { describe, expect, it, test, vi } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { concat, fromHex } from "../../src/bytes/bytes.ts";
import { type AcceptOptions, accept, serverHandshakeConfig } from "../../src/connection/accept.ts";
import { type ConnectOptions, connect } from "../../src/connection/connect.ts";
import type { TlsConnection } from "../../src/connection/connection.ts";
import { TlsError } from "../../src/errors.ts";
import { TLS_PSK_WITH_AES_128_GCM_SHA256 } from "../../src/handshake/suites.ts";
import { maxOcspResponse, ocspResponseTimeout } from "../../src/limits.ts";
import { ocsp } from "../../src/ocsp.ts";
import type { Credential } from "../../src/x509/credential.ts";
import { virtualTime } from "../virtualTime.ts";
import { type Authority, ca, extKeyUsage, now, pinOf, server, serverAuth } from "../x509/make.ts";
import { ocspResponse, type Single, single, statuses, tlsFeature } from "../x509/makeOcsp.ts";
import { handshakeThrough, message, record, type Unit } from "./mitm.ts";

virtualTime();

const root = ca("Root");
const leaf = server(root);
const other = server(root);
const mustStaple = server(root, { extensions: [extKeyUsage(serverAuth), tlsFeature()] });
const response = (fields: Partial<Single> = {}): Uint8Array =>
  ocspResponse({ responses: [single({ of: leaf, by: root, ...fields })], signedBy: root });
const good = response();
const revoked = response({ status: statuses.revoked });
const timestamps = fromHex("000700020102000103");

const credentialOf = ({ der, key }: Authority, more: Partial<Credential> = {}): Credential =>
  nodeCredential({ cert: der, key: key.privateKey, ...more });
const clientDefaults: ConnectOptions = {
  ca: root.der,
  serverName: "www.example.com",
  provider: nodeCrypto,
  now: () => now,
};

interface Ends {
  client: TlsConnection | TlsError;
  server: TlsConnection | TlsError;
  /** The names of the messages that the server sent. */
  sent: string[];
  /** The extensions of the server's hello. */
  answered: readonly number[];
}
async function ends(credential: Credential, options: Partial<ConnectOptions> = {}, more: Partial<AcceptOptions> = {}) {
  const { a, b } = memoryPair();
  const sent: string[] = [];
  let answered: readonly number[] = [];
  const typed = (error: unknown): TlsError => {
    if (TlsError.is(error)) return error;
    throw error;
  };
  const trace: AcceptOptions["trace"] = (event) => {
    if (event.type !== "handshake" || event.direction !== "sent") return;
    sent.push(event.name);
    if (event.name === "server_hello")
      answered = (event.body as { extensions: { type: number }[] }).extensions.map(({ type }) => type);
  };
  const accepting = accept(b, { provider: nodeCrypto, credentials: [credential], trace, ...more }).catch(typed);
  const client = await connect(a, { ...clientDefaults, ...options }).catch(typed);
  return { client, server: await accepting, sent, answered } satisfies Ends;
}
const sessionOf = (end: TlsConnection | TlsError) => {
  if (TlsError.is(end)) throw end;
  return end.session;
};

describe("an OCSP response", () => {
  it("follows Certificate if the client requests it and the server has one", async () => {
    const { client, server, sent, answered } = await ends(credentialOf(leaf, { ocspResponse: good }), {
      ocsp: ocsp.check,
    });
    expect(sessionOf(client)).toMatchObject({ ocspResponse: good, ocspStatus: "good" });
    expect(answered).toContain(5);
    expect(sessionOf(server)).not.toHaveProperty("ocspResponse");
    expect(sent.slice(0, 4)).toEqual(["server_hello", "certificate", "certificate_status", "server_key_exchange"]);
  });

  it("is not sent if the client does not request it, or the server has none", async () => {
    const quiet = await ends(credentialOf(leaf, { ocspResponse: good }));
    expect(sessionOf(quiet.client).ocspResponse).toBeUndefined();
    expect(quiet.sent).not.toContain("certificate_status");
    const none = await ends(credentialOf(leaf), { ocsp: ocsp.check });
    expect(sessionOf(none.client).ocspStatus).toBeUndefined();
    expect(none.sent).not.toContain("certificate_status");
  });

  it("is given to the application unchecked with ocsp.request", async () => {
    const { client } = await ends(credentialOf(leaf, { ocspResponse: revoked }), { ocsp: ocsp.request });
    expect(sessionOf(client)).toMatchObject({ ocspResponse: revoked });
    expect(sessionOf(client).ocspStatus).toBeUndefined();
    // The same holds with insecure.
    const { client: loose } = await ends(credentialOf(leaf, { ocspResponse: revoked }), {
      ca: undefined,
      insecure: true,
      ocsp: ocsp.request,
    });
    expect(sessionOf(loose)).toMatchObject({ ocspResponse: revoked });
  });

  test.each([
    ["revoked", credentialOf(leaf, { ocspResponse: revoked }), "revoked", "certificate_revoked"],
    ["expired", credentialOf(leaf, { ocspResponse: response({ nextUpdate: -1000 }) }), "ocsp_expired", undefined],
    ["missing, but required", credentialOf(leaf), "ocsp_missing", undefined],
    ["missing, with a must-staple certificate", credentialOf(mustStaple), "ocsp_missing", undefined],
    [
      "about another certificate",
      credentialOf(leaf, { ocspResponse: () => response({ of: other }) }),
      "ocsp_unknown",
      undefined,
    ],
    ["not an OCSP response", credentialOf(leaf, { ocspResponse: () => Uint8Array.of(1) }), "ocsp_malformed", undefined],
  ] as const)("%s: the client refuses the handshake with an alert", async (what, credential, code, revokedAlert) => {
    const alert = revokedAlert ?? "bad_certificate_status_response";
    const policy = what === "missing, with a must-staple certificate" ? ocsp.check : ocsp.require;
    const { client, server } = await ends(credential, { ocsp: policy });
    expect(client).toMatchObject({ code, alert, by: "us" });
    expect(server).toMatchObject({ code: alert, alert, by: "peer" });
  });

  it("is not expected with a pre-shared key suite, which has no certificate", async () => {
    const key = new Uint8Array(32).fill(7);
    const psk = { identity: "a", key };
    const suites = [TLS_PSK_WITH_AES_128_GCM_SHA256];
    const { client } = await ends(
      credentialOf(leaf, { ocspResponse: good }),
      { suites, psk, ocsp: ocsp.check },
      { suites, psk: { lookup: () => key } },
    );
    expect(sessionOf(client).ocspResponse).toBeUndefined();
  });

  it("is not checked with `ocsp.check` if the client pins the server's key; `ocsp.require` refuses it", async () => {
    const pins = { ca: undefined, pins: [pinOf(leaf.key)] };
    const credential = credentialOf(leaf, { ocspResponse: revoked });
    expect(sessionOf((await ends(credential, { ...pins, ocsp: ocsp.check })).client).ocspStatus).toBeUndefined();
    expect((await ends(credential, { ...pins, ocsp: ocsp.require })).client).toMatchObject({ code: "ocsp_issuer" });
  });
});

describe("a function that returns the OCSP response", () => {
  const handshakeWith = (ocspResponse: Credential["ocspResponse"]) =>
    ends(credentialOf(leaf, { ocspResponse }), { ocsp: ocsp.check });

  it("is called for each client that requests one, and may be asynchronous", async () => {
    const source = vi.fn(async () => good);
    const credential = credentialOf(leaf, { ocspResponse: source });
    for (let i = 1; i <= 2; i++) {
      expect(sessionOf((await ends(credential, { ocsp: ocsp.require })).client)).toMatchObject({ ocspStatus: "good" });
      expect(source).toHaveBeenCalledTimes(i);
    }
    await ends(credential);
    expect(source).toHaveBeenCalledTimes(2);
  });

  test.each<readonly [string, Credential["ocspResponse"]]>([
    [
      "throws",
      () => {
        throw new Error("no");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no"))],
    ["returns undefined", () => undefined],
    ["returns a promise of undefined", async () => undefined],
    ["returns an empty array", () => new Uint8Array(0)],
    ["returns too many bytes", () => new Uint8Array(maxOcspResponse + 1)],
    ["returns a string", (() => "response") as never],
  ])("%s: the handshake continues without a response", async (_, source) => {
    const { client, answered } = await handshakeWith(source);
    expect(sessionOf(client).ocspResponse).toBeUndefined();
    expect(answered).not.toContain(5);
  });

  it("never answers: after the timeout, the handshake continues without a response", async () => {
    const start = performance.now();
    const session = sessionOf((await handshakeWith(() => new Promise(() => {}))).client);
    expect(session.ocspResponse).toBeUndefined();
    expect(performance.now() - start).toBeGreaterThan(ocspResponseTimeout - 50);
  });
});

describe("a configuration error is thrown for", () => {
  const configurationErrorOf = (options: Partial<ConnectOptions>) =>
    connect(() => memoryPair().a, { ...clientDefaults, ...options }).catch((error: unknown) => error);

  test.each([
    ["check with insecure", { ca: undefined, insecure: true, ocsp: ocsp.check }],
    ["require with insecure", { ca: undefined, insecure: true, ocsp: ocsp.require }],
    ["check with a trust function", { ca: undefined, trust: () => true, ocsp: ocsp.check }],
    ["a string in place of a policy", { ocsp: "require" as never }],
    [
      "require with a pre-shared key",
      {
        suites: [TLS_PSK_WITH_AES_128_GCM_SHA256],
        psk: { identity: "a", key: new Uint8Array(32) },
        ocsp: ocsp.require,
      },
    ],
  ] as const)("%s", async (_, options) => {
    expect(await configurationErrorOf(options)).toMatchObject({
      fault: "configuration",
      message: expect.stringMatching(/ocsp/),
    });
  });

  test.each([
    ["a response that cannot be read", { ocspResponse: Uint8Array.of(1) }, /cannot be read/],
    ["a response about another certificate", { ocspResponse: response({ of: other }) }, /not about the certificate/],
    ["a response that is too long for any peer", { ocspResponse: new Uint8Array(maxOcspResponse + 1) }, /bytes/],
    [
      "timestamps that cannot be read",
      { signedCertificateTimestamps: Uint8Array.of(0, 0) },
      /signed_certificate_timestamp/,
    ],
  ])("%s", (_, more, reason) => {
    expect(() => serverHandshakeConfig({ provider: nodeCrypto, credentials: [credentialOf(leaf, more)] })).toThrow(
      reason,
    );
  });
});

describe("CertificateStatus on the wire", () => {
  const pki = {
    ca: "",
    server: credentialOf(leaf, { ocspResponse: good }),
    rsa: credentialOf(leaf),
    client: credentialOf(leaf),
  };
  const client = { ...clientDefaults, ocsp: ocsp.request };
  const none = { clientAuth: "none", ca: undefined } as const;
  const is = (unit: Unit, name: string): boolean => unit.from === "server" && unit.name === name;
  const via = (middle: (unit: Unit) => Uint8Array, options: Partial<ConnectOptions> = client) =>
    handshakeThrough(pki, middle, {
      client: { credentials: undefined, ...clientDefaults, ...options } as ConnectOptions,
      server: none,
    });

  it("may be missing even though the server's hello has status_request", async () => {
    const { client: error, server } = await via((unit) =>
      is(unit, "certificate_status") ? new Uint8Array(0) : unit.wire,
    );
    // The client continued. The handshake fails only because the transcripts differ, and with them the keys.
    expect(server).toMatchObject({ code: "bad_record_mac", by: "us" });
    expect(error).toMatchObject({ code: "bad_record_mac", by: "peer" });
  });

  it("is unexpected if the client did not request it", async () => {
    const { client: error } = await via(
      (unit) =>
        is(unit, "server_key_exchange") ? concat(record(22, message(22, fromHex("0100000101"))), unit.wire) : unit.wire,
      {},
    );
    expect(error).toMatchObject({ code: "unexpected_message", alert: "unexpected_message", by: "us" });
  });

  it("is accepted only once, and only after Certificate", async () => {
    const twice = await via((unit) => (is(unit, "certificate_status") ? concat(unit.wire, unit.wire) : unit.wire));
    expect(twice.client).toMatchObject({ code: "unexpected_message", by: "us" });
    let certificate: Uint8Array = new Uint8Array(0);
    const before = await via((unit) => {
      if (is(unit, "certificate")) {
        certificate = unit.wire;
        return new Uint8Array(0);
      }
      return is(unit, "certificate_status") ? concat(unit.wire, certificate) : unit.wire;
    });
    expect(before.client).toMatchObject({ code: "unexpected_message", by: "us" });
  });

  test.each([
    ["empty", "01000000"],
    ["of another type", "0200000101"],
    ["with trailing bytes", "010000010100"],
    ["truncated", "0100000201"],
    ["without a length", "01"],
  ])("%s is decode_error", async (_, body) => {
    const { client: error } = await via((unit) =>
      is(unit, "certificate_status") ? record(22, message(22, fromHex(body))) : unit.wire,
    );
    expect(error).toMatchObject({ alert: "decode_error", by: "us" });
  });
});

describe("status_request and signed_certificate_timestamp in a hello", () => {
  /** Replaces the data of the extension `type` in the hello of one side, or adds the extension. */
  const withExtension = (from: "client" | "server", type: number, data: string) => (unit: Unit) => {
    if (unit.from !== from || !unit.name.endsWith("_hello")) return unit.wire;
    const { body } = unit;
    const skip = (at: number, width: number): number => {
      let length = 0;
      for (let i = 0; i < width; i++) length = length * 256 + body[at + i]!;
      return at + width + length;
    };
    const session = skip(34, 1);
    const start = from === "client" ? skip(skip(session, 2), 1) : session + 3;
    const extensions: Uint8Array[] = [];
    for (let at = start + 2; at < body.length; ) {
      const end = skip(at + 2, 2);
      if (body[at]! * 256 + body[at + 1]! !== type) extensions.push(body.slice(at, end));
      at = end;
    }
    const value = fromHex(data);
    extensions.push(concat(Uint8Array.of(0, type, 0, value.length), value));
    const all = concat(...extensions);
    return record(
      22,
      message(
        from === "client" ? 1 : 2,
        concat(body.slice(0, start), Uint8Array.of(all.length >> 8, all.length & 255), all),
      ),
    );
  };
  const credential = credentialOf(leaf, { ocspResponse: good, signedCertificateTimestamps: timestamps });
  const pki = { ca: "", server: credential, rsa: credential, client: credential };
  const via = (from: "client" | "server", type: number, data: string, options: Partial<ConnectOptions> = {}) =>
    handshakeThrough(pki, withExtension(from, type, data), {
      client: { ...clientDefaults, credentials: undefined, ...options } as ConnectOptions,
      server: { clientAuth: "none", ca: undefined },
    });

  test.each([
    [5, ""],
    [5, "01"],
    [5, "010000"],
    [5, "0100020000" + "0000"],
    [5, "010000000000"],
    [18, "00"],
  ])("a server refuses extension %i with the malformed content 0x%s", async (type, data) => {
    expect((await via("client", type, data)).server).toMatchObject({ alert: "decode_error", by: "us" });
  });

  it("a server ignores another type of status", async () => {
    const { server } = await via("client", 5, "02ffff");
    // The server accepted the hello. The handshake fails only because the keys differ.
    expect(server).toMatchObject({ code: "bad_record_mac" });
  });

  test.each([
    [5, "00", { ocsp: ocsp.request }],
    [18, "", { signedCertificateTimestamps: true }],
    [18, "0000", { signedCertificateTimestamps: true }],
    [18, "00020000", { signedCertificateTimestamps: true }],
    [18, "0003000101ff", { signedCertificateTimestamps: true }],
  ])("a client refuses extension %i with the malformed answer 0x%s", async (type, data, options) => {
    expect((await via("server", type, data, options)).client).toMatchObject({ alert: "decode_error", by: "us" });
  });

  test.each([
    [5, ""],
    [18, "00030001ff"],
  ])("an answer to extension %i, which was not offered, is unsupported_extension", async (type, data) => {
    expect((await via("server", type, data)).client).toMatchObject({ alert: "unsupported_extension", by: "us" });
  });
});

describe("signed certificate timestamps", () => {
  const credential = credentialOf(leaf, { signedCertificateTimestamps: timestamps });
  it("are sent unchanged to a client that requests them", async () => {
    const { client } = await ends(credential, { signedCertificateTimestamps: true });
    expect(sessionOf(client).signedCertificateTimestamps).toEqual(timestamps);
  });
  it("are not sent to a client that does not request them, or if the server has none", async () => {
    expect(sessionOf((await ends(credential)).client).signedCertificateTimestamps).toBeUndefined();
    const without = (await ends(credentialOf(leaf), { signedCertificateTimestamps: true })).client;
    expect(sessionOf(without).signedCertificateTimestamps).toBeUndefined();
  });
});
