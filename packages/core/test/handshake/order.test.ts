import { TlsError } from "@handclasp/core";
import { concat } from "@handclasp/core/unstable";

import { beforeAll, describe, expect, test } from "vitest";
import { virtualTime } from "../virtualTime.ts";
import {
  expectTyped,
  fullSequence,
  handshakeThrough,
  issuePki,
  type Label,
  message,
  type Outcome,
  type Pki,
  record,
  resumedSequence,
  resumptionOptions,
  type Unit,
} from "./mitm.ts";

virtualTime();

let pki: Pki;
beforeAll(async () => {
  pki = await issuePki();
});

const label = (unit: Unit): string => `${unit.from} ${unit.name}`;
const noBytes = new Uint8Array(0);
/** A unit and its copy. The copy's record has version 3.3, even if the original, a first ClientHello, has another. */
const twice = ({ wire }: Unit): Uint8Array => concat(wire, record(wire[0] as number, wire.subarray(5)));

/** The code of the error that one side raised. Both sides must have failed. */
function raised({ client, server }: Outcome): string {
  expectTyped(client, "the client");
  expectTyped(server, "the server");
  const raisedErrors = [client, server].filter(
    (error) => error.by === "us" && error.alert !== undefined && error.code !== "closed_during_handshake",
  );
  expect(raisedErrors.length, `${client.message} / ${server.message}`).toBeGreaterThan(0);
  return raisedErrors[0]?.code as string;
}

describe("the handshake fails", () => {
  // No message that could be unexpected follows these, so the other side waits until its timeout.
  const last: readonly Label[] = ["client client_hello", "server server_hello_done", "client finished"];
  test.concurrent.each(fullSequence)("without %s", async (one) => {
    const outcome = await handshakeThrough(pki, (unit) => (label(unit) === one ? noBytes : unit.wire));
    // Without the server's Finished, its next record has a sequence number that the client does not expect.
    const wanted = last.includes(one)
      ? "handshake_timeout"
      : one === "server finished"
        ? "bad_record_mac"
        : "unexpected_message";
    expect(raised(outcome)).toBe(wanted);
    expect(outcome.established).not.toContain("client");
  });
});

describe("the handshake fails with", () => {
  // After ChangeCipherSpec, a copy is a record with the wrong keys or the wrong sequence number.
  const encrypted: readonly Label[] = [
    "client change_cipher_spec",
    "client finished",
    "server change_cipher_spec",
    "server finished",
  ];
  test.concurrent.each(fullSequence)("%s sent twice", async (one) => {
    const outcome = await handshakeThrough(pki, (unit) => (label(unit) === one ? twice(unit) : unit.wire));
    expect(raised(outcome)).toBe(encrypted.includes(one) ? "bad_record_mac" : "unexpected_message");
  });
});

describe("a resumed handshake", () => {
  test("succeeds unaltered, in the order of RFC 5077 figure 2", async () => {
    const units: string[] = [];
    const outcome = await handshakeThrough(
      pki,
      (unit) => {
        units.push(label(unit));
        return unit.wire;
      },
      await resumptionOptions(pki),
    );
    expect(outcome).toMatchObject({ client: undefined, server: undefined });
    expect(units.filter((unit) => !unit.endsWith(" alert"))).toEqual(resumedSequence);
  });
  // No message that could be unexpected follows these, or the next record has too high a sequence number.
  const wanted: Readonly<Record<string, string>> = {
    "client client_hello": "handshake_timeout",
    "server finished": "handshake_timeout",
    "client finished": "bad_record_mac",
  };
  test.concurrent.each(resumedSequence)("fails without %s", async (one) => {
    const outcome = await handshakeThrough(
      pki,
      (unit) => (label(unit) === one ? noBytes : unit.wire),
      await resumptionOptions(pki),
    );
    expect(raised(outcome)).toBe(wanted[one] ?? "unexpected_message");
    expect(outcome.established).not.toContain("server");
  });
  test.concurrent.each(resumedSequence)("fails with %s sent twice", async (one) => {
    const outcome = await handshakeThrough(
      pki,
      (unit) => (label(unit) === one ? twice(unit) : unit.wire),
      await resumptionOptions(pki),
    );
    expect(["unexpected_message", "bad_record_mac"]).toContain(raised(outcome));
  });
});

