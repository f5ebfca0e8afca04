/** status_request (RFC 6066 §8) and signed_certificate_timestamp (RFC 6962 §3.3.1): what each side sends, and what it makes of what it gets. */
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
const must = server(root, { extensions: [extKeyUsage(serverAuth), tlsFeature()] });
const response = (fields: Partial<Single> = {}): Uint8Array =>
  ocspResponse({ responses: [single({ of: leaf, by: root, ...fields })], signedBy: root });
const good = response();
const revoked = response({ status: statuses.revoked });
const timestamps = fromHex("000700020102000103");

const own = ({ der, key }: Authority, more: Partial<Credential> = {}): Credential =>
  nodeCredential({ cert: der, key: key.privateKey, ...more });
const asked: ConnectOptions = { ca: root.der, serverName: "www.example.com", provider: nodeCrypto, now: () => now };

interface Ends {
  client: TlsConnection | TlsError;
  server: TlsConnection | TlsError;
  /** Names of the messages that the server sent. */
  sent: string[];
  /** The extensions of its hello. */
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
  const client = await connect(a, { ...asked, ...options }).catch(typed);
  return { client, server: await accepting, sent, answered } satisfies Ends;
}
const sessionOf = (end: TlsConnection | TlsError) => {
  if (TlsError.is(end)) throw end;
  return end.session;
};

describe("an OCSP response", () => {
  it("comes behind Certificate where the client asks and the server has one", async () => {
    const { client, server, sent, answered } = await ends(own(leaf, { ocspResponse: good }), { ocsp: ocsp.check });
    expect(sessionOf(client)).toMatchObject({ ocspResponse: good, ocspStatus: "good" });
    expect(answered).toContain(5);
    expect(sessionOf(server)).not.toHaveProperty("ocspResponse");
    expect(sent.slice(0, 4)).toEqual(["server_hello", "certificate", "certificate_status", "server_key_exchange"]);
  });

  it("does not come where nobody asks, or there is none", async () => {
    const quiet = await ends(own(leaf, { ocspResponse: good }));
    expect(sessionOf(quiet.client).ocspResponse).toBeUndefined();
    expect(quiet.sent).not.toContain("certificate_status");
    const none = await ends(own(leaf), { ocsp: ocsp.check });
    expect(sessionOf(none.client).ocspStatus).toBeUndefined();
    expect(none.sent).not.toContain("certificate_status");
  });

  it("is handed over unchecked by request", async () => {
    const { client } = await ends(own(leaf, { ocspResponse: revoked }), { ocsp: ocsp.request });
    expect(sessionOf(client)).toMatchObject({ ocspResponse: revoked });
    expect(sessionOf(client).ocspStatus).toBeUndefined();
    // With insecure, too.
    const { client: loose } = await ends(own(leaf, { ocspResponse: revoked }), {
      ca: undefined,
      insecure: true,
      ocsp: ocsp.request,
    });
    expect(sessionOf(loose)).toMatchObject({ ocspResponse: revoked });
  });

  test.each([
    ["revoked", own(leaf, { ocspResponse: revoked }), "revoked", "certificate_revoked"],
    ["out of date", own(leaf, { ocspResponse: response({ nextUpdate: -1000 }) }), "ocsp_expired", undefined],
    ["none, where one is required", own(leaf), "ocsp_missing", undefined],
    ["none, of a certificate that must staple", own(must), "ocsp_missing", undefined],
    ["of another certificate", own(leaf, { ocspResponse: () => response({ of: other }) }), "ocsp_unknown", undefined],
    ["no response at all", own(leaf, { ocspResponse: () => Uint8Array.of(1) }), "ocsp_malformed", undefined],
  ] as const)("%s: the client refuses before it sends anything else", async (what, credential, code, revokedAlert) => {
    const alert = revokedAlert ?? "bad_certificate_status_response";
    const policy = what === "none, of a certificate that must staple" ? ocsp.check : ocsp.require;
    const { client, server } = await ends(credential, { ocsp: policy });
    expect(client).toMatchObject({ code, alert, by: "us" });
    // No ClientKeyExchange came before it.
    expect(server).toMatchObject({ code: alert, alert, by: "peer" });
  });

  it("is not asked for with a pre-shared key, which has no certificate", async () => {
    const key = new Uint8Array(32).fill(7);
    const psk = { identity: "a", key };
    const suites = [TLS_PSK_WITH_AES_128_GCM_SHA256];
    const { client } = await ends(
      own(leaf, { ocspResponse: good }),
      { suites, psk, ocsp: ocsp.check },
      { suites, psk: { lookup: () => key } },
    );
    expect(sessionOf(client).ocspResponse).toBeUndefined();
  });

  it("with the server's key pinned, check leaves it unchecked and require refuses", async () => {
    const pins = { ca: undefined, pins: [pinOf(leaf.key)] };
    const credential = own(leaf, { ocspResponse: revoked });
    expect(sessionOf((await ends(credential, { ...pins, ocsp: ocsp.check })).client).ocspStatus).toBeUndefined();
    expect((await ends(credential, { ...pins, ocsp: ocsp.require })).client).toMatchObject({ code: "ocsp_issuer" });
  });
});

