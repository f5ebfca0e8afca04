/**
 * The form of a demand of an RFC, in our words, and of where it is obeyed.
 * @module
 */

/** What becomes of a demand: it is obeyed here; it does not apply to us; we do otherwise. */
export type Verdict = "obeyed" | "does not apply" | "not as written";

export type Role = "client" | "server";

/** What obeys a demand, and what holds it. */
export interface Held {
  /** `file#symbol`, the file under packages/core/src. */
  readonly code: readonly string[];
  /** `file: describe > title`, the file under packages/core/test, or from the root where it begins with `packages/`. */
  readonly tests: readonly string[];
}

export interface Statement extends Held {
  /** Number of a section, or several, or a range: `"7.4.1.2"`, `"3.5, 3.7"`, `"F.1.1.3"`. */
  readonly section: string;
  readonly demand: string;
  readonly verdict: Verdict;
  /** Whom the demand binds, each with code and tests of its own; absent where the words of the demand say it, or where the code is the same for both. */
  readonly sides?: Readonly<Partial<Record<Role, Held>>>;
  /** Why it does not apply, why we do otherwise, or why no test can tell. */
  readonly reason?: string;
}

/** What one RFC demands, in the order of its sections. */
export interface Rfc {
  readonly number: number;
  readonly title: string;
  readonly statements: readonly Statement[];
}

type Some = string | readonly string[];
type Answer = Omit<Statement, "section" | "demand">;
/** A section, what it demands, and what becomes of it. */
export type Row = readonly [section: string, demand: string, answer: Answer];

const all = (some: Some): readonly string[] => (typeof some === "string" ? [some] : some);

/** Obeyed there, and held by these tests. */
export const by = (code: Some, tests: Some): Answer => ({ verdict: "obeyed", code: all(code), tests: all(tests) });

const oneSided = (role: Role, code: Some, tests: Some): Answer => {
  const answer = by(code, tests);
  return { ...answer, sides: { [role]: answer } };
};
/** The demand binds clients alone, though its words name servers or nobody. */
export const ofClient = (code: Some, tests: Some): Answer => oneSided("client", code, tests);
/** The demand binds servers alone, though its words name clients or nobody. */
export const ofServer = (code: Some, tests: Some): Answer => oneSided("server", code, tests);

/** The demand binds both roles, and each obeys it in code of its own. */
export const both = (sides: Readonly<Record<Role, Held>>): Answer => {
  const { client, server } = sides;
  const merged = (key: keyof Held): readonly string[] => [...new Set([...client[key], ...server[key]])];
  return { verdict: "obeyed", code: merged("code"), tests: merged("tests"), sides };
};

/** Obeyed there, and no test can tell. */
export const untested = (code: Some, reason: string): Answer => ({
  verdict: "obeyed",
  code: all(code),
  tests: [],
  reason,
});

/** Nothing of ours could obey it. */
export const not = (reason: string): Answer => ({ verdict: "does not apply", code: [], tests: [], reason });

/** We do otherwise, and why. */
export const otherwise = (reason: string, code: Some = [], tests: Some = []): Answer => ({
  verdict: "not as written",
  code: all(code),
  tests: all(tests),
  reason,
});

export const rfc = (number: number, title: string, rows: readonly Row[]): Rfc => ({
  number,
  title,
  statements: rows.map(([section, demand, answer]) => ({ section, demand, ...answer })),
});

/** Reasons that stand in many rows. */
export const noRenegotiation: Answer = not("we never renegotiate: see RFC 5746 §4.2 and §4.3 for how it is declined");
export const noSsl: Answer = not("we speak TLS 1.2 only");
export const noAnonymous: Answer = not("there is no anonymous suite here, and no static (EC)DH or DSS");
export const noCompression: Answer = not("the null method is the only one");
export const noDtls: Answer = not("we speak TLS, not DTLS");

/** Files of tests that many rows name. */
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