describe("HelloRequest before the server's ChangeCipherSpec", () => {
  const helloRequest = record(22, message(0));
  const before = (count: number) => (unit: Unit) =>
    label(unit) === "server change_cipher_spec"
      ? concat(...Array.from({ length: count }, () => helloRequest), unit.wire)
      : unit.wire;
  test.each(["full", "resumed"])(
    "is skipped up to four times (%s handshake), and the fifth is refused",
    async (kind) => {
      const options = kind === "full" ? {} : await resumptionOptions(pki);
      expect(await handshakeThrough(pki, before(4), options)).toMatchObject({ client: undefined, server: undefined });
      expect(raised(await handshakeThrough(pki, before(5), options))).toBe("unexpected_message");
    },
  );
  test("is refused if it is incomplete", async () => {
    const outcome = await handshakeThrough(pki, (unit) =>
      label(unit) === "server change_cipher_spec" ? concat(record(22, Uint8Array.of(0)), unit.wire) : unit.wire,
    );
    expect(outcome.client).toMatchObject({ alert: "unexpected_message", by: "us" });
  });
});

describe("two messages in the wrong order", () => {
  const pairs = fullSequence.flatMap((one, i) => {
    const next = fullSequence[i + 1];
    return next && next.slice(0, 6) === one.slice(0, 6) ? [[one, next] as const] : [];
  });
  test.concurrent.each(pairs)("%s after %s is refused", async (first, second) => {
    let delayed: Uint8Array = noBytes;
    const outcome = await handshakeThrough(pki, (unit) => {
      if (label(unit) === first) {
        delayed = unit.wire;
        return noBytes;
      }
      return label(unit) === second ? concat(unit.wire, delayed) : unit.wire;
    });
    expect(raised(outcome)).toBe("unexpected_message");
  });
});

describe("HelloRequest during a handshake", () => {
  const helloRequest = record(22, message(0));
  test.concurrent.each(
    fullSequence.filter(
      (one) => one.startsWith("server") && one !== "server finished" && one !== "server change_cipher_spec",
    ),
  )("before %s is skipped, and does not enter the transcript", async (one) => {
    const outcome = await handshakeThrough(pki, (unit) =>
      label(unit) === one ? concat(helloRequest, unit.wire) : unit.wire,
    );
    expect(outcome).toMatchObject({ client: undefined, server: undefined });
  });
  test("is skipped up to four times, and the fifth is refused", async () => {
    const before = (count: number) => (unit: Unit) =>
      label(unit) === "server server_hello"
        ? concat(...Array.from({ length: count }, () => helloRequest), unit.wire)
        : unit.wire;
    expect(await handshakeThrough(pki, before(4))).toMatchObject({ client: undefined, server: undefined });
    expect(raised(await handshakeThrough(pki, before(5)))).toBe("unexpected_message");
  });
  test("is refused by a server", async () => {
    const outcome = await handshakeThrough(pki, (unit) =>
      label(unit) === "client certificate" ? concat(helloRequest, unit.wire) : unit.wire,
    );
    expect(outcome.server).toMatchObject({ alert: "unexpected_message", by: "us" });
  });
});

describe("in the last record of a flight", () => {
  const appended = (one: Label, more: Uint8Array) => (unit: Unit) =>
    label(unit) === one ? record(22, concat(unit.wire.subarray(5), more)) : unit.wire;
  test.concurrent.each([
    ["client client_hello", "server", "part of a message", Uint8Array.of(20, 0)],
    ["client client_hello", "server", "a whole message", message(16, new Uint8Array(33))],
    ["server server_hello_done", "client", "part of a message", Uint8Array.of(4, 0)],
    ["server server_hello_done", "client", "a whole message", message(4, new Uint8Array(6))],
    ["server server_hello_done", "client", "a HelloRequest with a body", message(0, Uint8Array.of(1))],
  ] as const)("after %s, the %s refuses %s", async (one, refuser, _, more) => {
    const outcome = await handshakeThrough(pki, appended(one, more));
    expect(outcome[refuser]).toMatchObject({ code: "excess_handshake_data", alert: "unexpected_message", by: "us" });
  });
  test("a HelloRequest is skipped", async () => {
    const outcome = await handshakeThrough(pki, appended("server server_hello_done", message(0)));
    expect(outcome).toMatchObject({ client: undefined, server: undefined });
  });
});