describe("a function that has the OCSP response", () => {
  const handshakeWith = (ocspResponse: Credential["ocspResponse"]) =>
    ends(own(leaf, { ocspResponse }), { ocsp: ocsp.check });

  it("is asked for each client, and may be asynchronous", async () => {
    const source = vi.fn(async () => good);
    const credential = own(leaf, { ocspResponse: source });
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
    ["has none", () => undefined],
    ["has none later", async () => undefined],
    ["has nothing", () => new Uint8Array(0)],
    ["has too much", () => new Uint8Array(maxOcspResponse + 1)],
    ["has something else", (() => "response") as never],
  ])("%s: the handshake goes on without", async (_, source) => {
    const { client, answered } = await handshakeWith(source);
    expect(sessionOf(client).ocspResponse).toBeUndefined();
    expect(answered).not.toContain(5);
  });

  it("is slow: the handshake goes on without", async () => {
    const start = performance.now();
    const session = sessionOf((await handshakeWith(() => new Promise(() => {}))).client);
    expect(session.ocspResponse).toBeUndefined();
    expect(performance.now() - start).toBeGreaterThan(ocspResponseTimeout - 50);
  });
});

describe("is a configuration error", () => {
  const configuring = (options: Partial<ConnectOptions>) =>
    connect(() => memoryPair().a, { ...asked, ...options }).catch((error: unknown) => error);

  test.each([
    ["check with insecure", { ca: undefined, insecure: true, ocsp: ocsp.check }],
    ["require with insecure", { ca: undefined, insecure: true, ocsp: ocsp.require }],
    ["check with a trust function", { ca: undefined, trust: () => true, ocsp: ocsp.check }],
    ["a word instead of a row", { ocsp: "require" as never }],
    [
      "require with a pre-shared key",
      {
        suites: [TLS_PSK_WITH_AES_128_GCM_SHA256],
        psk: { identity: "a", key: new Uint8Array(32) },
        ocsp: ocsp.require,
      },
    ],
  ] as const)("%s", async (_, options) => {
    expect(await configuring(options)).toMatchObject({
      fault: "configuration",
      message: expect.stringMatching(/ocsp/),
    });
  });

  test.each([
    ["a response that cannot be read", { ocspResponse: Uint8Array.of(1) }, /cannot be read/],
    ["a response about another certificate", { ocspResponse: response({ of: other }) }, /not about the certificate/],
    ["a response that no peer takes", { ocspResponse: new Uint8Array(maxOcspResponse + 1) }, /bytes/],
    ["timestamps that are none", { signedCertificateTimestamps: Uint8Array.of(0, 0) }, /signed_certificate_timestamp/],
  ])("%s", (_, more, reason) => {
    expect(() => serverHandshakeConfig({ provider: nodeCrypto, credentials: [own(leaf, more)] })).toThrow(reason);
  });
});

