/** The framework of extensions: the value that an extension returns is stored in that extension's slot only. */

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
const agreement = { suite: suite as SuiteRow, resumed: false };
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

  test("is offered in its order, without the extensions that have no data", () => {
    expect(offerExtensions(list, client, undefined)).toEqual([
      { type: 1, data: data(1) },
      { type: 2, data: data(2) },
    ]);
  });

  test("each answer sets its slot, in the order of the answers, and changes nothing else", () => {
    const offered = offerExtensions(list, client, undefined);
    const answers = [
      { type: 2, data: data(0, 0) },
      { type: 1, data: data(5) },
    ];
    expect(acceptExtensions(list, offered, answers, agreement, client)).toEqual({
      ...agreement,
      alpn: "aa",
      maxFragmentLength: 7,
    });
    expect(agreement).toEqual({ suite, resumed: false });
    expect(acceptExtensions(list, offered, undefined, agreement, client)).toEqual(agreement);
  });

  test("an answer to an extension that was not offered is refused, known or not", () => {
    const offered = offerExtensions(list, client, undefined);
    for (const type of [3, 4])
      expect(() => acceptExtensions(list, offered, [{ type, data: data() }], agreement, client)).toThrow(
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

  test("each offer is stored in its slot unless it is unknown or `read` ignores it; a repeated one is refused", () => {
    expect(readOffer(list, sent(2, 77), server)).toEqual({ maxFragmentLength: 2 });
    expect(readOffer(list, sent(2, 1), server)).toEqual({ recordSizeLimit: 2, maxFragmentLength: undefined });
    expect(readOffer(list, undefined, server)).toEqual({});
    expect(() => readOffer(list, sent(2, 2), server)).toThrow(TlsError);
  });

  test("each answer sees what earlier answers agreed on; without an answer there is no extensions block", () => {
    const answer = (...types: number[]) =>
      answerExtensions(list, { offer: readOffer(list, sent(...types), server), agreement, config: server });
    expect(answer(2, 3)).toEqual({
      agreement: { ...agreement, maxFragmentLength: 2, extendedMasterSecret: true },
      extensions: [
        { type: 2, data: data(2) },
        { type: 3, data: data() },
      ],
    });
    expect(answer(1, 2, 3)).toEqual({ agreement, extensions: undefined });
  });

  test("a missing extension is an error if it is required", () => {
    expect(() => answerExtensions(list, { offer: {}, agreement, config: server })).toThrow("absent");
  });
});
