import { noble } from "@handclasp/core";
import { parsePemCertificates, toBase64 } from "@handclasp/core/unstable";

import { nodeCrypto } from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { judge, type LimboCase, readLimbo } from "../../src/x509/limbo.ts";
import { limboText } from "./corpus.ts";
import { limboSuite } from "./limboSuite.ts";

limboSuite(limboText(), [noble, nodeCrypto]);

describe("a small corpus", async () => {
  const ca = await testCa();
  const server = await ca.issue({ names: ["www.example.com"] });
  const certs = [ca.pem, server.cert].map((pem) => toBase64(parsePemCertificates(pem)[0]!));
  const good = {
    id: "good",
    tier: "must",
    kind: "SERVER",
    expect: "SUCCESS",
    roots: [0],
    ints: [],
    leaf: 1,
    name: { kind: "DNS", value: "www.example.com" },
  };
  const verdicts = async (changes: object) => {
    const corpus = readLimbo(JSON.stringify({ certs, testcases: [{ ...good, ...changes }] }));
    const all = await judge(corpus, corpus.cases[0] as LimboCase, noble);
    return all.map(({ got, right, reason }) => `${right ? "right" : "wrong"} ${got} ${reason.replace(/[:\n].*/s, "")}`);
  };

  test.each([
    ["no change", {}, "right SUCCESS"],
    ["the wrong expected verdict", { expect: "FAILURE" }, "wrong SUCCESS"],
    ["another name", { name: { kind: "DNS", value: "example.com" }, expect: "FAILURE" }, "right FAILURE name_mismatch"],
    ["no name", { name: null }, "right SUCCESS"],
    ["a mail address, which is not checked", { name: { kind: "RFC822", value: "a@example.com" } }, "right SUCCESS"],
    ["another purpose", { kind: "CLIENT", expect: "FAILURE" }, "right FAILURE extended_key_usage"],
    ["another purpose by name", { eku: ["codeSigning"], expect: "FAILURE" }, "right FAILURE extended_key_usage"],
    ["two purposes", { eku: ["serverAuth", "1.2.3"], expect: "FAILURE" }, "right FAILURE extended_key_usage"],
    ["only the purpose of the kind", { eku: [] }, "right SUCCESS"],
    ["a time long ago", { time: "2001-01-01T00:00:00Z", expect: "FAILURE" }, "right FAILURE not_yet_valid"],
    ["the leaf as a CA", { roots: [1], leaf: 0, expect: "FAILURE", name: null }, "right FAILURE unknown_issuer"],
    ["an index beyond the list of certificates", { leaf: 2, expect: "FAILURE" }, "wrong ERROR RangeError"],
    ["an invalid time", { time: "soon", expect: "FAILURE" }, "wrong ERROR TypeError"],
    ["an unknown kind", { kind: "PEER", expect: "FAILURE" }, "wrong ERROR TypeError"],
  ])("a case with %s (%j) has the verdict: %s", async (_, changes, expected) => {
    expect(await verdicts(changes)).toEqual([expect.stringMatching(new RegExp(`^${expected}`))]);
  });

  test("a case with alsoWithoutName also runs without its name", async () => {
    const hidden = { name: { kind: "DNS", value: "other.example" }, expect: "FAILURE", alsoWithoutName: true };
    expect(await verdicts(hidden)).toEqual(["right FAILURE name_mismatch", expect.stringMatching(/^wrong SUCCESS/)]);
  });

  test.each([
    ["{", "not JSON"],
    ["null", "expected an object"],
    ['{"certs": []}', "expected an object"],
    ['{"certs": ["*"], "testcases": []}', "certs[0]"],
  ])("%s is not a corpus", (text, message) => expect(() => readLimbo(text)).toThrow(message));
});
