/** The framework of extensions: what a half returns stands in its slot, and nowhere else. */

import { TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 as suite, TlsError } from "@handclasp/core";
import { configurationError } from "@handclasp/core/unstable";

import type { SuiteRow } from "@handclasp/core/unstable/engine";
import { describe, expect, test } from "vitest";
import type { ClientConfig, ServerConfig } from "../../../src/handshake/config.ts";
import {
  acceptExtensions,
  answerExtensions,
  type ClientExtensions,
  offerExtensions,
  readOffer,
  type ServerExtensions,
} from "../../../src/handshake/extensions/extension.ts";

const client = {} as ClientConfig;
const server = {} as ServerConfig;
const settled = { suite: suite as SuiteRow, resumed: false };
const data = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);

describe("a client's list", () => {
  const list: ClientExtensions = {
    maxFragmentLength: {
      id: 1,
      name: "first",
      offer: () => data(1),
      accept: (answer, { alpn }) => (answer[0] ?? 0) + (alpn?.length ?? 100),
    },
    alpn: { id: 2, name: "second", offer: () => data(2), accept: (answer) => "a".repeat(answer.length) },
    encryptThenMac: { id: 3, name: "third", offer: () => undefined, accept: () => true },
  };

  test("is offered in its order, what has no data left out", () => {
    expect(offerExtensions(list, client, undefined)).toEqual([
      { type: 1, data: data(1) },
      { type: 2, data: data(2) },
    ]);
  });

  test("each answer settles its slot, in the order of the answers, and changes nothing else", () => {
    const offered = offerExtensions(list, client, undefined);
    const answers = [
      { type: 2, data: data(0, 0) },
      { type: 1, data: data(5) },
    ];
    expect(acceptExtensions(list, offered, answers, settled, client)).toEqual({
      ...settled,
      alpn: "aa",
      maxFragmentLength: 7,
    });
    expect(settled).toEqual({ suite, resumed: false });
    expect(acceptExtensions(list, offered, undefined, settled, client)).toEqual(settled);
  });

  test("an answer to what was not offered is refused, known or not", () => {
    const offered = offerExtensions(list, client, undefined);
    for (const type of [3, 4])
      expect(() => acceptExtensions(list, offered, [{ type, data: data() }], settled, client)).toThrow(
        expect.objectContaining({ alert: "unsupported_extension" }),
      );
  });
});

describe("a server's list", () => {
  const list: ServerExtensions = {
    recordSizeLimit: { id: 1, name: "first", read: (bytes) => bytes.length },
    maxFragmentLength: {
      id: 2,
      name: "second",
      read: (bytes, _, { recordSizeLimit }) => (recordSizeLimit === undefined ? bytes.length : undefined),
      answer: (agreed) => ({ data: data(agreed), agreed }),
    },
    extendedMasterSecret: {
      id: 3,
      name: "third",
      read: () => true,
      answer: (_, { agreement }) => (agreement.maxFragmentLength ? { data: data(), agreed: true } : undefined),
      absent: () => {
        throw configurationError("absent", "sent");
      },
    },
  };
  const sent = (...types: number[]) => types.map((type) => ({ type, data: data(9, 9) }));

  test("each offer stands in its slot; what is unknown, or reads as nothing, stands nowhere", () => {
    expect(readOffer(list, sent(2, 77), server)).toEqual({ maxFragmentLength: 2 });
    expect(readOffer(list, sent(2, 1), server)).toEqual({ recordSizeLimit: 2, maxFragmentLength: undefined });
    expect(readOffer(list, undefined, server)).toEqual({});
    expect(() => readOffer(list, sent(2, 2), server)).toThrow(TlsError);
  });

  test("answers see what those before them settled; without an answer there is no block", () => {
    const answer = (...types: number[]) =>
      answerExtensions(list, { offer: readOffer(list, sent(...types), server), agreement: settled, config: server });
    expect(answer(2, 3)).toEqual({
      agreement: { ...settled, maxFragmentLength: 2, extendedMasterSecret: true },
      extensions: [
        { type: 2, data: data(2) },
        { type: 3, data: data() },
      ],
    });
    expect(answer(1, 2, 3)).toEqual({ agreement: settled, extensions: undefined });
  });

  test("what was not sent is not answered, and may be insisted on", () => {
    expect(() => answerExtensions(list, { offer: {}, agreement: settled, config: server })).toThrow("absent");
  });
});