describe("ChangeCipherSpec", () => {
  test("is refused after a fragment of a message", async () => {
    const outcome = await handshakeThrough(pki, (unit) =>
      label(unit) === "client certificate_verify"
        ? record(22, concat(unit.wire.subarray(5), Uint8Array.of(20, 0)))
        : unit.wire,
    );
    expect(outcome.server).toMatchObject({ code: "excess_handshake_data", alert: "unexpected_message", by: "us" });
    expect(outcome.client).toMatchObject({ alert: "unexpected_message", by: "peer" });
  });
  test("must not follow an unexpected message", async () => {
    const outcome = await handshakeThrough(pki, (unit) =>
      label(unit) === "client change_cipher_spec" ? concat(record(22, message(14)), unit.wire) : unit.wire,
    );
    expect(outcome.server).toMatchObject({ alert: "unexpected_message", by: "us" });
  });
  test("must not be followed by a plaintext record", async () => {
    const outcome = await handshakeThrough(pki, (unit) =>
      label(unit) === "client finished" ? record(22, message(20, new Uint8Array(12))) : unit.wire,
    );
    expect(outcome.server).toMatchObject({ alert: "bad_record_mac", by: "us" });
    expect(outcome.client).toMatchObject({ alert: "bad_record_mac", by: "peer" });
  });
  test.each([[noBytes], [Uint8Array.of(1, 1)], [Uint8Array.of(0)]])(
    "with the content %j is refused",
    async (content) => {
      const outcome = await handshakeThrough(pki, (unit) =>
        label(unit) === "client change_cipher_spec" ? record(20, content) : unit.wire,
      );
      expect(outcome.server).toMatchObject({ alert: "decode_error", by: "us" });
    },
  );
  test("is refused before the key exchange", async () => {
    const outcome = await handshakeThrough(pki, (unit) =>
      label(unit) === "client certificate" ? concat(record(20, Uint8Array.of(1)), unit.wire) : unit.wire,
    );
    expect(outcome.server).toMatchObject({ alert: "unexpected_message", by: "us" });
  });
});

describe("application data during a handshake", () => {
  test.each(["server certificate", "client client_key_exchange"])("before %s is refused", async (one) => {
    const outcome = await handshakeThrough(pki, (unit) =>
      label(unit) === one ? concat(record(23, Uint8Array.of(1)), unit.wire) : unit.wire,
    );
    expect(raised(outcome)).toBe("unexpected_message");
  });
});

describe("signatures", () => {
  const altered = (one: Label, at: (body: Uint8Array) => number) => (unit: Unit) => {
    if (label(unit) !== one) return unit.wire;
    const wire = unit.wire.slice();
    const index = 9 + at(unit.body);
    wire[index] = (wire[index] as number) ^ 1;
    return wire;
  };
  test.each([
    ["its last byte", (body: Uint8Array) => body.length - 1],
    ["the signed public key", () => 10],
  ] as const)("in the server's key exchange, with %s altered, are refused by the client at once", async (_, at) => {
    const outcome = await handshakeThrough(pki, altered("server server_key_exchange", at));
    expect(outcome.client).toMatchObject({ code: "bad_signature", alert: "decrypt_error", by: "us" });
    expect(outcome.server).toMatchObject({ alert: "decrypt_error", by: "peer" });
  });
  test("in the client's CertificateVerify, with the last byte altered, are refused by the server at once", async () => {
    const outcome = await handshakeThrough(
      pki,
      altered("client certificate_verify", (body) => body.length - 1),
    );
    expect(outcome.server).toMatchObject({ code: "bad_signature", alert: "decrypt_error", by: "us" });
    expect(outcome.client).toMatchObject({ alert: "decrypt_error", by: "peer" });
  });
});

