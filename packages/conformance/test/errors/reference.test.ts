/**
 * Compares docs/errors.md, its tables and the errors that the sources construct, so that a change to one of them alone
 * fails.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type AlertDescription, alertDescriptions, TlsError, type TlsErrorCode } from "@handclasp/core";
import type { CertificateFault } from "@handclasp/core/x509";
import { describe, expect, test } from "vitest";
import { CertificateError } from "../../../core/src/x509/errors.ts";
import { certificateRows } from "../../src/errors/certificates.ts";
import { errorRows, reference } from "../../src/errors/reference.ts";
import type { ErrorRow } from "../../src/errors/row.ts";
import { type Construction, constructionsIn, sources } from "./constructions.ts";

const constructions = sources.flatMap(constructionsIn);
const rows: ReadonlyMap<string, ErrorRow> = new Map(Object.entries(errorRows));
const isAlert = (code: string): code is AlertDescription => code in alertDescriptions;
const ours = constructions.filter(({ by }) => by === "us");
const text = sources.map((source) => source.text).join("\n");

/** A message for each code, alert and fault of this error that the table lacks. */
function missingFromTable({ path, codes = [], alerts, fault }: Construction): string[] {
  return codes.flatMap((code) => {
    const row = rows.get(code);
    if (!row) return [`${path}: ${code} is not in the table`];
    const possible = alerts?.filter((alert) => !isAlert(code) || alert === code) ?? [];
    return [
      ...possible
        .filter((alert) => !row.alerts.some((one) => one === alert))
        .map((alert) => `${path}: ${code} is ${alert}`),
      ...(fault && !row.faults.some((one) => one === fault) ? [`${path}: ${code} is of fault ${fault}`] : []),
    ];
  });
}

describe("an error that the sources construct", () => {
  test("has a row in the table with its code, alert and fault", () => {
    expect(constructions.length).toBeGreaterThan(150);
    expect(constructions.flatMap(missingFromTable)).toEqual([]);
  });

  test("would fail that test if the table lacked its code, alert or fault", () => {
    const inText = (call: string): string[] =>
      constructionsIn({ path: "a.ts", text: `throw ${call};` }).flatMap(missingFromTable);
    expect(inText('new TlsError("decode_error", "no", { code: "nonsense" })')).toEqual([
      "a.ts: nonsense is not in the table",
    ]);
    expect(inText('new TlsError("decode_error", `a, (`, { cause: f(1, 2), code: "not_tls" })')).toEqual([
      "a.ts: not_tls is decode_error",
    ]);
    expect(inText('new TlsError(undefined, "no", { code: "closed" })')).toEqual(["a.ts: closed is of fault peer"]);
    expect(inText('transportError(x ? "closed" : "usage", "no")')).toEqual(["a.ts: usage is of fault transport"]);
    expect(inText('configurationError("a", undefined, "key_mismatch")')).toEqual([]);
  });
});

describe("the table of errors", () => {
  test("has only codes that the sources use", () => {
    const idle = [...rows.keys()].filter((code) => !isAlert(code) && !text.includes(`"${code}"`));
    expect(idle).toEqual([]);
  });

  test("has only alerts that the sources send", () => {
    const sent = new Set(
      ours.flatMap(({ codes = [], alerts = [] }) =>
        codes.flatMap((code) => alerts.map((alert) => `${code}: ${alert}`)),
      ),
    );
    const literal = new Set(ours.flatMap(({ codes = [] }) => codes));
    const idle = [...rows].flatMap(([code, { alerts }]) =>
      alerts
        .map((alert) => `${code}: ${alert}`)
        .filter((pair) => !sent.has(pair) && (isAlert(code) || (literal.has(code) && !(code in certificateRows)))),
    );
    // The caller of `abort` chooses its alert.
    expect(idle).toEqual(["aborted: user_canceled"]);
  });

  test("has the alert of each certificate error", () => {
    const codes = Object.keys(certificateRows) as CertificateFault[];
    for (const code of codes)
      expect([code, certificateRows[code].alerts]).toEqual([
        code,
        expect.arrayContaining([new CertificateError(code, "no").alert]),
      ]);
  });

  test("has a meaning, a remedy and an example for each code", () => {
    const empty = [...rows].filter(([, row]) => ![row.means, row.remedy, row.example].every((words) => words.trim()));
    expect(empty).toEqual([]);
  });
});

test("a code outside the unions does not compile", () => {
  // @ts-expect-error -- not a code of Handclasp
  const code: TlsErrorCode = "nonsense";
  // @ts-expect-error -- not a code of Handclasp
  expect(new TlsError(undefined, "no", { code: "nonsense" }).code).toBe(code);
});

test("docs/errors.md is generated from the tables", () => {
  const path = fileURLToPath(new URL("../../../../docs/errors.md", import.meta.url));
  if (process.env.HANDCLASP_ERRORS === "write") writeFileSync(path, reference());
  expect(readFileSync(path, "utf8")).toBe(reference());
});