describe("CertificateStatus on the wire", () => {
  const pki = { ca: "", server: own(leaf, { ocspResponse: good }), rsa: own(leaf), client: own(leaf) };
  const client = { ...asked, ocsp: ocsp.request };
  const none = { clientAuth: "none", ca: undefined } as const;
  const is = (unit: Unit, name: string): boolean => unit.from === "server" && unit.name === name;
  const via = (middle: (unit: Unit) => Uint8Array, options: Partial<ConnectOptions> = client) =>
    handshakeThrough(pki, middle, {
      client: { credentials: undefined, ...asked, ...options } as ConnectOptions,
      server: none,
    });

  it("may stay away though the server said that it may come", async () => {
    const { client: error, server } = await via((unit) =>
      is(unit, "certificate_status") ? new Uint8Array(0) : unit.wire,
    );
    // The client went on. The transcripts differ then, and with them the keys, which is all that is wrong.
    expect(server).toMatchObject({ code: "bad_record_mac", by: "us" });
    expect(error).toMatchObject({ code: "bad_record_mac", by: "peer" });
  });

  it("that nobody asked for is unexpected", async () => {
    const { client: error } = await via(
      (unit) =>
        is(unit, "server_key_exchange") ? concat(record(22, message(22, fromHex("0100000101"))), unit.wire) : unit.wire,
      {},
    );
    expect(error).toMatchObject({ code: "unexpected_message", alert: "unexpected_message", by: "us" });
  });

  it("comes once, and behind Certificate", async () => {
    const twice = await via((unit) => (is(unit, "certificate_status") ? concat(unit.wire, unit.wire) : unit.wire));
    expect(twice.client).toMatchObject({ code: "unexpected_message", by: "us" });
    let held: Uint8Array = new Uint8Array(0);
    const before = await via((unit) => {
      if (is(unit, "certificate")) {
        held = unit.wire;
        return new Uint8Array(0);
      }
      return is(unit, "certificate_status") ? concat(unit.wire, held) : unit.wire;
    });
    expect(before.client).toMatchObject({ code: "unexpected_message", by: "us" });
  });

  test.each([
    ["empty", "01000000"],
    ["of another type", "0200000101"],
    ["with something behind it", "010000010100"],
    ["cut off", "0100000201"],
    ["without a length", "01"],
  ])("%s: decode_error", async (_, body) => {
    const { client: error } = await via((unit) =>
      is(unit, "certificate_status") ? record(22, message(22, fromHex(body))) : unit.wire,
    );
    expect(error).toMatchObject({ alert: "decode_error", by: "us" });
  });
});

describe("status_request and signed_certificate_timestamp in a hello", () => {
  /** Puts `data` into the extension `type` of a hello of one side, adding it where it is not there. */
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
  const credential = own(leaf, { ocspResponse: good, signedCertificateTimestamps: timestamps });
  const pki = { ca: "", server: credential, rsa: credential, client: credential };
  const via = (from: "client" | "server", type: number, data: string, options: Partial<ConnectOptions> = {}) =>
    handshakeThrough(pki, withExtension(from, type, data), {
      client: { ...asked, credentials: undefined, ...options } as ConnectOptions,
      server: { clientAuth: "none", ca: undefined },
    });

  test.each([
    [5, ""],
    [5, "01"],
    [5, "010000"],
    [5, "0100020000" + "0000"],
    [5, "010000000000"],
    [18, "00"],
  ])("malformed, %i with 0x%s: the server refuses it", async (type, data) => {
    expect((await via("client", type, data)).server).toMatchObject({ alert: "decode_error", by: "us" });
  });

  it("another type of status is not for us", async () => {
    const { server } = await via("client", 5, "02ffff");
    // Past the hello: it is by its keys that the change is found.
    expect(server).toMatchObject({ code: "bad_record_mac" });
  });

  test.each([
    [5, "00", { ocsp: ocsp.request }],
    [18, "", { signedCertificateTimestamps: true }],
    [18, "0000", { signedCertificateTimestamps: true }],
    [18, "00020000", { signedCertificateTimestamps: true }],
    [18, "0003000101ff", { signedCertificateTimestamps: true }],
  ])("malformed answer, %i with 0x%s: the client refuses it", async (type, data, options) => {
    expect((await via("server", type, data, options)).client).toMatchObject({ alert: "decode_error", by: "us" });
  });

  test.each([
    [5, ""],
    [18, "00030001ff"],
  ])("an answer that nobody asked for, %i: unsupported_extension", async (type, data) => {
    expect((await via("server", type, data)).client).toMatchObject({ alert: "unsupported_extension", by: "us" });
  });
});

describe("signed certificate timestamps", () => {
  const credential = own(leaf, { signedCertificateTimestamps: timestamps });
  it("come as they are to a client that asks", async () => {
    const { client } = await ends(credential, { signedCertificateTimestamps: true });
    expect(sessionOf(client).signedCertificateTimestamps).toEqual(timestamps);
  });
  it("do not come to one that does not, or where there are none", async () => {
    expect(sessionOf((await ends(credential)).client).signedCertificateTimestamps).toBeUndefined();
    const without = (await ends(own(leaf), { signedCertificateTimestamps: true })).client;
    expect(sessionOf(without).signedCertificateTimestamps).toBeUndefined();
  });
});
