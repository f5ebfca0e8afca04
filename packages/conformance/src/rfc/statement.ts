/**
 * The types and constructors of the rows: an RFC's demand in our words, the code that obeys it, and its tests.
 * @module
 */

/** Handclasp obeys a demand, the demand does not apply to it, or Handclasp deviates from it. */
export type Verdict = "obeyed" | "does not apply" | "deviates";

export type Role = "client" | "server";

/** The code that obeys a demand, and the tests that fail if the code no longer obeys it. */
export interface Evidence {
  /** `file#symbol`, the file under packages/core/src. */
  readonly code: readonly string[];
  /**
   * `file: describe > title`. The file is under packages/core/test, or relative to the root of the repository if it
   * begins with `packages/`.
   */
  readonly tests: readonly string[];
}

export interface Statement extends Evidence {
  /** The number of a section, or of several: `"7.4.1.2"`, `"3.5, 3.7"`, `"F.1.1.3"`. */
  readonly section: string;
  readonly demand: string;
  readonly verdict: Verdict;
  /**
   * The roles that the demand binds, each with its own code and tests. Absent if the text of the demand names the
   * role, or if the code is the same for both.
   */
  readonly sides?: Readonly<Partial<Record<Role, Evidence>>>;
  /** The reason why the demand does not apply, why Handclasp deviates from it, or why no test can check it. */
  readonly reason?: string;
}

/** The demands of one RFC, in the order of its sections. */
export interface Rfc {
  readonly number: number;
  readonly title: string;
  readonly statements: readonly Statement[];
}

type OneOrMore = string | readonly string[];
type Treatment = Omit<Statement, "section" | "demand">;
/** A section, its demand, and how Handclasp treats it. */
export type Row = readonly [section: string, demand: string, treatment: Treatment];

const toList = (value: OneOrMore): readonly string[] => (typeof value === "string" ? [value] : value);

/** This code obeys the demand, and these tests check it. */
export const obeyedBy = (code: OneOrMore, tests: OneOrMore): Treatment => ({
  verdict: "obeyed",
  code: toList(code),
  tests: toList(tests),
});

const oneRole = (role: Role, code: OneOrMore, tests: OneOrMore): Treatment => {
  const treatment = obeyedBy(code, tests);
  return { ...treatment, sides: { [role]: treatment } };
};
/** The demand binds only clients, although its text also names servers or names no role. */
export const clientOnly = (code: OneOrMore, tests: OneOrMore): Treatment => oneRole("client", code, tests);
/** The demand binds only servers, although its text also names clients or names no role. */
export const serverOnly = (code: OneOrMore, tests: OneOrMore): Treatment => oneRole("server", code, tests);

/** The demand binds both roles, and each role has its own code that obeys it. */
export const bothRoles = (sides: Readonly<Record<Role, Evidence>>): Treatment => {
  const { client, server } = sides;
  const merged = (key: keyof Evidence): readonly string[] => [...new Set([...client[key], ...server[key]])];
  return { verdict: "obeyed", code: merged("code"), tests: merged("tests"), sides };
};

/** This code obeys the demand, but no test can check it. */
export const untestable = (code: OneOrMore, reason: string): Treatment => ({
  verdict: "obeyed",
  code: toList(code),
  tests: [],
  reason,
});

/** The demand does not apply to Handclasp. */
export const doesNotApply = (reason: string): Treatment => ({ verdict: "does not apply", code: [], tests: [], reason });

/** Handclasp deviates from the demand, for this reason. */
export const deviates = (reason: string, code: OneOrMore = [], tests: OneOrMore = []): Treatment => ({
  verdict: "deviates",
  code: toList(code),
  tests: toList(tests),
  reason,
});

export const rfc = (number: number, title: string, rows: readonly Row[]): Rfc => ({
  number,
  title,
  statements: rows.map(([section, demand, treatment]) => ({ section, demand, ...treatment })),
});

/** Treatments that many rows share. */
export const noRenegotiation: Treatment = doesNotApply(
  "We never renegotiate. RFC 5746 §4.2 and §4.3 describe how we decline it.",
);
export const noSsl: Treatment = doesNotApply("We support only TLS 1.2.");
export const noAnonymous: Treatment = doesNotApply("We support no anonymous suites, no static (EC)DH and no DSS.");
export const noCompression: Treatment = doesNotApply("We support only the null compression method.");
export const noDtls: Treatment = doesNotApply("We support TLS, not DTLS.");

/** Test files that many rows cite. */
export const tests = {
  alpn: "handshake/extensions/alpn.test.ts",
  cbc: "record/cbc.test.ts",
  dhe: "handshake/dhe.test.ts",
  established: "engine/established.test.ts",
  etm: "handshake/extensions/encryptThenMac.test.ts",
  exporter: "handshake/exporter.test.ts",
  grease: "handshake/grease.test.ts",
  hello: "handshake/hello.test.ts",
  keyExchange: "handshake/keyExchange.test.ts",
  keyUsage: "handshake/keyUsage.test.ts",
  ocsp: "x509/ocsp.test.ts",
  order: "handshake/order.test.ts",
  points: "handshake/extensions/ecPointFormats.test.ts",
  reader: "record/reader.test.ts",
  required: "handshake/extensions/required.test.ts",
  resumed: "handshake/resumption.test.ts",
  resumedHostile: "handshake/resumptionHostile.test.ts",
  rsa: "crypto/rsa.test.ts",
  status: "handshake/statusRequest.test.ts",
  suite: "packages/testing/src/suites/coreSuite.ts",
  suites: "handshake/suites.test.ts",
  ticket: "handshake/extensions/sessionTicket.test.ts",
  writer: "record/writer.test.ts",
} as const;
