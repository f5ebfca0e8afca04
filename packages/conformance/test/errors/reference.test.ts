/** docs/errors.md, its table, and what the sources make: one of them alone cannot change. */
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

const made = sources.flatMap(constructionsIn);
const rows: ReadonlyMap<string, ErrorRow> = new Map(Object.entries(errorRows));
const isAlert = (code: string): code is AlertDescription => code in alertDescriptions;
const ours = made.filter(({ by }) => by === "us");
const text = sources.map((source) => source.text).join("\n");

/** What the sources make under this code, and the table has not. */
function unsaid({ path, codes = [], alerts, fault }: Construction): string[] {
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

describe("what the sources make", () => {
  test("has its code, alert and fault in the table", () => {
    expect(made.length).toBeGreaterThan(150);
    expect(made.flatMap(unsaid)).toEqual([]);
  });

  test("and what it has not is found out", () => {
    const inText = (call: string): string[] =>
      constructionsIn({ path: "a.ts", text: `throw ${call};` }).flatMap(unsaid);
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

describe("the table", () => {
  test("has no code that nobody gives", () => {
    const idle = [...rows.keys()].filter((code) => !isAlert(code) && !text.includes(`"${code}"`));
    expect(idle).toEqual([]);
  });

  test("has no alert that nobody sends", () => {
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
    // `abort` is given its alert.
    expect(idle).toEqual(["aborted: user_canceled"]);
  });

  test("has the alerts of certificates", () => {
    const codes = Object.keys(certificateRows) as CertificateFault[];
    for (const code of codes)
      expect([code, certificateRows[code].alerts]).toEqual([
        code,
        expect.arrayContaining([new CertificateError(code, "no").alert]),
      ]);
  });

  test("says something of each code", () => {
    const empty = [...rows].filter(([, row]) => ![row.means, row.remedy, row.example].every((words) => words.trim()));
    expect(empty).toEqual([]);
  });
});

test("a code that is in no union does not compile", () => {
  // @ts-expect-error -- no code of ours
  const code: TlsErrorCode = "nonsense";
  // @ts-expect-error -- no code of ours
  expect(new TlsError(undefined, "no", { code: "nonsense" }).code).toBe(code);
});

test("docs/errors.md says what the table says", () => {
  const path = fileURLToPath(new URL("../../../../docs/errors.md", import.meta.url));
  if (process.env.HANDCLASP_ERRORS === "write") writeFileSync(path, reference());
  expect(readFileSync(path, "utf8")).toBe(reference());
});