describe("fragmented messages", () => {
  test("do not prevent the handshake", async () => {
    const cut = (unit: Unit): Uint8Array => {
      const type = unit.wire[0] as number;
      if (type !== 22 || unit.name === "finished") return unit.wire;
      const content = unit.wire.subarray(5);
      const pieces = [content.subarray(0, 1), content.subarray(1, 4), content.subarray(4)];
      return concat(...pieces.filter((piece) => piece.length).map((piece) => record(22, piece)));
    };
    expect(await handshakeThrough(pki, cut)).toMatchObject({ client: undefined, server: undefined });
  });
  test("a message that is too long is refused as soon as its header is read", async () => {
    const huge = record(22, Uint8Array.of(2, 1, 0, 1));
    const outcome = await handshakeThrough(pki, (unit) => (label(unit) === "server server_hello" ? huge : unit.wire));
    expect(outcome.client).toMatchObject({ code: "excessive_message_size", alert: "illegal_parameter", by: "us" });
  });
  test("a Certificate may be longer than 64 KiB", async () => {
    const header = record(22, Uint8Array.of(11, 1, 0, 1));
    const outcome = await handshakeThrough(pki, (unit) =>
      label(unit) === "server certificate" ? concat(header, record(20, Uint8Array.of(1))) : unit.wire,
    );
    expect(outcome.client).toMatchObject({ alert: "unexpected_message", by: "us" });
    expect((outcome.client as TlsError).code).not.toBe("excessive_message_size");
  });
});

describe("alerts during a handshake", () => {
  const alert = (level: number, code: number): Uint8Array => record(21, Uint8Array.of(level, code));
  const before = (wire: Uint8Array) => (unit: Unit) =>
    label(unit) === "server server_hello" ? concat(wire, unit.wire) : unit.wire;
  test("the handshake continues after a warning", async () => {
    expect(await handshakeThrough(pki, before(alert(1, 112)))).toMatchObject({ client: undefined, server: undefined });
  });
  test("four warnings in a row are skipped, and the fifth is refused", async () => {
    expect(await handshakeThrough(pki, before(concat(...Array.from({ length: 4 }, () => alert(1, 90)))))).toMatchObject(
      {
        client: undefined,
      },
    );
    const outcome = await handshakeThrough(pki, before(concat(...Array.from({ length: 5 }, () => alert(1, 90)))));
    expect(outcome.client).toMatchObject({ code: "too_many_warning_alerts", alert: "unexpected_message" });
  });
  test("a fatal alert ends the handshake, even one with an unknown number", async () => {
    expect((await handshakeThrough(pki, before(alert(2, 40)))).client).toMatchObject({
      alert: "handshake_failure",
      by: "peer",
    });
    expect((await handshakeThrough(pki, before(alert(2, 200)))).client).toMatchObject({
      code: "unknown_alert",
      by: "peer",
    });
  });
  test("close_notify ends the handshake too", async () => {
    expect((await handshakeThrough(pki, before(alert(1, 0)))).client).toMatchObject({
      code: "closed_during_handshake",
    });
  });
  test.each([
    [Uint8Array.of(), "decode_error"],
    [Uint8Array.of(3, 40), "illegal_parameter"],
    [Uint8Array.of(1, 90, 0, 0), "illegal_parameter"],
  ])("the malformed alert %j is refused with %s", async (content, answer) => {
    expect((await handshakeThrough(pki, before(record(21, content)))).client).toMatchObject({
      code: "bad_alert",
      alert: answer,
      by: "us",
    });
  });
});

describe("fragmented alerts (RFC 5246 §6.2.1)", () => {
  const before = (one: Label, wire: Uint8Array) => (unit: Unit) =>
    label(unit) === one ? concat(wire, unit.wire) : unit.wire;
  const pieces = (...contents: readonly (readonly number[])[]): Uint8Array =>
    concat(...contents.map((content) => record(21, Uint8Array.from(content))));
  test("an alert in two records, and several alerts in one record, are read", async () => {
    for (const wire of [pieces([1], [90]), pieces([1, 90, 1, 90]), pieces([1, 90, 1], [90, 1], [90])]) {
      const outcome = await handshakeThrough(pki, before("server server_hello", wire));
      expect(outcome).toMatchObject({ client: undefined, server: undefined });
    }
  });
  test.each([
    ["in two records", [[2], [40]]],
    ["after a warning", [[1, 90, 2, 40]]],
    ["before another alert", [[2, 40, 2, 80]]],
  ])("a fatal alert %s ends the handshake", async (_, contents) => {
    const { client } = await handshakeThrough(pki, before("server server_hello", pieces(...contents)));
    expect(client).toMatchObject({ alert: "handshake_failure", by: "peer" });
  });
  test("several warnings in one record count separately", async () => {
    const four = Array.from({ length: 4 }, () => [1, 90]).flat();
    const first = await handshakeThrough(pki, before("server server_hello", pieces(four)));
    expect(first.client).toBeUndefined();
    const { client } = await handshakeThrough(pki, before("server server_hello", pieces([...four, 1], [90])));
    expect(client).toMatchObject({ code: "too_many_warning_alerts", by: "us" });
  });
  test.each(["client change_cipher_spec", "server change_cipher_spec"] as const)(
    "half an alert before the %s is refused: the rest would be encrypted",
    async (one) => {
      const outcome = await handshakeThrough(pki, before(one, pieces([1])));
      expect(one.startsWith("client") ? outcome.server : outcome.client).toMatchObject({
        alert: "unexpected_message",
        code: "excess_alert_data",
        by: "us",
      });
    },
  );
});

describe("versions", () => {
  const versioned = (one: string, at: number, version: number) => (unit: Unit) => {
    if (label(unit) !== one) return unit.wire;
    const wire = unit.wire.slice();
    wire[at] = version >> 8;
    wire[at + 1] = version & 255;
    return wire;
  };
  test.each([0x0300, 0x0301, 0x0304, 0x03ff])("the first record may have version %i", async (version) => {
    expect(await handshakeThrough(pki, versioned("client client_hello", 1, version))).toMatchObject({
      client: undefined,
      server: undefined,
    });
  });
  test.each([0x0200, 0x0002, 0xfefd])("the first record may not have version %i", async (version) => {
    expect((await handshakeThrough(pki, versioned("client client_hello", 1, version))).server).toMatchObject({
      alert: "protocol_version",
      by: "us",
    });
  });
  test.each(["server certificate", "client client_key_exchange"])("%s must be in a record of TLS 1.2", async (one) => {
    expect(raised(await handshakeThrough(pki, versioned(one, 1, 0x0301)))).toBe("protocol_version");
  });
  test("a ClientHello with a version below TLS 1.2 is refused", async () => {
    expect((await handshakeThrough(pki, versioned("client client_hello", 9, 0x0302))).server).toMatchObject({
      alert: "protocol_version",
      by: "us",
    });
  });
  test("a ClientHello with a later version is answered with TLS 1.2; the signature reveals the change", async () => {
    expect(raised(await handshakeThrough(pki, versioned("client client_hello", 9, 0x0304)))).toBe("bad_signature");
  });
  test("a ServerHello with another version is refused", async () => {
    for (const version of [0x0302, 0x0304]) {
      const { client } = await handshakeThrough(pki, versioned("server server_hello", 9, version));
      expect(client).toMatchObject({ alert: "protocol_version", by: "us", advice: expect.stringContaining("TLS 1.2") });
      expect(TlsError.is(client)).toBe(true);
    }
  });
});

test("a server that sends an empty certificate list is refused", async () => {
  const outcome = await handshakeThrough(pki, (unit) =>
    label(unit) === "server certificate" ? record(22, message(11, new Uint8Array(3))) : unit.wire,
  );
  expect(outcome.client).toMatchObject({ alert: "decode_error", by: "us" });
  expect(outcome.server).toMatchObject({ alert: "decode_error", by: "peer" });
});
